/* SPDX-License-Identifier: MIT */
#include "sender.h"
#include "ps2_regs.h"

#define MASK (SENDER_BYTES - 1)

bool sender_add(struct sender *sender, uint8_t command, uint8_t parameter)
{
    if (sender->head - sender->tail > SENDER_BYTES - 2) {
        return false;
    }
    sender->bytes[sender->head & MASK] = command;
    sender->is_first[sender->head++ & MASK] = true;
    sender->bytes[sender->head & MASK] = parameter;
    sender->is_first[sender->head++ & MASK] = false;
    return true;
}

bool sender_next(struct sender *sender, uint8_t *ret_byte)
{
    if (sender->is_waiting || sender->head == sender->tail) {
        return false;
    }
    sender->is_waiting = true;
    *ret_byte = sender->bytes[sender->tail & MASK];
    return true;
}

/* Once more, or not at all: then its parameter is not sent either. */
static void retry(struct sender *sender)
{
    sender->is_waiting = false;
    if (++sender->tries < SENDER_TRIES) {
        return;
    }
    sender->tries = 0;
    sender->failures++;
    do {
        sender->tail++;
    } while (sender->tail != sender->head && !sender->is_first[sender->tail & MASK]);
}

bool sender_received(struct sender *sender, uint8_t byte)
{
    if (!sender->is_waiting || (byte != PS2_ACKNOWLEDGE && byte != PS2_RESEND)) {
        return false;
    }
    if (byte == PS2_RESEND) {
        retry(sender);
        return true;
    }
    sender->is_waiting = false;
    sender->tries = 0;
    sender->tail++;
    return true;
}

void sender_timed_out(struct sender *sender)
{
    if (sender->is_waiting) {
        retry(sender);
    }
}
