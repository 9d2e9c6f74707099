/* SPDX-License-Identifier: MIT */
/*
 * Futexes: threads sleep on a 32-bit word of user memory. The kernel knows nothing of a word that
 * nobody sleeps on.
 *
 * A word is known by the koid of its memory object and the offset in it, so processes that share
 * the memory meet at the same word wherever they mapped it. Sleepers stand in hashed buckets: each
 * bucket lists one leader per word, each leader the others behind it, first in first out. So a
 * crowd on one word costs the other words of its bucket one step.
 *
 * No wake-up is lost: the word is compared under the bucket's lock, and who changes it and then
 * wakes takes the same lock. The word is read without faulting; if its page is not there, the lock
 * is released, the page is touched like any user memory, and the call runs again.
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/compiler.h"
#include "lib/types.h"

/* Sleepers that one call wakes or moves at most. */
#define FUTEX_STEP_MAX 64u

/* Once at boot. */
void futex_init(void);

/* Ends of system calls of the current thread; all return its result. `word` lies in user space and
 * is a multiple of 4. May abandon the call to touch a page: call with nothing held. */

/* Sleeps while the word is `expected`: 0 when woken, -EAGAIN if it is another value, -ETIMEDOUT,
 * -EFAULT if nothing is mapped there. */
MUST_USE int64_t futex_wait(struct uaddr word, uint32_t expected, time_ns_t deadline);

/* Wakes up to `count` sleepers, at most FUTEX_STEP_MAX: how many, or -EFAULT. */
MUST_USE int64_t futex_wake(struct uaddr word, uint32_t count);

/* If *from is `expected`, wakes up to `wake_count` sleepers of it and moves up to `move_count`
 * others to `to`, at most FUTEX_STEP_MAX of each: how many were woken, and in *ret_moved how many
 * were moved. -EAGAIN, -EFAULT. */
MUST_USE int64_t futex_requeue(struct uaddr from, uint32_t wake_count, uint32_t expected,
                               struct uaddr to, uint32_t move_count, uint32_t *ret_moved);
