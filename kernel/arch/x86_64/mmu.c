/* SPDX-License-Identifier: MIT */
/*
 * The user half of an address space.
 *
 *   root (4) -> 512 GiB (3) -> 1 GiB (2) -> 2 MiB: page table (1) -> page
 *
 * User pages are 4 KiB. A table is never freed before the address space is, so a walk needs no more
 * than the lock of the address space.
 */
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/pte.h"
#include "core/panic.h"
#include "lib/string.h"
#include <quay/abi/errno.h>

#define FREE_STEP 8 /* page tables that one call of arch_aspace_fini frees, or ... */
#define LOOK_COST 8 /* ... this many fewer for each table whose entries were looked at */

static NOINLINE MUST_USE bool table_alloc(uint64_t *entry, uint64_t flags)
{
    struct paddr frame;

    if (!upcall_table_alloc(&frame)) {
        return false;
    }
    entry_set(entry, frame.value | flags);
    return true;
}

/* The page's entry, or NULL where a table is missing; *ret_level is the level it is missing at. */
static uint64_t *entry_find(uint64_t cr3, uint64_t address, unsigned *ret_level)
{
    uint64_t *table = root_table(cr3);

    for (unsigned level = 4; level > 1; level--) {
        const uint64_t entry = table[table_index(address, level)];
        if (!(entry & PTE_PRESENT)) {
            *ret_level = level;
            return NULL;
        }
        table = entry_table(entry);
    }
    return &table[table_index(address, 1)];
}

static uint64_t *page_entry(const struct arch_aspace *aspace, uint64_t address)
{
    unsigned level;
    return entry_find(aspace->cr3, address, &level);
}

int arch_aspace_init(struct arch_aspace *aspace)
{
    struct paddr root;

    if (!upcall_table_alloc(&root)) {
        return -ENOMEM;
    }
    memcpy((uint64_t *)arch_direct_map(root) + USER_ROOT_ENTRIES,
           root_table(x86_mmu_kernel_cr3()) + USER_ROOT_ENTRIES,
           (TABLE_ENTRIES - USER_ROOT_ENTRIES) * sizeof(uint64_t));
    aspace->cr3 = root.value;
    return 0;
}

/* The first present entry from `i` on, or `count`, a multiple of 8. Most tables are nearly empty;
 * what is not present is 0. */
static unsigned entry_next(const uint64_t *table, unsigned i, unsigned count)
{
    while (i < count && table[i] == 0) {
        i++;
        while (i % 8 == 0 && i < count &&
               (table[i] | table[i + 1] | table[i + 2] | table[i + 3] | table[i + 4] |
                table[i + 5] | table[i + 6] | table[i + 7]) == 0) {
            i += 8;
        }
    }
    return i;
}

/* Frees tables below and with `table`'s first `count` entries, depth first, until *budget is used
 * up: one for a page table, whose own entries are not looked at, and LOOK_COST for one that was
 * looked through. */
static bool tables_free(uint64_t *table, unsigned count, unsigned level, unsigned *budget)
{
    const unsigned cost = level > 2 ? LOOK_COST : 1;

    for (unsigned i = 0; (i = entry_next(table, i, count)) < count; i++) {
        const uint64_t entry = table[i];

        if (*budget == 0 ||
            (level > 2 && !tables_free(entry_table(entry), TABLE_ENTRIES, level - 1, budget))) {
            return false;
        }
        *budget -= *budget < cost ? *budget : cost;
        entry_set(&table[i], 0);
        upcall_table_free(paddr_of(entry & PTE_ADDRESS));
    }
    return true;
}

bool arch_aspace_fini(struct arch_aspace *aspace)
{
    unsigned budget = FREE_STEP;

    if (!tables_free(root_table(aspace->cr3), USER_ROOT_ENTRIES, 4, &budget)) {
        return false;
    }
    upcall_table_free(paddr_of(aspace->cr3));
    aspace->cr3 = 0;
    return true;
}

int arch_aspace_map(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                    unsigned flags, unsigned *ret_tables)
{
    uint64_t *table = root_table(aspace->cr3);
    uint64_t *entry;
    int was_present;

    debug_assert((flags & (ARCH_MAP_WRITE | ARCH_MAP_EXEC)) != (ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    for (unsigned level = 4; level > 1; level--) {
        entry = &table[table_index(address, level)];
        if (UNLIKELY(!(*entry & PTE_PRESENT))) {
            if (!table_alloc(entry, PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)) {
                return -ENOMEM; /* tables made so far stay, and are counted */
            }
            (*ret_tables)++;
        }
        table = entry_table(*entry);
    }
    entry = &table[table_index(address, 1)];
    was_present = *entry & PTE_PRESENT;
    entry_set(entry, frame.value | pte_flags(flags));
    return was_present;
}

bool arch_aspace_protect(struct arch_aspace *aspace, uint64_t address, unsigned flags)
{
    uint64_t *entry = page_entry(aspace, address);

    if (entry == NULL || !(*entry & PTE_PRESENT)) {
        return false;
    }
    debug_assert((flags & (ARCH_MAP_WRITE | ARCH_MAP_EXEC)) != (ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    entry_set(entry, flags == 0 ? 0 : (*entry & PTE_ADDRESS) | pte_flags(flags));
    return true;
}

bool arch_aspace_query(const struct arch_aspace *aspace, uint64_t address, struct paddr *ret_frame,
                       unsigned *ret_flags)
{
    const uint64_t *at = page_entry(aspace, address);
    uint64_t entry =
        at == NULL ? 0 : __atomic_load_n(at, __ATOMIC_RELAXED); /* once: it may change */

    if (!(entry & PTE_PRESENT)) {
        return false;
    }
    *ret_frame = paddr_of(entry & PTE_ADDRESS);
    *ret_flags = ARCH_MAP_READ | (entry & PTE_WRITE ? ARCH_MAP_WRITE : 0) |
                 (entry & PTE_NX ? 0 : ARCH_MAP_EXEC) | (entry & PTE_USER ? ARCH_MAP_USER : 0) |
                 (entry & PTE_UNCACHED ? ARCH_MAP_DEVICE : 0);
    return true;
}

uint64_t arch_aspace_next_table(const struct arch_aspace *aspace, uint64_t address, uint64_t limit)
{
    unsigned level;

    while (address < limit && entry_find(aspace->cr3, address, &level) == NULL) {
        const uint64_t size = 1ul << (12 + 9 * (level - 1)); /* what the missing entry covers */
        address = (address & ~(size - 1)) + size;
    }
    return address < limit ? address : limit;
}
