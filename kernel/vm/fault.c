/* SPDX-License-Identifier: MIT */
/* The first touch of a page, and what else ends in a page fault. */
#include "arch/upcalls.h"
#include "lib/checked.h"
#include "vm/aspace.h"
#include "vm/mapping.h"
#include "vm/range.h"
#include "vm/translation.h"
#include <quay/abi/errno.h>

#define TABLES_AHEAD 3u /* what one page may need at most */

static uint32_t needed_for(unsigned access)
{
    if (access & FAULT_WRITE) {
        return MAP_WRITE;
    }
    return access & FAULT_EXEC ? MAP_EXEC : MAP_READ;
}

/* Makes and pays the page tables for a page. */
static int reserve_tables(struct aspace *aspace, uint64_t page) REQUIRES(&aspace->lock)
{
    uint32_t due = aspace->tables_used + TABLES_AHEAD;
    int status;

    if (UNLIKELY(aspace->tables_paid < due)) {
        status =
            account_charge(aspace->account, JOB_MEMORY, (due - aspace->tables_paid) * PAGE_SIZE);
        if (status != 0) {
            return status;
        }
        aspace->tables_paid = due;
    }
    return arch_aspace_reserve(&aspace->root.arch, page, &aspace->tables_used);
}

/* Whether a translation may be there although the CPU found none: another CPU could have made it
 * just now. */
static bool may_be_mapped(const struct aspace *aspace, unsigned access)
{
    uint64_t others = __atomic_load_n(&aspace->root.cpus, __ATOMIC_RELAXED) & ~cpu_self()->bit;

    return others != 0 || (access & FAULT_PRESENT);
}

static int resolve(struct aspace *aspace, struct mapping *mapping, uint64_t page, unsigned access)
    REQUIRES(&aspace->lock)
{
    struct arch_aspace *tables = &aspace->root.arch;
    uint64_t index = (mapping->offset + (page - mapping->start)) >> PAGE_SHIFT;
    unsigned flags = translation_flags(mapping);
    struct paddr frame, old;
    unsigned old_flags;
    int status = memory_page(mapping->memory, index, &frame);

    if (status != 0) {
        return status;
    }
    if (UNLIKELY(may_be_mapped(aspace, access)) &&
        arch_aspace_query(tables, page, &old, &old_flags)) {
        /* Another thread was faster, or a protect has not come here yet. */
        (void)arch_aspace_protect(tables, page, flags); /* it is mapped */
        arch_tlb_flush_page(page);
        return 0;
    }
    status = reserve_tables(aspace, page);
    if (status != 0) {
        return status;
    }
    arch_aspace_map(tables, page, frame, flags);
    mapping->touched = true;
    aspace->present_pages++;
    return 0;
}

int aspace_fault(struct aspace *aspace, uint64_t address, unsigned access)
{
    struct mapping *mapping;
    int status;

    spin_lock(&aspace->lock);
    mapping = mapping_find_locked(aspace, address);
    if (UNLIKELY(mapping == NULL || mapping->dying)) {
        status = -EFAULT;
    } else if (UNLIKELY(!(mapping->flags & needed_for(access)))) {
        status = -EACCES;
    } else {
        status = resolve(aspace, mapping, align_down_u64(address, PAGE_SIZE), access);
    }
    spin_unlock(&aspace->lock);
    return status;
}

void *aspace_access(const struct aspace *aspace, uint64_t address, bool is_write)
{
    struct paddr frame;
    unsigned flags;

    if (!arch_aspace_query(&aspace->root.arch, align_down_u64(address, PAGE_SIZE), &frame,
                           &flags) ||
        (flags & ARCH_MAP_DEVICE) || (is_write && !(flags & ARCH_MAP_WRITE))) {
        return NULL;
    }
    return (uint8_t *)arch_direct_map(frame) + (address & (PAGE_SIZE - 1));
}

int aspace_find(struct aspace *aspace, uint64_t address, koid_t *ret_koid, uint64_t *ret_offset)
{
    const struct mapping *mapping;
    int status = -EFAULT;

    spin_lock(&aspace->lock);
    mapping = mapping_find_locked(aspace, address);
    if (LIKELY(mapping != NULL && !mapping->dying)) {
        *ret_koid = mapping->memory->object.koid;
        *ret_offset = mapping->offset + (address - mapping->start);
        status = 0;
    }
    spin_unlock(&aspace->lock);
    return status;
}
