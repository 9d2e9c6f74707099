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

/* Whether all of the large page around `page` is the mapping's, and aligned as its frames are. */
static COLD NOINLINE bool is_large(const struct mapping *mapping, uint64_t page, struct paddr frame)
{
    return range_contains(mapping->start, mapping->size_bytes, align_down_u64(page, LARGE_SIZE),
                          LARGE_SIZE) &&
           is_aligned(page - frame.value, LARGE_SIZE);
}

static int resolve(struct aspace *aspace, struct mapping *mapping, uint64_t page, bool is_write)
    REQUIRES(&aspace->lock)
{
    uint32_t tables_due = aspace->tables_used + TABLES_AHEAD;
    unsigned flags = translation_flags(mapping);
    struct paddr frame;
    enum memory_page_kind kind;
    int status =
        memory_fault(mapping->memory, mapping_index(mapping, page), is_write, &frame, &kind);

    if (UNLIKELY(status != 0)) {
        return status;
    }
    if (UNLIKELY(kind == PAGE_SHARED)) {
        flags &= ~ARCH_MAP_WRITE;
    }
    if (UNLIKELY(aspace->tables_paid < tables_due)) {
        status = account_charge(aspace->object.account, JOB_MEMORY,
                                (tables_due - aspace->tables_paid) * PAGE_SIZE);
        if (status != 0) {
            return status;
        }
        aspace->tables_paid = tables_due;
    }
    if (UNLIKELY(kind == PAGE_IN_BLOCK && is_large(mapping, page, frame))) {
        status =
            arch_aspace_map_large(&aspace->root.arch, page, frame, flags, &aspace->tables_used);
        aspace->present_pages += status < 0 ? 0 : LARGE_PAGES - 1;
    } else {
        status = arch_aspace_map(&aspace->root.arch, page, frame, flags, &aspace->tables_used);
    }
    if (UNLIKELY(status < 0)) {
        return status;
    }
    mapping->touched = true;
    aspace->present_pages++;
    if (UNLIKELY(status != 0)) {
        /* Another thread was faster, a protect has not come here yet, or the page was shared. */
        aspace_note_changed(aspace, page, (unsigned)status, 0);
    }
    return 0;
}

/* The page is shared and to be written. */
static COLD NOINLINE int unshare(struct aspace *aspace, struct mapping *mapping, uint64_t page)
    RELEASE(&aspace->lock)
{
    struct memory *memory = mapping->memory;
    uint64_t index = mapping_index(mapping, page);
    int status;

    object_ref(&memory->object);
    spin_unlock(&aspace->lock);
    status = memory_unshare(memory, index);
    object_unref(&memory->object);
    return status;
}

int aspace_fault(struct aspace *aspace, uint64_t address, unsigned access)
{
    uint64_t page = align_down_u64(address, PAGE_SIZE);
    struct mapping *mapping;
    int status;

    do {
        spin_lock(&aspace->lock);
        mapping = mapping_find_locked(aspace, address);
        if (UNLIKELY(mapping == NULL || mapping->dying)) {
            status = -EFAULT;
        } else if (UNLIKELY(!(mapping->flags & needed_for(access)))) {
            status = -EACCES;
        } else {
            status = resolve(aspace, mapping, page, (access & FAULT_WRITE) != 0);
        }
        if (LIKELY(status != -EBUSY)) {
            spin_unlock(&aspace->lock);
            return status;
        }
        status = unshare(aspace, mapping, page);
    } while (status == 0);
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

COLD int aspace_find_page(struct aspace *aspace, uint64_t address, struct memory **ret_memory,
                          uint64_t *ret_index)
{
    const struct mapping *mapping;
    int status = -EFAULT;

    spin_lock(&aspace->lock);
    mapping = mapping_find_locked(aspace, address);
    if (mapping != NULL && !mapping->dying) {
        *ret_memory = mapping->memory;
        *ret_index = mapping_index(mapping, address);
        object_ref(&mapping->memory->object);
        status = 0;
    }
    spin_unlock(&aspace->lock);
    return status;
}
