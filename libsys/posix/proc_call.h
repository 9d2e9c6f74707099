/* SPDX-License-Identifier: MIT */
/* Calls to proc. */
#pragma once

#include <quay/syscall.h>
#include <stdbool.h>

#define POSIX_PROC_TRIES 3u

/* Whether a call that came to `status` is to be made again: it was taken back before proc had it,
 * because of a signal, which comes after this call; or proc died with it, and there is another
 * instance of it. `tries` is 0 at first. */
static inline bool posix_proc_again(int64_t status, uint32_t *tries)
{
    return status == -EINTR || (status == -EPEER_DIED && ++*tries < POSIX_PROC_TRIES);
}

/* The result of a function of `proc`, made again as long as that helps, as a Linux error. */
#define POSIX_PROC(function, ...)                                                                  \
    ({                                                                                             \
        uint32_t posix_proc_tries = 0;                                                             \
        int64_t posix_proc_status;                                                                 \
        do {                                                                                       \
            posix_proc_status = function(qy_process_page()->proc, __VA_ARGS__, DEADLINE_NEVER);    \
        } while (posix_proc_again(posix_proc_status, &posix_proc_tries));                          \
        posix_error(posix_proc_status);                                                            \
    })
