/* SPDX-License-Identifier: MIT */
/* Page table entries (SDM Vol. 3A, 4.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "arch/mmu.h"

#define PTE_PRESENT       (1ul << 0)
#define PTE_WRITE         (1ul << 1)
#define PTE_USER          (1ul << 2)
#define PTE_WRITE_THROUGH (1ul << 3)
#define PTE_UNCACHED      (1ul << 4)
#define PTE_ACCESSED      (1ul << 5)
#define PTE_DIRTY         (1ul << 6)
#define PTE_LARGE         (1ul << 7)
#define PTE_GLOBAL        (1ul << 8)
#define PTE_NX            (1ul << 63)
#define PTE_ADDRESS       0x000ffffffffff000ul

#define TABLE_ENTRIES     512u
#define USER_ROOT_ENTRIES 256u /* entries of a root from here on are the kernel's */
#define PAGE_2M           0x200000ul
#define PAGE_1G           0x40000000ul

/* Index into a table of the level: 1 page table ... 4 root. */
static inline unsigned table_index(uint64_t address, unsigned level)
{
    return address >> (12 + 9 * (level - 1)) & (TABLE_ENTRIES - 1);
}

static inline uint64_t *entry_table(uint64_t entry)
{
    return arch_direct_map(paddr_of(entry & PTE_ADDRESS));
}

static inline uint64_t *root_table(uint64_t cr3)
{
    return arch_direct_map(paddr_of(cr3 & PTE_ADDRESS));
}

/* The walker of another CPU may read an entry at any time: whole stores only. */
static inline void entry_set(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

/* Permissions in the entries' terms; accessed and dirty are set in advance, so that no walk has to
 * write them. */
static inline uint64_t pte_flags(unsigned flags)
{
    return PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (flags & ARCH_MAP_WRITE ? PTE_WRITE : 0) |
           (flags & ARCH_MAP_EXEC ? 0 : PTE_NX) | (flags & ARCH_MAP_USER ? PTE_USER : 0) |
           (flags & ARCH_MAP_DEVICE ? PTE_UNCACHED | PTE_WRITE_THROUGH : 0);
}
