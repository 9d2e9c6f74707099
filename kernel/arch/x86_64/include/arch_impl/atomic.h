/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations that take fewer instructions than the compilers make of the builtins. Locked
 * instructions are full barriers, and no store passes what comes before it (SDM Vol. 3A, 8.2.2 and
 * 8.2.3.8), so there only the compiler has to keep the order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/compiler.h"

/* Sets the lowest bit: true if it was 0. */
static ALWAYS_INLINE bool arch_bit_set(uint32_t *word)
{
    bool was_set;

    __asm__ volatile("lock btsl $0, %0" : "+m"(*word), "=@ccc"(was_set) : : "memory");
    return !was_set;
}

/* Clears the lowest bit: true if it was 1. */
static ALWAYS_INLINE bool arch_bit_clear(uint64_t *word)
{
    bool was_set;

    __asm__ volatile("lock btrq $0, %0" : "+m"(*word), "=@ccc"(was_set) : : "memory");
    return was_set;
}

/* Adds with release to a word that only the caller writes at this time. */
static ALWAYS_INLINE void arch_add_own(uint64_t *word, uint64_t amount)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *word += amount;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
