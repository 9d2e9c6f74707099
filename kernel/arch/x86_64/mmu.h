/* SPDX-License-Identifier: MIT */
/* The kernel half of the address space: built at boot, shared by every root. */
#pragma once

#include "arch/boot_info.h"
#include "lib/types.h"

/*
 * Builds the kernel's own tables and loads them: the direct map of all RAM and ACPI memory
 * (readable, writable, never executable; the image's own pages there with the image's permissions),
 * and the image section by section. The tables of the loader's time are left behind. `info` is the
 * normalized map with all RAM in it.
 */
void x86_mmu_init(const struct boot_info *info);

/* Maps one boot-time page of the kernel half. Global: it stays for good. */
void x86_mmu_map_fixed(uint64_t address, struct paddr frame, unsigned flags);

/* A root with the kernel half and, where it is, one page below 1 MiB: for the start of CPUs. */
struct paddr x86_mmu_trampoline_root(struct paddr page);

/* Root of the kernel's own tables: no user half. */
uint64_t x86_mmu_kernel_cr3(void);

/*
 * Walks the tables of this CPU and panics if a page is writable and executable, a user page lies in
 * the kernel half or the reverse, or a guard page of a CPU's stack is mapped. Once arch_selftest
 * has turned it on, every interrupt does so, in whatever address space it finds.
 */
void x86_mmu_check(void);
extern bool x86_mmu_check_on;
