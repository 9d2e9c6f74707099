/* SPDX-License-Identifier: MIT */
/* BLAKE2s with a result of 32 bytes, with or without a key (RFC 7693). Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_BYTES 32

struct blake2s {
    uint32_t h[8];
    uint64_t total_bytes; /* that were compressed */
    uint8_t block[64];
    uint32_t filled;
};

/* key_bytes: 0, or at most 32. */
void blake2s_init(struct blake2s *hash, const void *key, size_t key_bytes);
void blake2s_add(struct blake2s *hash, const void *bytes, size_t size);
void blake2s_end(struct blake2s *hash, uint8_t ret_digest[BLAKE2S_BYTES]);
