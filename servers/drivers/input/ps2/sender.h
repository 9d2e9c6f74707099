/* SPDX-License-Identifier: MIT */
/*
 * Bytes for the keyboard, which acknowledges each of them (FA), wants it again (FE), or says
 * nothing; then the whole command is given up. A command is a byte and perhaps its parameter.
 *
 *   idle --sender_next--> waiting --FA--> idle
 *                         waiting --FE, time-out--> idle: again, SENDER_TRIES times
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SENDER_BYTES 16u /* a power of two */
#define SENDER_TRIES 3u

struct sender {
    uint8_t bytes[SENDER_BYTES];
    uint8_t is_first[SENDER_BYTES]; /* a command begins with this byte */
    uint32_t head, tail;            /* run freely: tail to head is to be sent */
    bool is_waiting;                /* for the acknowledgement of the byte at tail */
    uint32_t tries;
    uint64_t failures;
};

/* Appends a command of two bytes, if there is room. */
bool sender_add(struct sender *sender, uint8_t command, uint8_t parameter);

/* Whether a byte is to be sent now, which is then waited for. */
bool sender_next(struct sender *sender, uint8_t *ret_byte);

/* A byte has come from the keyboard: whether it was an answer, and so no key. */
bool sender_received(struct sender *sender, uint8_t byte);

/* No answer has come in time. */
void sender_timed_out(struct sender *sender);
