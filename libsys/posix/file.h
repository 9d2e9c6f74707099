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

/* How it was opened allows it. */
bool posix_file_can_read(const struct posix_fd *fd);
bool posix_file_can_write(const struct posix_fd *fd);
