/* SPDX-License-Identifier: MIT */
/*
 * Copying a message from one thread to another. Neither runs: one is current in this entry or both
 * are owned, so frames and buffers hold still; but the buffers are mapped by programs whose other
 * threads may scribble in them at any time, so what is checked is copied first.
 */
#pragma once

#include <quay/abi/ipc.h>
#include "sched/thread.h"

/* Whether the sender can send this: -EINVAL (flags), -EMSGSIZE (length, handles), -ENO_BUFFER, or
 * an error of one of its handles. */
MUST_USE int message_check(struct thread *sender, uint64_t header);

/* Whether the receiver has room for it: 0 or -ENO_BUFFER. */
MUST_USE int message_fits(const struct thread *receiver, uint64_t header);

/* Copies payload and handles, all or nothing: 0, -ENOMEM or -EMFILE (the receiver's table), -ERETRY
 * (a revoke was under way; do the call again), or an error of a handle that has changed since
 * message_check. */
MUST_USE int message_transfer(struct thread *sender, struct thread *receiver, uint64_t header);

/* Copies a payload of more than IPC_REGISTER_BYTES from buffer to buffer, or nothing (0), and says
 * from whom it is. Both have buffers. */
void message_copy(const struct thread *sender, struct thread *receiver, uint32_t length);

/* Moves or copies handles from one table to another, all or none: in, what is wanted; out, what has
 * arrived, or nothing of use. Errors as message_transfer. */
MUST_USE int handles_transfer(struct handle_table *from, struct handle_table *to,
                              struct message_handle *handles, unsigned count);

/* Reads the handles that a message names out of the sender's buffer, each once. */
void message_handles_read(const struct thread *thread, struct message_handle *handles,
                          unsigned count);
