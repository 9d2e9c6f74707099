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

bool memory_map_add_e820(struct boot_info *info, uint64_t start, uint64_t size, uint32_t type)
{
    switch (type) {
    case 1:
        return memory_map_add(info, start, size, BOOT_RANGE_RAM);
    case 3: /* ACPI tables */
    case 4: /* ACPI's own, to be kept */
        return memory_map_add(info, start, size, BOOT_RANGE_ACPI);
    default:
        return memory_map_add(info, start, size, BOOT_RANGE_RESERVED);
    }
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

/* Puts [start, end) at its place in the sorted list, or grows the neighbor it touches. */
static bool piece_insert(struct boot_info *info, uint64_t start, uint64_t end,
                         enum boot_range_type type)
{
    uint32_t at = 0;

    while (at < info->range_count && info->ranges[at].start.value < start) {
        at++;
    }
    if (at > 0 && info->ranges[at - 1].type == type && range_end(&info->ranges[at - 1]) == start) {
        info->ranges[at - 1].size_bytes += end - start;
        return true;
    }
    if (info->range_count == BOOT_RANGE_MAX) {
        return false;
    }
    memmove(&info->ranges[at + 1], &info->ranges[at],
            (info->range_count - at) * sizeof(info->ranges[0]));
    info->ranges[at] = (struct boot_range){paddr_of(start), end - start, type};
    info->range_count++;
    return true;
}

/* Adds those parts of a range that the list does not cover yet. */
static bool range_insert(struct boot_info *info, const struct boot_range *range)
{
    uint64_t start = range->start.value;
    const uint64_t end = range_end(range);

    for (uint32_t i = 0; i < info->range_count && start < end; i++) {
        const struct boot_range other = info->ranges[i];
        if (range_end(&other) <= start) {
            continue;
        }
        if (other.start.value >= end) {
            break;
        }
        if (other.start.value > start &&
            !piece_insert(info, start, other.start.value, range->type)) {
            return false;
        }
        start = range_end(&other);
    }
    return start >= end || piece_insert(info, start, end, range->type);
}

/* Neighbors of one type that touch become one. */
static void ranges_merge(struct boot_info *info)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i < info->range_count; i++) {
        struct boot_range *last = &info->ranges[kept];
        if (last->type == info->ranges[i].type && range_end(last) == info->ranges[i].start.value) {
            last->size_bytes += info->ranges[i].size_bytes;
        } else {
            info->ranges[++kept] = info->ranges[i];
        }
    }
    info->range_count = info->range_count == 0 ? 0 : kept + 1;
}

bool memory_map_normalize(struct boot_info *info)
{
    static const enum boot_range_type order[] = {BOOT_RANGE_RESERVED, BOOT_RANGE_ACPI,
                                                 BOOT_RANGE_RAM};
    static struct boot_range raw[BOOT_RANGE_MAX]; /* boot only, one CPU */
    const uint32_t raw_count = info->range_count;

    memcpy(raw, info->ranges, sizeof(raw));
    info->range_count = 0;
    for (unsigned pass = 0; pass < ARRAY_SIZE(order); pass++) {
        for (uint32_t i = 0; i < raw_count; i++) {
            struct boot_range range = raw[i];
            if (range.type == order[pass] && range_align(&range) && !range_insert(info, &range)) {
                return false;
            }
        }
    }
    ranges_merge(info);
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
