/* SPDX-License-Identifier: MIT */
/*
 * Calls between processes. A server makes a port and mints sessions, each with a badge of its
 * choice; a client calls through a session and waits for the answer. The registers are described
 * in <quay/abi/ipc.h>.
 *
 * A message is a header (IPC_HEADER: method, payload length, handle count) and a payload: up to 64
 * bytes lie in `words`, a longer one in the payload area of the thread's message buffer
 * (qy_buffer). Handles to send, and those received, always lie in the message buffer.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/ipc.h>
#include <quay/abi/object.h>

struct qy_message {
    uint64_t header;
    uint64_t words[IPC_REGISTER_WORDS];
};

/* What a server holds between two receives. */
struct qy_received {
    uint64_t badge; /* of the session called; of a notice: its key */
    koid_t sender_job;
    uint64_t token; /* to answer with; 0: nothing to answer */
    struct qy_message message;
};

/* A port with room for token_count calls received and not yet answered. Returns a handle. */
static inline int64_t qy_port_create(handle_t job, uint32_t token_count)
{
    return qy_syscall2(SYS_port_create, job, token_count);
}

/* Sends *message, blocks for the answer and puts it into *message. Returns 0, or why there is no
 * answer: -EPEER_DIED, -ETIMEDOUT, -ETOKEN_DROPPED ... ; *message is then unspecified. */
int64_t qy_port_call(handle_t session, struct qy_message *message, time_ns_t deadline);

/* The same for a payload of at most 16 bytes, and an answer of at most 8, all in registers. */
struct qy_short_answer {
    int64_t header; /* or the negative of an error number */
    uint64_t word;
};
struct qy_short_answer qy_port_call_short(handle_t session, uint64_t word_0, uint64_t word_1,
                                          time_ns_t deadline, uint64_t header);

/* Answers the call of io->token with io->message (token 0: answers nothing), then blocks for the
 * next call or notice. Returns RECEIVED_CALL or RECEIVED_NOTICE and fills *io, or a negative error
 * number. Of a notice: badge = key, words[0] = signals, words[1] = how often. */
int64_t qy_port_reply_receive(handle_t port, struct qy_received *io, time_ns_t deadline);

/* The same again and again, as long as only calls come; `dispatch` makes the answer of each. Then
 * it returns RECEIVED_NOTICE, or a negative error number: io->in.token is that of the answer that
 * was not sent, if any. (A struct qy_request begins with its struct qy_received.) */
struct qy_request;
int64_t qy_port_serve(handle_t port, struct qy_request *io, time_ns_t deadline,
                      int64_t (*dispatch)(struct qy_request *io));

/* Answers a call without waiting. -ETOKEN_STALE if its caller has gone. */
int64_t qy_port_reply(handle_t port, uint64_t token, const struct qy_message *message);

/* Gives a call up; its caller gets -ETOKEN_DROPPED. */
static inline int64_t qy_token_drop(handle_t port, uint64_t token)
{
    return qy_syscall2(SYS_token_drop, port, token);
}

/*
 * Leases: a call may lend up to IPC_LEASES_MAX ranges of the caller's memory until it ends. The
 * caller puts them into its message buffer with qy_lease_set and adds IPC_LEASES(count) to the
 * header; the server copies with these two, any size, `offset` being that in the lease. They return
 * 0 when all was copied, -ETOKEN_STALE when the call has ended meanwhile, -EINVAL for a lease that
 * the call does not have, -EACCES when it was not lent in this direction, -ERANGE beyond its end,
 * -EFAULT for our own memory, -ELEASE for the lender's, -EPAGER if a page of it has to come from a
 * pager first (what was copied before stays).
 */
int64_t qy_lease_read(handle_t port, uint64_t token, uint32_t index, uint64_t offset, void *to,
                      uint64_t size);
int64_t qy_lease_write(handle_t port, uint64_t token, uint32_t index, uint64_t offset,
                       const void *from, uint64_t size);

/* status = 0, second = size in bytes, third = LEASE_* flags. */
static inline struct qy_result qy_lease_info(handle_t port, uint64_t token, uint32_t index)
{
    return qy_syscall_full(SYS_lease_info, port, token, index, 0, 0, 0);
}

static inline void qy_lease_set(struct message_buffer *buffer, uint32_t index, const void *memory,
                                uint64_t size, uint32_t flags)
{
    buffer->leases[index].address = (uint64_t)(uintptr_t)memory;
    buffer->leases[index].size = size;
    buffer->leases[index].flags = flags;
    buffer->leases[index].reserved = 0;
}

/* status = owner handle (revoke it to end the session), second = client handle. call_limit bounds
 * the calls of this session that are queued or not answered at a time (one more: -EQUOTA); 0: as
 * many as the port has tokens. */
static inline struct qy_result qy_session_create(handle_t port, uint64_t badge, uint32_t call_limit)
{
    return qy_syscall_full(SYS_session_create, port, badge, call_limit, 0, 0, 0);
}

/* Delivers an object's signals to the port as notices with this key. Needs BIND and WAIT. */
static inline int64_t qy_port_bind(handle_t port, handle_t object, signals_t signals, uint64_t key)
{
    return qy_syscall4(SYS_port_bind, port, object, signals, key);
}

/* Ends a binding. */
static inline int64_t qy_port_unbind(handle_t port, handle_t object)
{
    return qy_syscall2(SYS_port_unbind, port, object);
}

/* Delivers a notice with key 0 and these bits. Needs NOTIFY. */
static inline int64_t qy_port_notify(handle_t port, uint64_t bits)
{
    return qy_syscall2(SYS_port_notify, port, bits);
}
