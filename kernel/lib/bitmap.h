/* SPDX-License-Identifier: MIT */
/*
 * A set of 256 bits that finds its highest bit in constant time (ready priorities). Bit b lies in
 * word b / 64 at position b % 64. None of this is atomic.
 */
#pragma once

#include <stdint.h>

/* Position of the lowest or highest bit of a value that is not 0. */
static inline unsigned bit_lowest_u64(uint64_t value)
{
    return (unsigned)__builtin_ctzll(value);
}

static inline unsigned bit_highest_u64(uint64_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

/* Bit w of `summary` is set exactly when words[w] is not 0. All zero is the empty set. */
struct bitmap256 {
    uint64_t summary;
    uint64_t words[4];
};

static inline void bitmap256_set(struct bitmap256 *map, uint8_t bit)
{
    map->words[bit / 64] |= (uint64_t)1 << (bit % 64);
    map->summary |= (uint64_t)1 << (bit / 64);
}

static inline void bitmap256_clear(struct bitmap256 *map, uint8_t bit)
{
    map->words[bit / 64] &= ~((uint64_t)1 << (bit % 64));
    if (map->words[bit / 64] == 0) {
        map->summary &= ~((uint64_t)1 << (bit / 64));
    }
}

/* The highest bit that is set, -1 if none is. */
static inline int bitmap256_highest(const struct bitmap256 *map)
{
    unsigned word;

    if (map->summary == 0) {
        return -1;
    }
    word = bit_highest_u64(map->summary);
    return (int)(word * 64 + bit_highest_u64(map->words[word]));
}
