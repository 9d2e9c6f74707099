/* SPDX-License-Identifier: MIT */
/*
 * Bit sets: one of 256 bits that finds its highest bit in constant time (ready priorities), and
 * plain arrays of 64-bit words of any length (CPU masks, allocation maps).
 *
 * Bit b lies in word b / 64 at position b % 64. None of this is atomic.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Position of the lowest or highest bit of a value that is not 0. */
static inline unsigned bit_lowest_u64(uint64_t value)
{
    return (unsigned)__builtin_ctzll(value);
}

static inline unsigned bit_highest_u64(uint64_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

static inline unsigned bit_count_u64(uint64_t value)
{
    unsigned count = 0;

    for (; value != 0; value &= value - 1) {
        count++;
    }
    return count;
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

static inline bool bitmap256_test(const struct bitmap256 *map, uint8_t bit)
{
    return (map->words[bit / 64] >> (bit % 64) & 1) != 0;
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

/* Number of words that hold `bit_count` bits. */
#define BITMAP_WORDS(bit_count) (((bit_count) + 63) / 64)

/* What the searches return when there is no such bit. */
#define BITMAP_NONE SIZE_MAX

static inline void bitmap_set(uint64_t *words, size_t bit)
{
    words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void bitmap_clear(uint64_t *words, size_t bit)
{
    words[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

static inline bool bitmap_test(const uint64_t *words, size_t bit)
{
    return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

/* First bit at or after `from`, below `bit_count`, for which word ^ `invert` is set. */
static inline size_t bitmap_scan(const uint64_t *words, size_t bit_count, size_t from,
                                 uint64_t invert)
{
    size_t index = from / 64;
    size_t bit;
    uint64_t word;

    if (from >= bit_count) {
        return BITMAP_NONE;
    }
    word = (words[index] ^ invert) & (UINT64_MAX << (from % 64));
    while (word == 0) {
        index++;
        if (index >= BITMAP_WORDS(bit_count)) {
            return BITMAP_NONE;
        }
        word = words[index] ^ invert;
    }
    bit = index * 64 + bit_lowest_u64(word);
    return bit < bit_count ? bit : BITMAP_NONE;
}

/* The lowest set bit in [from, bit_count), or BITMAP_NONE. */
static inline size_t bitmap_find_set(const uint64_t *words, size_t bit_count, size_t from)
{
    return bitmap_scan(words, bit_count, from, 0);
}

/* The lowest clear bit in [from, bit_count), or BITMAP_NONE. */
static inline size_t bitmap_find_clear(const uint64_t *words, size_t bit_count, size_t from)
{
    return bitmap_scan(words, bit_count, from, UINT64_MAX);
}
