/* SPDX-License-Identifier: MIT */
/*
 * One root of four-level page tables. The kernel's mappings are global: a load of cr3 forgets the
 * user half only.
 */
#pragma once

#include <stdint.h>
#include "lib/types.h"
#include <arch_impl/layout.h>

struct arch_aspace {
    uint64_t cr3; /* physical address of the top-level table */
};

static inline void *arch_direct_map(struct paddr address)
{
    return (void *)(DIRECT_MAP_BASE + address.value);
}

static inline struct paddr arch_direct_map_reverse(const void *pointer)
{
    return paddr_of((uint64_t)pointer - DIRECT_MAP_BASE);
}

static inline void arch_aspace_load(struct arch_aspace *aspace)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(aspace->cr3) : "memory");
}

static inline void arch_tlb_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void arch_tlb_flush(void)
{
    uint64_t cr3;
    __asm__ volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=r"(cr3) : : "memory");
}
