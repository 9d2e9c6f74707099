/* SPDX-License-Identifier: MIT */
/*
 * Scalars that every layer needs.
 *
 * Physical and user addresses are structs of one field, so that they mix with nothing: no pointer
 * is made of them by accident and no arithmetic is done on the wrong kind. A physical address
 * becomes a pointer in arch_direct_map() only; a user address never becomes one, user memory is
 * copied.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <quay/abi/types.h>

#include "lib/compiler.h"

/* PAGE_SIZE and PAGE_SHIFT come from the ABI. */
#define PAGE_MASK (PAGE_SIZE - 1)

struct paddr {
    uint64_t value;
};

struct uaddr {
    uint64_t value;
};

static inline struct paddr paddr_of(uint64_t value)
{
    return (struct paddr){value};
}

/* The caller knows that the sum does not wrap. */
static inline struct paddr paddr_add(struct paddr address, uint64_t bytes)
{
    return (struct paddr){address.value + bytes};
}

static inline struct uaddr uaddr_of(uint64_t value)
{
    return (struct uaddr){value};
}
