/* SPDX-License-Identifier: MIT */
/* A ring of bytes in a fixed buffer whose size is a power of two. Positions run freely. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_SIZE 16384u

struct queue {
    uint32_t head; /* next to take */
    uint32_t tail; /* next to put */
    uint8_t bytes[QUEUE_SIZE];
};

static inline uint32_t queue_used(const struct queue *queue)
{
    return queue->tail - queue->head;
}

static inline uint32_t queue_room(const struct queue *queue)
{
    return QUEUE_SIZE - queue_used(queue);
}

/* There must be room. */
static inline void queue_put(struct queue *queue, uint8_t byte)
{
    queue->bytes[queue->tail % QUEUE_SIZE] = byte;
    /* In this order, so that a driver killed in between has not sent what is not there. */
    __atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
}

/* There must be something. */
static inline uint8_t queue_take(struct queue *queue)
{
    return queue->bytes[queue->head++ % QUEUE_SIZE];
}
