/* SPDX-License-Identifier: MIT */
/*
 * Page tables. Levels are an affair of the CPU layer; callers think in pages and permissions.
 * struct arch_aspace (arch_impl/mmu.h) holds one root. Functions on it are called with the lock of
 * the address space held. Nothing here sends interrupts to other CPUs: making them forget old
 * translations is the business of vm (shootdown) with arch_tlb_flush on each CPU.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/types.h>
#include "lib/compiler.h"
#include "lib/types.h"
#include <arch_impl/mmu.h>
/*
 * Inline, from arch_impl/mmu.h:
 *   struct arch_aspace                               one set of page tables
 *   void *arch_direct_map(struct paddr)              kernel address of physical memory
 *   struct paddr arch_direct_map_reverse(const void *)
 *   void arch_aspace_load(struct arch_aspace *)      makes it this CPU's; flushes its translations
 *   void arch_tlb_flush_page(uint64_t address)       this CPU forgets one user page
 *   void arch_tlb_flush(void)                        this CPU forgets all user pages
 */

#define ARCH_MAP_READ   (1u << 0)
#define ARCH_MAP_WRITE  (1u << 1)
#define ARCH_MAP_EXEC   (1u << 2)
#define ARCH_MAP_USER   (1u << 3)
#define ARCH_MAP_DEVICE (1u << 4) /* uncached */

/* A large page has one translation, where it can. It is never split: who needs a part of it to
 * change removes it, and the next touch makes a translation of the kind that is right then. */
#define LARGE_PAGES 512u
#define LARGE_SIZE  (LARGE_PAGES * PAGE_SIZE)

/* An empty user half over the shared kernel half. 0 or -ENOMEM. */
MUST_USE int arch_aspace_init(struct arch_aspace *aspace);

/* Frees all page tables of the user half; the frames mapped are not ours. No CPU may have it
 * loaded. Bounded work: returns true when done, false to be called again. */
bool arch_aspace_fini(struct arch_aspace *aspace);

/* The kernel's own tables, with nothing in the user half: for idle threads. Never changed or freed.
 */
void arch_aspace_kernel(struct arch_aspace *ret_aspace);

/* Maps one page, in the place of what was mapped there, and makes the page tables that are missing.
 * Returns how many pages' translations went: 0, 1, all of a large one; or -ENOMEM. *ret_tables +=
 * tables added, in any case. */
MUST_USE int arch_aspace_map(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                             unsigned flags, unsigned *ret_tables);

/* The same for the large page that holds the address; `frame` is the address's own. Where there
 * are, or were, small pages it becomes LARGE_PAGES small ones. */
MUST_USE int arch_aspace_map_large(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                                   unsigned flags, unsigned *ret_tables);

/* Changes the permissions of one mapped page, or removes it (flags 0); a large page is removed in
 * any case. Returns how many pages it is: 0 if nothing was mapped, 1, LARGE_PAGES. */
unsigned arch_aspace_protect(struct arch_aspace *aspace, uint64_t address, unsigned flags);

/* What is mapped there: false if nothing. */
bool arch_aspace_query(const struct arch_aspace *aspace, uint64_t address, struct paddr *ret_frame,
                       unsigned *ret_flags);

/* First address at or after `address` whose page table exists, or `limit`: lets a walk over a
 * sparse range skip what was never touched. */
uint64_t arch_aspace_next_table(const struct arch_aspace *aspace, uint64_t address, uint64_t limit);

/* Whether the range is RAM that the kernel manages (and so may not be mapped as a device). */
bool arch_physical_is_ram(struct paddr start, uint64_t size_bytes);
