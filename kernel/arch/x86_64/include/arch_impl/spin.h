/* SPDX-License-Identifier: MIT */
/* Test and set, waiting on a plain read so that the line stays shared meanwhile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/compiler.h"
#include <arch_impl/atomic.h>

static inline bool arch_spin_try(uint32_t *word)
{
    return arch_bit_set(word);
}

/* Returns whether it had to wait. */
static inline bool arch_spin_acquire(uint32_t *word)
{
    bool has_waited = false;

    while (UNLIKELY(!arch_bit_set(word))) {
        has_waited = true;
        while (__atomic_load_n(word, __ATOMIC_RELAXED) != 0) {
            __asm__ volatile("pause");
        }
    }
    return has_waited;
}

/* Pairs with arch_bit_set. */
static inline void arch_spin_release(uint32_t *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}
