/* SPDX-License-Identifier: MIT */
/*
 * One-way calls that wait for nobody. The function of a @oneway method waits until the server has
 * received it; through an outbox it is left in a queue of the server's:
 *
 *     struct qy_outbox outbox;
 *     status = qy_outbox_open(&outbox, session, deadline);
 *     status = qy_probe_note_post(&outbox, 5);
 *
 * 0: it will be worked on, if the server lives that long; in the order of this outbox, but not in
 * that of calls of the session. -EAGAIN: the queue is full; whoever does not post it again finds it
 * counted in `lost`. -EPEER_DIED: the server has gone, or has ended the session; an outbox can be
 * opened again.
 */
#pragma once

#include <quay/connection.h>
#include <quay/protocol.h>

#define QY_METHOD_INBOX 0x7ffffffbu
#define QY_INBOX_SLOTS  16u

struct qy_message;

struct qy_outbox {
    handle_t sender; /* HANDLE_INVALID: not open */
    uint64_t lost;
};

QY_C_BEGIN

/* 0, or a negative error number: -ENO_METHOD if the server takes no posts, -EQUOTA if it has no
 * room for another outbox. */
int64_t qy_outbox_open(struct qy_outbox *outbox, handle_t session, time_ns_t deadline);
int64_t qy_outbox_open_on(struct qy_outbox *outbox, struct qy_connection *connection,
                          time_ns_t deadline);

/* What was posted before still arrives, unless the session is closed first. */
void qy_outbox_close(struct qy_outbox *outbox);

/* For generated code. */
int64_t qy_outbox_post(struct qy_outbox *outbox, const struct qy_message *message);

QY_C_END
