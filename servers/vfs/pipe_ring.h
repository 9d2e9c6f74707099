/* SPDX-License-Identifier: MIT */
/*
 * The bytes in a pipe: a ring that grows up to its limit while it is written. Pure.
 *
 *   bytes[first], bytes[first + 1], ... (modulo capacity), `count` of them
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PIPE_LIMIT  65536u
#define PIPE_ATOMIC 4096u /* up to so many bytes are written as one piece */

struct pipe_ring {
    uint8_t *bytes;
    uint32_t capacity, first, count;
};

/* How many more bytes could be there. */
static inline uint32_t pipe_ring_room(const struct pipe_ring *ring)
{
    return PIPE_LIMIT - ring->count;
}

/* Where up to *ret_size bytes can be put, in one piece; makes room for `wanted` if it can. NULL:
 * there is no room, or no memory. */
uint8_t *pipe_ring_tail(struct pipe_ring *ring, uint32_t wanted, uint32_t *ret_size);
void pipe_ring_put(struct pipe_ring *ring, uint32_t size); /* so many were */

/* What comes next, in one piece. */
const uint8_t *pipe_ring_head(const struct pipe_ring *ring, uint32_t *ret_size);
void pipe_ring_take(struct pipe_ring *ring, uint32_t size);

void pipe_ring_fini(struct pipe_ring *ring);
