/* SPDX-License-Identifier: MIT */
/*
 * From what firmware says about memory to a list that can be trusted: sorted, page aligned, no two
 * ranges overlap. Where the firmware contradicts itself the more careful type wins: reserved before
 * ACPI before RAM. Pure functions, tested on the host.
 */
#pragma once

#include <stdbool.h>
#include "arch/boot_info.h"
#include "lib/compiler.h"

/* Appends a range as the firmware gave it. Empty ranges and such as pass 2^64 are left out; false
 * when there is no room. */
MUST_USE bool memory_map_add(struct boot_info *info, uint64_t start, uint64_t size,
                             enum boot_range_type type);

/* An entry of the BIOS's E820 map, which both loaders pass on (ACPI 6.4, 15.1 and 15.4). */
struct e820_entry {
    uint64_t start, size;
    uint32_t type, reserved;
};

/* Appends `count` such entries, the next one always `entry_size` bytes further on. */
MUST_USE bool memory_map_add_e820(struct boot_info *info, const void *entries, size_t entry_size,
                                  size_t count);

/* Sorts, resolves overlaps, merges neighbors; RAM shrinks to whole pages, everything else grows to
 * them. False when the result needs more than BOOT_RANGE_MAX ranges. */
MUST_USE bool memory_map_normalize(struct boot_info *info);

/* Makes [start, start + size) reserved, whatever it was, in a normalized map, which it stays. False
 * when there is no room. */
MUST_USE bool memory_map_reserve(struct boot_info *info, uint64_t start, uint64_t size);

uint64_t memory_map_ram_bytes(const struct boot_info *info);
