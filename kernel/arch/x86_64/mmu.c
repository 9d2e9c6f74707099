/* SPDX-License-Identifier: MIT */
/*
 * The user half of an address space.
 *
 *   root (4) -> 512 GiB (3) -> 1 GiB (2) -> 2 MiB: page table (1) -> page
 *
 * Where there is a large page, an entry of level 2 maps it. A table is never freed before the
 * address space is, so a walk needs no more than the lock of the address space.
 */
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/pte.h"
#include "core/panic.h"
#include "lib/checked.h"
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

/* Whether an entry of the level, 4 to 2, points to a table: only level 2 has large pages. */
static bool is_table(uint64_t entry, unsigned level)
{
    return (entry & PTE_PRESENT) && !(level == 2 && (entry & PTE_LARGE));
}

/* Where the walk ended: at the entry of a page, or where nothing is. */
struct walk {
    uint64_t *entry;
    uint64_t value; /* read once: without the lock it may change */
    unsigned level;
};

static ALWAYS_INLINE struct walk walk(const struct arch_aspace *aspace, uint64_t address)
{
    uint64_t *entry = &root_table(aspace->cr3)[table_index(address, 4)];
    uint64_t value = __atomic_load_n(entry, __ATOMIC_RELAXED);
    unsigned level = 4;

#pragma clang loop unroll(full)
    for (; level > 1 && is_table(value, level); level--) {
        entry = &entry_table(value)[table_index(address, level - 1)];
        value = __atomic_load_n(entry, __ATOMIC_RELAXED);
    }
    return (struct walk){entry, value, level};
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
 * up: one for a page table, whose own entries are not looked at, or a large page, and LOOK_COST for
 * a table that was looked through. */
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
        if (is_table(entry, level)) {
            upcall_table_free(paddr_of(entry & PTE_ADDRESS));
        }
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

static int count_present(const uint64_t *entry, unsigned pages)
{
    return *entry & PTE_PRESENT ? (int)pages : 0;
}

/* Finds the entry of `level`, whose table is made. Returns as arch_aspace_map. */
static ALWAYS_INLINE int entry_make(struct arch_aspace *aspace, uint64_t address, unsigned level,
                                    uint64_t **ret_entry, unsigned *ret_tables)
{
    uint64_t *table = root_table(aspace->cr3);
    uint64_t *entry;
    int gone = 0;

#pragma clang loop unroll(full)
    for (unsigned above = 4; above > level; above--) {
        entry = &table[table_index(address, above)];
        if (UNLIKELY(!is_table(*entry, above))) {
            gone = count_present(entry, LARGE_PAGES);
            if (!table_alloc(entry, PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)) {
                return -ENOMEM; /* tables made so far stay, and are counted */
            }
            (*ret_tables)++;
        }
        table = entry_table(*entry);
    }
    *ret_entry = &table[table_index(address, level)];
    return gone;
}

int arch_aspace_map(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                    unsigned flags, unsigned *ret_tables)
{
    uint64_t *entry;
    int gone;

    debug_assert((flags & (ARCH_MAP_WRITE | ARCH_MAP_EXEC)) != (ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    gone = entry_make(aspace, address, 1, &entry, ret_tables);
    if (LIKELY(gone >= 0)) {
        gone += count_present(entry, 1);
        entry_set(entry, frame.value | pte_flags(flags));
    }
    return gone;
}

NOINLINE int arch_aspace_map_large(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                                   unsigned flags, unsigned *ret_tables)
{
    uint64_t value = align_down_u64(frame.value, LARGE_SIZE) | pte_flags(flags);
    uint64_t *entry;
    int gone;

    debug_assert((flags & (ARCH_MAP_WRITE | ARCH_MAP_EXEC)) != (ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    gone = entry_make(aspace, address, 2, &entry, ret_tables);
    if (gone < 0) {
        return gone;
    }
    if (is_table(*entry, 2)) {
        entry = entry_table(*entry);
        for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
            gone += count_present(&entry[i], 1);
            entry_set(&entry[i], value + i * PAGE_SIZE);
        }
        return gone;
    }
    gone = count_present(entry, LARGE_PAGES);
    entry_set(entry, value | PTE_LARGE);
    return gone;
}

unsigned arch_aspace_protect(struct arch_aspace *aspace, uint64_t address, unsigned flags)
{
    const struct walk at = walk(aspace, address);

    if (!(at.value & PTE_PRESENT)) {
        return 0;
    }
    debug_assert((flags & (ARCH_MAP_WRITE | ARCH_MAP_EXEC)) != (ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    if (UNLIKELY(at.level != 1)) {
        entry_set(at.entry, 0);
        return LARGE_PAGES;
    }
    entry_set(at.entry, flags == 0 ? 0 : (at.value & PTE_ADDRESS) | pte_flags(flags));
    return 1;
}

bool arch_aspace_query(const struct arch_aspace *aspace, uint64_t address, struct paddr *ret_frame,
                       unsigned *ret_flags)
{
    const struct walk at = walk(aspace, address);

    if (!(at.value & PTE_PRESENT)) {
        return false;
    }
    *ret_frame = paddr_of((at.value & PTE_ADDRESS) |
                          (address & (at.level == 1 ? 0 : LARGE_SIZE - PAGE_SIZE)));
    *ret_flags = ARCH_MAP_READ | (at.value & PTE_WRITE ? ARCH_MAP_WRITE : 0) |
                 (at.value & PTE_NX ? 0 : ARCH_MAP_EXEC) |
                 (at.value & PTE_USER ? ARCH_MAP_USER : 0) |
                 (at.value & PTE_UNCACHED ? ARCH_MAP_DEVICE : 0);
    return true;
}

uint64_t arch_aspace_next_table(const struct arch_aspace *aspace, uint64_t address, uint64_t limit)
{
    while (address < limit) {
        const struct walk at = walk(aspace, address);
        const uint64_t size = 1ul << (12 + 9 * (at.level - 1)); /* what the entry covers */

        if (at.level == 1 || (at.value & PTE_PRESENT)) {
            return address;
        }
        address = align_down_u64(address, size) + size;
    }
    return limit;
}
