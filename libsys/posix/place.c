/* SPDX-License-Identifier: MIT */
#include "place.h"
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process_page.h>
#include "linux.h"

/* The hardware knows neither write nor execute without read. */
uint32_t posix_place_flags(uint32_t protection)
{
    return (protection != 0 ? MAP_READ : 0) | (protection & LINUX_PROT_WRITE ? MAP_WRITE : 0) |
           (protection & LINUX_PROT_EXEC ? MAP_EXEC : 0);
}

int64_t posix_place(uint64_t address, uint64_t size, uint32_t protection, uint32_t flags,
                    handle_t memory, uint64_t offset)
{
    /* What is a file's and not writable never becomes it: its handle cannot. */
    const bool is_shared =
        (flags & POSIX_RANGE_SHARED) != 0 ||
        ((flags & POSIX_RANGE_FILE) != 0 && (protection & LINUX_PROT_WRITE) == 0);
    const uint32_t fork = is_shared ? MAP_FORK_SHARE : MAP_FORK_COPY;
    const int64_t made = memory == HANDLE_INVALID
                             ? qy_memory_create(qy_process_page()->job, size, 0)
                             : (int64_t)memory;
    int64_t status = made;

    if (made > 0) {
        status = qy_aspace_map(qy_process_page()->aspace, (handle_t)made, offset, address, size,
                               posix_place_flags(protection) | MAP_FIXED | fork);
    }
    if (made > 0 && memory == HANDLE_INVALID) {
        (void)qy_handle_close((handle_t)made); /* ours; the mapping keeps it */
    }
    return status;
}

/* Maps memory in a part of an empty range. */
static int64_t fill(struct posix_ranges *ranges, const struct posix_range *range, uint64_t start,
                    uint32_t protection)
{
    const uint32_t flags = range->flags & ~POSIX_RANGE_EMPTY;
    const int64_t status =
        posix_place(start, range->end - start, protection, flags, HANDLE_INVALID, 0);

    if (status >= 0) {
        posix_ranges_remove(ranges, start, range->end);
        posix_ranges_add(ranges, (struct posix_range){.start = start,
                                                      .end = range->end,
                                                      .protection = protection,
                                                      .flags = flags});
    }
    return status;
}

/* A stack is made by opening all but the guard at its low end, which then needs no mapping. Who
 * opens another part gets memory for the whole range: a mapping for each part would be too many. */
bool posix_place_protect(struct posix_ranges *ranges, uint64_t address, uint64_t end,
                         uint32_t protection, int64_t *ret_status)
{
    size_t i = posix_ranges_find(ranges, address);
    const struct posix_range first = ranges->at[i];

    *ret_status = 0;
    if ((first.flags & POSIX_RANGE_EMPTY) != 0 && end <= first.end &&
        (end == first.end || protection == 0)) {
        *ret_status = protection == 0 ? 0 : fill(ranges, &first, address, protection);
        return true;
    }
    for (; *ret_status >= 0 && i < ranges->count && ranges->at[i].start < end; i++) {
        const struct posix_range range = ranges->at[i];

        if ((range.flags & POSIX_RANGE_EMPTY) != 0) {
            *ret_status = fill(ranges, &range, range.start, 0);
            i = posix_ranges_find(ranges, range.start); /* it may have become one with others */
        }
    }
    return *ret_status < 0;
}
