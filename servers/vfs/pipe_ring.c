/* SPDX-License-Identifier: MIT */
#include "pipe_ring.h"
#include <quay/heap.h>
#include <quay/text.h>

#define FIRST_CAPACITY 1024u

static bool grow(struct pipe_ring *ring, uint32_t needed)
{
    uint32_t capacity = ring->capacity > 0 ? ring->capacity : FIRST_CAPACITY;
    while (capacity < needed && capacity < PIPE_LIMIT) {
        capacity *= 2;
    }
    if (capacity == ring->capacity) {
        return true;
    }
    uint8_t *bytes = qy_alloc(capacity);
    if (bytes == NULL) {
        return false;
    }
    for (uint32_t done = 0; done < ring->count;) {
        uint32_t size;
        struct pipe_ring rest = *ring;
        rest.first = (ring->first + done) % ring->capacity;
        rest.count = ring->count - done;
        memcpy(bytes + done, pipe_ring_head(&rest, &size), size);
        done += size;
    }
    qy_free(ring->bytes);
    ring->bytes = bytes;
    ring->capacity = capacity;
    ring->first = 0;
    return true;
}

uint8_t *pipe_ring_tail(struct pipe_ring *ring, uint32_t wanted, uint32_t *ret_size)
{
    uint32_t room = pipe_ring_room(ring);
    wanted = wanted < room ? wanted : room;
    *ret_size = 0;
    if (!grow(ring, ring->count + wanted) && ring->capacity == 0) {
        return NULL;
    }
    if (ring->count == ring->capacity || wanted == 0) {
        return NULL;
    }
    uint32_t tail = (ring->first + ring->count) % ring->capacity;
    uint32_t end = tail >= ring->first ? ring->capacity : ring->first;
    *ret_size = wanted < end - tail ? wanted : end - tail;
    return ring->bytes + tail;
}

void pipe_ring_put(struct pipe_ring *ring, uint32_t size)
{
    ring->count += size;
}

const uint8_t *pipe_ring_head(const struct pipe_ring *ring, uint32_t *ret_size)
{
    uint32_t straight = ring->capacity - ring->first;
    *ret_size = ring->count < straight ? ring->count : straight;
    return ring->bytes + ring->first;
}

void pipe_ring_take(struct pipe_ring *ring, uint32_t size)
{
    ring->count -= size;
    ring->first = ring->count == 0 ? 0 : (ring->first + size) % ring->capacity;
}

void pipe_ring_fini(struct pipe_ring *ring)
{
    qy_free(ring->bytes);
}
