/* SPDX-License-Identifier: MIT */
/*
 * A channel: a bounded queue of messages between two ends, for events and streams that do not wait
 * for whoever reads them.
 *
 *     sender --send--> | slot | slot | slot | ... --receive--> receiver
 *
 * - Each end is an object of its own, with its own signals: the sender is WRITABLE while a slot is
 *   free, the receiver READABLE while one is full, and either PEER_CLOSED once the last handle with
 *   SEND or RECV to the other has gone. Neither call blocks; who wants to wait waits for a signal.
 * - Slots are made with the channel and paid by its creator, so sending allocates nothing but room
 *   in the channel's handle table, which the creator pays too.
 * - The handles of a queued message are handles of that table: they stay in the derivation tree,
 *   count as handles of their object, and can be revoked. One that was arrives as HANDLE_INVALID.
 * - Ends of channels, rights to receive from a port, and jobs cannot be sent. What is left owns no
 *   queue, so queues never hold each other in a circle.
 * - The channel lock is held while handles move, and so ranks below all that moving takes.
 */
#pragma once

#include "cap/handle.h"
#include "cap/object.h"
#include "lib/compiler.h"

#define CHANNEL_BYTES_MAX (64ul * 4096) /* all slots together */

struct thread;
struct channel_slot;

struct channel {
    struct object sender, receiver;

    /* Fixed. */
    struct account *account;
    struct channel_slot *slots;
    uint32_t slot_count, slot_bytes;
    uint32_t payload_max, handle_max;
    uint8_t order; /* of the slots' frames */

    struct spinlock lock;

    /* Under the lock. */
    uint32_t first, used; /* full slots: from `first` on, round the end */
    bool sender_gone, receiver_gone;
    struct handle_table table;

    uint32_t ends; /* atomic: objects not destroyed yet */
    struct sync_node work;
};

/* Once at boot. */
void channel_init(void);

/* A channel for up to slot_count messages of up to payload_max bytes and handle_max handles.
 * Returns a reference to each end. -EINVAL (no slots, a message too large, more than
 * CHANNEL_BYTES_MAX in all), -ENOMEM. */
MUST_USE int channel_create(struct account *account, uint64_t slot_count, uint64_t payload_max,
                            uint64_t handle_max, struct channel **ret_channel);

/* Queues a message of the current thread, all or nothing: 0; -EAGAIN (full), -EPEER_DIED (nobody
 * can receive), -EMSGSIZE (larger than a slot), -EPERM (a handle that no channel carries), or
 * message.h's errors. */
MUST_USE int channel_send(struct object *sender, uint64_t header);

/* Takes the oldest message into the current thread's frame and buffer, all or nothing: 0; -EAGAIN
 * (empty), -EPEER_DIED (empty, and nobody can send), -ENO_BUFFER, -EMFILE, -ENOMEM. */
MUST_USE int channel_receive(struct object *receiver);
