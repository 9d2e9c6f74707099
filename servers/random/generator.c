/* SPDX-License-Identifier: MIT */
#include "generator.h"
#include <quay/text.h>

void generator_init(struct generator *generator)
{
    *generator = (struct generator){0};
    blake2s_init(&generator->pool, NULL, 0);
}

void generator_add(struct generator *generator, const void *bytes, size_t size, uint32_t bits)
{
    blake2s_add(&generator->pool, bytes, size);
    uint32_t room = GENERATOR_BITS - generator->gathered_bits;
    generator->gathered_bits += bits < room ? bits : room;
}

bool generator_reseed(struct generator *generator)
{
    uint8_t digest[BLAKE2S_BYTES];
    struct blake2s next;
    if (generator->gathered_bits < GENERATOR_BITS) {
        return false;
    }
    blake2s_end(&generator->pool, digest);
    blake2s_init(&next, generator->key, sizeof generator->key);
    blake2s_add(&next, digest, sizeof digest);
    blake2s_end(&next, generator->key);
    memset(digest, 0, sizeof digest);
    blake2s_init(&generator->pool, NULL, 0);
    generator->gathered_bits = 0;
    generator->is_seeded = true;
    generator->reseeds++;
    return true;
}

void generator_make(struct generator *generator, void *ret_bytes, size_t size)
{
    static const uint8_t nonce[12];
    uint8_t block[CHACHA20_BLOCK_BYTES], key[CHACHA20_KEY_BYTES];
    uint8_t *to = ret_bytes;
    uint32_t counter = 0;
    memcpy(key, generator->key, sizeof key);
    generator->given_bytes += size;
    chacha20_block(key, counter++, nonce, block);
    memcpy(generator->key, block, sizeof generator->key);
    const uint8_t *from = block + sizeof generator->key; /* the rest of the first block */
    size_t left = sizeof block - sizeof generator->key;
    while (size > 0) {
        if (left == 0) {
            chacha20_block(key, counter++, nonce, block);
            from = block;
            left = sizeof block;
        }
        size_t part = left < size ? left : size;
        memcpy(to, from, part);
        to += part, from += part;
        size -= part, left -= part;
    }
    memset(key, 0, sizeof key);
    memset(block, 0, sizeof block);
    __asm__ volatile("" : : "r"(key), "r"(block) : "memory"); /* or the compiler leaves these out */
}
