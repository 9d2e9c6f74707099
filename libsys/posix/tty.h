/* SPDX-License-Identifier: MIT */
/* Terminals: their ioctls, and where they stand in the file system, of which their server knows the
 * number only. */
#pragma once

#include <stdbool.h>
#include "fd.h"

#define POSIX_TTY_PATH 24u

/* Whether a call to the terminal of this open file is to be made again: its server died with the
 * call, and the next one will know the session. How often is init's to say, which gives up a server
 * that dies too often. */
bool posix_tty_is_to_repeat(const struct posix_fd *fd, int64_t status);

/* The path of a terminal (/dev/console, /dev/pts/N); false: it is none. */
bool posix_tty_path(const struct posix_fd *fd, char ret_path[POSIX_TTY_PATH]);

/* If the node of the terminal is there, what is known of that takes the place of *stat: so that
 * fstat and stat agree, as ttyname wants it. */
void posix_tty_stat(const struct posix_fd *fd, struct qy_file_stat *stat);

/* -ENOTTY if the descriptor is no terminal. */
int64_t posix_tty_ioctl(const struct posix_fd *fd, uint32_t request, uint64_t argument);
