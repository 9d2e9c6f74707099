/* SPDX-License-Identifier: MIT */
#include "blake2s.h"
#include <quay/text.h>

/* RFC 7693, 2.6. */
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* RFC 7693, 2.7. */
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t rotate_right(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static void mix(uint32_t *v, unsigned index, unsigned a, unsigned b, uint32_t x, uint32_t y)
{
    unsigned c = a + 8, d = 12 + (index & 3);
    if (index >= 4) { /* the diagonals */
        b = 4 + (a + 1) % 4;
        c = 8 + (a + 2) % 4;
        d = 12 + (a + 3) % 4;
    }
    v[a] += v[b] + x, v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d], v[b] = rotate_right(v[b] ^ v[c], 12);
    v[a] += v[b] + y, v[d] = rotate_right(v[d] ^ v[a], 8);
    v[c] += v[d], v[b] = rotate_right(v[b] ^ v[c], 7);
}

static void compress(struct blake2s *hash, uint32_t last)
{
    uint32_t m[16], v[16];
    memcpy(m, hash->block, sizeof m); /* little-endian, as this machine is */
    memcpy(v, hash->h, sizeof hash->h);
    memcpy(v + 8, initial, sizeof initial);
    v[12] ^= (uint32_t)hash->total_bytes;
    v[13] ^= (uint32_t)(hash->total_bytes >> 32);
    v[14] ^= last;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 8; i++) {
            mix(v, i, i & 3, 4 + (i & 3), m[sigma[round][2 * i]], m[sigma[round][2 * i + 1]]);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        hash->h[i] ^= v[i] ^ v[i + 8];
    }
}

void blake2s_init(struct blake2s *hash, const void *key, size_t key_bytes)
{
    *hash = (struct blake2s){0};
    memcpy(hash->h, initial, sizeof initial);
    hash->h[0] ^= 0x01010000u ^ (uint32_t)key_bytes << 8 ^ BLAKE2S_BYTES;
    if (key_bytes > 0) {
        memcpy(hash->block, key, key_bytes);
        hash->filled = sizeof hash->block;
    }
}

void blake2s_add(struct blake2s *hash, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0) {
        if (hash->filled == sizeof hash->block) { /* only when more comes: the last is marked */
            hash->total_bytes += sizeof hash->block;
            compress(hash, 0);
            hash->filled = 0;
        }
        size_t part = sizeof hash->block - hash->filled;
        part = part < size ? part : size;
        memcpy(hash->block + hash->filled, from, part);
        hash->filled += (uint32_t)part;
        from += part;
        size -= part;
    }
}

void blake2s_end(struct blake2s *hash, uint8_t ret_digest[BLAKE2S_BYTES])
{
    memset(hash->block + hash->filled, 0, sizeof hash->block - hash->filled);
    hash->total_bytes += hash->filled;
    compress(hash, UINT32_MAX);
    memcpy(ret_digest, hash->h, BLAKE2S_BYTES);
    *hash = (struct blake2s){0};
}
