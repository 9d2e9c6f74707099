/* SPDX-License-Identifier: MIT */
/* Where a terminal stands in the file system: its server knows its number only. */
#pragma once

#include <stdbool.h>
#include "fd.h"

#define POSIX_TTY_PATH 24u

/* The path of a terminal (/dev/console, /dev/pts/N); false: it is none. */
bool posix_tty_path(const struct posix_fd *fd, char ret_path[POSIX_TTY_PATH]);

/* If the node of the terminal is there, what is known of that takes the place of *stat: so that
 * fstat and stat agree, as ttyname wants it. */
void posix_tty_stat(const struct posix_fd *fd, struct qy_file_stat *stat);
