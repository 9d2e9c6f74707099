/* SPDX-License-Identifier: MIT */
/* The block function of ChaCha20 (RFC 8439, 2.3). Pure. */
#pragma once

#include <stdint.h>

#define CHACHA20_KEY_BYTES   32
#define CHACHA20_BLOCK_BYTES 64

void chacha20_block(const uint8_t key[CHACHA20_KEY_BYTES], uint32_t counter,
                    const uint8_t nonce[12], uint8_t ret_block[CHACHA20_BLOCK_BYTES]);
