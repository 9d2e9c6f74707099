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
