/* SPDX-License-Identifier: MIT */
/* From the permissions of a mapping to those of a page table entry. Only for vm. */
#pragma once

#include "vm/mapping.h"

/* ARCH_MAP_* for the pages of a mapping; 0 if they are to have no translation. */
static inline unsigned translation_flags(const struct mapping *mapping)
{
    unsigned flags = ARCH_MAP_USER;

    _Static_assert(ARCH_MAP_READ == MAP_READ && ARCH_MAP_WRITE == MAP_WRITE &&
                       ARCH_MAP_EXEC == MAP_EXEC,
                   "the same bits");
    if (mapping->flags == 0) {
        return 0;
    }
    if (mapping->memory->kind == MEMORY_PHYSICAL) {
        flags |= ARCH_MAP_DEVICE;
    }
    return flags | mapping->flags;
}

/* The same for pages that may be shared: a write has to fault first. */
static inline unsigned translation_flags_now(const struct mapping *mapping)
{
    return translation_flags(mapping) & (memory_is_simple(mapping->memory) ? ~0u : ~ARCH_MAP_WRITE);
}
