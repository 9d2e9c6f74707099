/* SPDX-License-Identifier: MIT */
/*
 * What a guest has mapped: ranges of whole pages, in ascending order, that do not overlap.
 * Neighbors that are alike are one. Pure; memory.c keeps it in step with the address space.
 */
#pragma once

#include <quay/abi/types.h>
#include <stdbool.h>

struct posix_range {
    uint64_t start, end;
    uint32_t protection; /* LINUX_PROT_* */
    uint32_t flags;      /* POSIX_RANGE_* */
};

#define POSIX_RANGE_SHARED 1u
#define POSIX_RANGE_FILE   2u
#define POSIX_RANGE_STACK  4u
#define POSIX_RANGE_HEAP   8u
#define POSIX_RANGE_EMPTY  16u /* without access, and nothing is mapped there yet */

struct posix_ranges {
    struct posix_range *at;
    size_t count, capacity;
};

/* The range with this address, or the next one above it; count if there is none. */
size_t posix_ranges_find(const struct posix_ranges *ranges, uint64_t address);

/* Whether nothing lies in [start, end). */
bool posix_ranges_free(const struct posix_ranges *ranges, uint64_t start, uint64_t end);

/* Whether there is no hole in [start, end). */
bool posix_ranges_covered(const struct posix_ranges *ranges, uint64_t start, uint64_t end);

/* The highest place for `size` bytes in [low, high): its start, or 0. */
uint64_t posix_ranges_room(const struct posix_ranges *ranges, uint64_t size, uint64_t low,
                           uint64_t high);

/* Whether two more entries fit: what add, remove and protect need at most. */
bool posix_ranges_can_grow(const struct posix_ranges *ranges);

/* Adds a range where nothing lies. */
void posix_ranges_add(struct posix_ranges *ranges, struct posix_range range);

/* Takes out what lies in [start, end). */
void posix_ranges_remove(struct posix_ranges *ranges, uint64_t start, uint64_t end);

/* Changes what lies in [start, end). */
void posix_ranges_protect(struct posix_ranges *ranges, uint64_t start, uint64_t end,
                          uint32_t protection);
