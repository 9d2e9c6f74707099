/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic on numbers that somebody else chose: nothing here wraps silently.
 *
 * A function with a result to write returns true if it fits, and returns false and writes nothing
 * if it does not. Ranges are a start and a size; a size of 0 is an empty range, which
 * contains nothing and overlaps nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

static inline MUST_USE bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    uint64_t sum = a + b;

    if (sum < a) {
        return false;
    }
    *ret_sum = sum;
    return true;
}

static inline MUST_USE bool is_power_of_two_u64(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* `alignment` is a power of two in all of these. */
static inline MUST_USE bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

static inline MUST_USE uint64_t align_down_u64(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

/* False if the next multiple does not fit into 64 bits. */
static inline MUST_USE bool align_up_u64(uint64_t value, uint64_t alignment, uint64_t *ret_aligned)
{
    uint64_t sum;

    if (!checked_add_u64(value, alignment - 1, &sum)) {
        return false;
    }
    *ret_aligned = align_down_u64(sum, alignment);
    return true;
}

/* For values that the kernel itself made and that cannot wrap. */
static inline MUST_USE uint64_t round_up_u64(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* Whether start + size does not pass 2^64; the end itself may be 2^64. */
static inline MUST_USE bool range_is_valid(uint64_t start, uint64_t size)
{
    return size == 0 || size - 1 <= UINT64_MAX - start;
}

/* Whether [start, start + size) lies inside the valid range [outer, outer + outer_size). */
static inline MUST_USE bool range_contains(uint64_t outer, uint64_t outer_size, uint64_t start,
                                           uint64_t size)
{
    return size != 0 && start >= outer && start - outer < outer_size &&
           size <= outer_size - (start - outer);
}

/* Whether `point` lies inside the valid range. */
static inline MUST_USE bool range_has(uint64_t start, uint64_t size, uint64_t point)
{
    return point >= start && point - start < size;
}

/* Whether two valid ranges have a point in common. */
static inline MUST_USE bool range_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size != 0 && b_size != 0 && (range_has(a, a_size, b) || range_has(b, b_size, a));
}

static inline MUST_USE uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline MUST_USE uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}
