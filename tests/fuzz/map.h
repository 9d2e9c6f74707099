/* SPDX-License-Identifier: MIT */
/* What must hold of a memory map, whoever made it. */
#pragma once

#include "fuzz/input.h"

#include "arch/x86_64/memory_map.h"

/* Normalizes it; then it is sorted, of whole pages, without overlaps, and has no two neighbors that
 * could be one. */
static inline void map_check(struct boot_info *info)
{
    uint64_t end = 0, ram = 0;

    MUST(info->range_count <= BOOT_RANGE_MAX);
    if (!memory_map_normalize(info)) {
        return;
    }
    MUST(info->range_count <= BOOT_RANGE_MAX);
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];

        MUST(range->size_bytes != 0 && (range->start.value | range->size_bytes) % 4096 == 0);
        MUST(range->start.value >= end && range->size_bytes < UINT64_MAX - range->start.value);
        MUST(i == 0 || range->start.value != end || range->type != range[-1].type);
        end = range->start.value + range->size_bytes;
        ram += range->type == BOOT_RANGE_RAM ? range->size_bytes : 0;
    }
    MUST(memory_map_ram_bytes(info) == ram);
}
