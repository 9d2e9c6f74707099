/* SPDX-License-Identifier: MIT */
/* By the builtins, which are choice points. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline bool arch_bit_clear(uint64_t *word)
{
    return (__atomic_fetch_and(word, ~1ul, __ATOMIC_SEQ_CST) & 1) != 0;
}

static inline void arch_add_own(uint64_t *word, uint64_t amount)
{
    __atomic_store_n(word, *word + amount, __ATOMIC_RELEASE);
}
