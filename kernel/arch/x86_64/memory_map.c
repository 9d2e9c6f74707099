/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/memory_map.h"
#include "lib/checked.h"
#include "lib/string.h"

static uint64_t range_end(const struct boot_range *range)
{
    return range->start.value + range->size_bytes;
}

bool memory_map_add(struct boot_info *info, uint64_t start, uint64_t size,
                    enum boot_range_type type)
{
    if (size == 0 || !range_is_valid(start, size)) {
        return true;
    }
    if (info->range_count == BOOT_RANGE_MAX) {
        return false;
    }
    info->ranges[info->range_count++] = (struct boot_range){paddr_of(start), size, type};
    return true;
}

bool memory_map_add_e820(struct boot_info *info, const void *entries, size_t entry_size,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct e820_entry entry;
        enum boot_range_type type = BOOT_RANGE_RESERVED;

        memcpy(&entry, (const char *)entries + i * entry_size, sizeof(entry));
        if (entry.type == 1) {
            type = BOOT_RANGE_RAM;
        } else if (entry.type == 3 || entry.type == 4) { /* tables; what ACPI keeps to itself */
            type = BOOT_RANGE_ACPI;
        }
        if (!memory_map_add(info, entry.start, entry.size, type)) {
            return false;
        }
    }
    return true;
}

/* Whole pages, inward for RAM and outward for the rest; false if nothing is left. The last page
 * below 2^64 is never used, so that ends do not wrap. */
static bool range_align(struct boot_range *range)
{
    const uint64_t limit = UINT64_MAX & ~PAGE_MASK;
    uint64_t start = range->start.value;
    uint64_t end = range->size_bytes > limit - min_u64(start, limit) ? limit : range_end(range);

    if (range->type == BOOT_RANGE_RAM) {
        if (!align_up_u64(start, PAGE_SIZE, &start)) {
            return false;
        }
        end = align_down_u64(end, PAGE_SIZE);
    } else {
        start = align_down_u64(start, PAGE_SIZE);
        end = end > limit - PAGE_SIZE ? limit : round_up_u64(end, PAGE_SIZE);
    }
    range->start = paddr_of(start);
    range->size_bytes = end > start ? end - start : 0;
    return end > start;
}

/* Adds what follows the last range, or makes that one longer. */
static bool piece_append(struct boot_info *info, uint64_t start, uint64_t end,
                         enum boot_range_type type)
{
    if (info->range_count != 0) {
        struct boot_range *last = &info->ranges[info->range_count - 1];
        if (last->type == type && range_end(last) == start) {
            last->size_bytes += end - start;
            return true;
        }
    }
    return memory_map_add(info, start, end - start, type);
}

/* Goes from one place where a range begins or ends to the next. */
bool memory_map_normalize(struct boot_info *info)
{
    static struct boot_range raw[BOOT_RANGE_MAX]; /* boot only, one CPU */
    uint32_t raw_count = 0;
    uint64_t next;

    for (uint32_t i = 0; i < info->range_count; i++) {
        raw[raw_count] = info->ranges[i];
        raw_count += range_align(&raw[raw_count]) ? 1 : 0;
    }
    info->range_count = 0;
    for (uint64_t at = 0; at != UINT64_MAX; at = next) {
        bool is_covered = false;
        enum boot_range_type type = BOOT_RANGE_RAM;

        next = UINT64_MAX;
        for (uint32_t i = 0; i < raw_count; i++) {
            if (raw[i].start.value > at) {
                next = min_u64(next, raw[i].start.value);
            } else if (range_end(&raw[i]) > at) {
                next = min_u64(next, range_end(&raw[i]));
                type = raw[i].type > type ? raw[i].type : type;
                is_covered = true;
            }
        }
        if (is_covered && !piece_append(info, at, next, type)) {
            return false;
        }
    }
    return true;
}

bool memory_map_reserve(struct boot_info *info, uint64_t start, uint64_t size)
{
    return memory_map_add(info, start, size, BOOT_RANGE_RESERVED) && memory_map_normalize(info);
}

uint64_t memory_map_ram_bytes(const struct boot_info *info)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < info->range_count; i++) {
        bytes += info->ranges[i].type == BOOT_RANGE_RAM ? info->ranges[i].size_bytes : 0;
    }
    return bytes;
}
