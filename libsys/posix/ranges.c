/* SPDX-License-Identifier: MIT */
#include "ranges.h"
#include <quay/text.h>

size_t posix_ranges_find(const struct posix_ranges *ranges, uint64_t address)
{
    size_t low = 0;
    size_t high = ranges->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (ranges->at[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool posix_ranges_free(const struct posix_ranges *ranges, uint64_t start, uint64_t end)
{
    const size_t i = posix_ranges_find(ranges, start);

    return i == ranges->count || ranges->at[i].start >= end;
}

bool posix_ranges_covered(const struct posix_ranges *ranges, uint64_t start, uint64_t end)
{
    for (size_t i = posix_ranges_find(ranges, start); start < end; i++) {
        if (i == ranges->count || ranges->at[i].start > start) {
            return false;
        }
        start = ranges->at[i].end;
    }
    return true;
}

uint64_t posix_ranges_room(const struct posix_ranges *ranges, uint64_t size, uint64_t low,
                           uint64_t high)
{
    size_t i = posix_ranges_find(ranges, high);

    if (i < ranges->count && ranges->at[i].start < high) {
        high = ranges->at[i].start;
    }
    while (high >= low && high - low >= size) {
        const uint64_t below = i > 0 ? ranges->at[i - 1].end : 0;

        if (below <= high - size) {
            return high - size;
        }
        high = ranges->at[--i].start;
    }
    return 0;
}

bool posix_ranges_can_grow(const struct posix_ranges *ranges)
{
    return ranges->capacity - ranges->count >= 2;
}

static void insert(struct posix_ranges *ranges, size_t i, struct posix_range range)
{
    memmove(&ranges->at[i + 1], &ranges->at[i], (ranges->count - i) * sizeof range);
    ranges->at[i] = range;
    ranges->count++;
}

static void erase(struct posix_ranges *ranges, size_t i, size_t count)
{
    ranges->count -= count;
    memmove(&ranges->at[i], &ranges->at[i + count], (ranges->count - i) * sizeof ranges->at[0]);
}

/* Joins i with the one before it, if they are alike. */
static void join(struct posix_ranges *ranges, size_t i)
{
    if (i == 0 || i >= ranges->count) {
        return;
    }
    struct posix_range *before = &ranges->at[i - 1];
    const struct posix_range *range = &ranges->at[i];
    if (before->end == range->start && before->protection == range->protection &&
        before->flags == range->flags) {
        before->end = range->end;
        erase(ranges, i, 1);
    }
}

/* Makes `address` a border, if it lies within a range. The index of the first one from it on. */
static size_t split(struct posix_ranges *ranges, uint64_t address)
{
    const size_t i = posix_ranges_find(ranges, address);

    if (i == ranges->count || ranges->at[i].start >= address) {
        return i;
    }
    struct posix_range upper = ranges->at[i];
    upper.start = address;
    ranges->at[i].end = address;
    insert(ranges, i + 1, upper);
    return i + 1;
}

void posix_ranges_add(struct posix_ranges *ranges, struct posix_range range)
{
    const size_t i = posix_ranges_find(ranges, range.start);

    insert(ranges, i, range);
    join(ranges, i + 1);
    join(ranges, i);
}

void posix_ranges_remove(struct posix_ranges *ranges, uint64_t start, uint64_t end)
{
    const size_t first = split(ranges, start);

    erase(ranges, first, split(ranges, end) - first);
}

void posix_ranges_protect(struct posix_ranges *ranges, uint64_t start, uint64_t end,
                          uint32_t protection)
{
    const size_t first = split(ranges, start);
    const size_t behind = split(ranges, end);

    for (size_t i = first; i < behind; i++) {
        ranges->at[i].protection = protection;
    }
    for (size_t i = behind + 1; i-- > first;) {
        join(ranges, i);
    }
}
