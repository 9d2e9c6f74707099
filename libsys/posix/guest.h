/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory, as seen by the layer that serves it. Every address that a guest passes may be
 * anything: it is accessed by these functions only, which answer -EFAULT where the access faults.
 * How that is done: entry.S. An address inside the layer's own range is refused.
 *
 * Data for servers does not go through here, but is lent to them with the call (a lease); the call
 * then fails with -ELEASE, which posix_error makes EFAULT.
 */
#pragma once

#include <quay/syscall.h>
#include <stdbool.h>

/* A guest has all below this; the layer's image, heap and stacks lie above. */
#define GUEST_LIMIT 0x00007e003fc00000ul

/* Whether [address, address + size) could be the guest's. Says nothing about what is mapped. */
static inline bool guest_may(uint64_t address, uint64_t size)
{
    return address <= GUEST_LIMIT && size <= GUEST_LIMIT - address;
}

/* 0 or -EFAULT; what was copied before the fault stays copied. */
QY_MUST_USE int64_t guest_read(void *to, uint64_t from, size_t size);
QY_MUST_USE int64_t guest_write(uint64_t to, const void *from, size_t size);
QY_MUST_USE int64_t guest_zero(uint64_t to, size_t size);

/* Copies a string with its zero. Its length, -EFAULT, or -ENAMETOOLONG if `size` does not hold it.
 */
QY_MUST_USE int64_t guest_read_string(char *to, uint64_t from, size_t size);

/* If *word is *expected, puts `desired` there; else says in *expected what it was. 0 or -EFAULT. */
QY_MUST_USE int64_t guest_exchange(uint64_t word, uint32_t *expected, uint32_t desired);
