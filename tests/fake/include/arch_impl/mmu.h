/* SPDX-License-Identifier: MIT */
/*
 * Simulated memory. Physical memory is one host mapping at a fixed place, so that a run repeats to
 * the last address; the direct map is an addition. Page tables have four levels of 512 entries in
 * real frames, as on x86-64, so that reserving, charging and freeing them is tested as well. Each
 * simulated CPU has a small TLB of its own (fake_mmu.c), and a frame that is freed while a TLB
 * still knows it fails the test.
 */
#pragma once

#include <stdint.h>
#include "lib/types.h"

#define FAKE_PHYSICAL_BASE 0x300000000000ul

struct arch_aspace {
    struct paddr root; /* top table; 0: no user half, the kernel's own */
};

/* Checks the address and is where the frame allocator's accesses to free frames are let through. */
void *arch_direct_map(struct paddr address);

static inline struct paddr arch_direct_map_reverse(const void *pointer)
{
    return paddr_of((uint64_t)(uintptr_t)pointer - FAKE_PHYSICAL_BASE);
}

void arch_aspace_load(struct arch_aspace *aspace);
void arch_tlb_flush_page(uint64_t address);
void arch_tlb_flush(void);
