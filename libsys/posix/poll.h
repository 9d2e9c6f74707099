/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors. What one is ready for is asked of its server; if none is, the servers'
 * events are waited for, and all is asked again. Bits are those of file.ready, which are poll's.
 */
#pragma once

#include "fd.h"

struct posix_wanted {
    struct posix_fd fd;
    uint32_t events; /* 0: none, and it is not looked at */
    uint32_t ready;  /* of these, and error, hang-up and LINUX_POLLNVAL */
};

/* What it is ready for, whatever is wanted. */
uint32_t posix_fd_ready(const struct posix_fd *fd);

/* Waits until one is ready, or the deadline: how many are, or -EINTR, -ENOMEM. Those with
 * LINUX_POLLNVAL in `ready` count as ready. */
int64_t posix_poll_wait(struct posix_wanted *wanted, uint32_t count, time_ns_t deadline);

/* While the guest's mask at this address (0: none) is the thread's. To be ended with the result of
 * the wait, which posix_mask_end returns: after -EINTR handlers run with that mask still. */
QY_MUST_USE int64_t posix_mask_begin(uint64_t address, uint64_t size);
int64_t posix_mask_end(uint64_t address, int64_t result);

/* A struct timespec of the guest's (address 0: never), from now on. 0, -EFAULT or -EINVAL. */
QY_MUST_USE int64_t posix_timeout_get(uint64_t address, time_ns_t *ret_deadline);
