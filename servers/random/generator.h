/* SPDX-License-Identifier: MIT */
/*
 * The generator: a pool that entropy is hashed into, and a key that numbers are made from.
 *
 *   samples --BLAKE2s--> pool --(256 bits are there)--> key --ChaCha20--> next key | numbers
 *
 * Every output begins with the next key, so whoever sees the state later cannot compute what was
 * given before; new entropy replaces the key, so whoever saw it before cannot compute what comes
 * (Linux's random.c has the same form). All zero but for the pool: not seeded. Pure.
 */
#pragma once

#include "blake2s.h"
#include "chacha20.h"
#include <stdbool.h>

#define GENERATOR_BITS 256 /* that are needed to seed it */

struct generator {
    struct blake2s pool;
    uint8_t key[CHACHA20_KEY_BYTES];
    uint32_t gathered_bits; /* in the pool, at most GENERATOR_BITS */
    bool is_seeded;
    uint64_t reseeds, given_bytes;
};

void generator_init(struct generator *generator);

/* Mixes bytes into the pool, of which `bits` are taken to be unpredictable. */
void generator_add(struct generator *generator, const void *bytes, size_t size, uint32_t bits);

/* Makes a new key, of the old one and the pool, if the pool has enough. Whether it did. */
bool generator_reseed(struct generator *generator);

/* Makes `size` bytes; it must be seeded. */
void generator_make(struct generator *generator, void *ret_bytes, size_t size);
