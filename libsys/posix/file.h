/* SPDX-License-Identifier: MIT */
/* Reading and writing of open files, whatever they are. */
#pragma once

#include "fd.h"

/* What the layer serves itself (POSIX_KIND_LOCAL) has the same three, by its `local`. */
struct posix_local {
    int64_t (*read)(void *local, uint64_t buffer, uint64_t size, bool nonblock);
    int64_t (*write)(void *local, uint64_t buffer, uint64_t size, bool nonblock);
    uint32_t (*ready)(void *local); /* poll's bits */
};

/* Linux's struct stat to the guest. */
QY_MUST_USE int64_t posix_stat_write(uint64_t ret_stat, const struct qy_file_stat *stat);

/* Opens a path: the session and what it is. Linux's O_ flags. 0 or the negative of an error. */
QY_MUST_USE int64_t posix_file_open(handle_t directory, const char *path, uint32_t open,
                                    uint32_t mode, handle_t *ret_file, uint32_t *ret_kind);

/* How it was opened allows it. */
bool posix_file_can_read(const struct posix_fd *fd);
bool posix_file_can_write(const struct posix_fd *fd);

/* ioctl's of terminals; -ENOTTY for others. */
int64_t posix_tty_ioctl(const struct posix_fd *fd, uint32_t request, uint64_t argument);
