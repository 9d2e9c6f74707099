/* SPDX-License-Identifier: MIT */
/*
 * Channels: bounded queues of messages, for events and streams that do not wait for their reader.
 * The messages are those of <quay/port.h>. Neither end blocks in send and receive; the sender shows
 * SIGNAL_WRITABLE while there is room, the receiver SIGNAL_READABLE while there is a message, and
 * both SIGNAL_PEER_CLOSED: qy_object_wait and qy_port_bind wait for these.
 */
#pragma once

#include <quay/handle.h>
#include <quay/port.h>

/* status = sender, second = receiver. Room for slot_count messages of up to payload_max_bytes (at
 * most 4096) and handle_max handles (at most 16) each; 256 KiB in all. */
static inline struct qy_result qy_channel_create(handle_t job, uint64_t slot_count,
                                                 uint64_t payload_max_bytes, uint64_t handle_max)
{
    return qy_syscall_full(SYS_channel_create, job, slot_count, payload_max_bytes, handle_max, 0,
                           0);
}

/* Queues *message: 0, -EAGAIN when the channel is full, -EPEER_DIED when nobody can receive. */
int64_t qy_channel_send(handle_t sender, const struct qy_message *message);

/* Takes the oldest message: 0, -EAGAIN when there is none, -EPEER_DIED when none will come. */
int64_t qy_channel_receive(handle_t receiver, struct qy_message *message);

/* The same, and blocks until there is one; also -ETIMEDOUT. */
int64_t qy_channel_receive_wait(handle_t receiver, struct qy_message *message, time_ns_t deadline);
