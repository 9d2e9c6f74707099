/* SPDX-License-Identifier: MIT */
/*
 * The message registers of port_call and port_reply_receive. This table is the contract: the
 * entry code, libsys and the tests are written from it. The two calls preserve nothing but the
 * stack pointer; whatever a register carries out is either listed here or zero.
 *
 *   register  port_call in    port_call out  port_reply_receive in   port_reply_receive out
 *   --------  --------------  -------------  ----------------------  --------------------------
 *   rax       call number     status         call number             RECEIVED_* or -errno
 *   rdi       session handle  0              port handle             badge, or a notice's key
 *   rsi       header          reply header   reply header            header
 *   rdx       deadline        0              deadline                koid of the sender's job
 *   r10       0 (reserved)    0              token to answer, or 0   token of the call received
 *   rbx       payload 0       payload 0      payload 0               payload 0, notice: signals
 *   rbp       payload 1       payload 1      payload 1               payload 1, notice: count
 *   r12..r15  payload 2..5    payload 2..5   payload 2..5            payload 2..5
 *   r8, r9    payload 6, 7    payload 6, 7   payload 6, 7            payload 6, 7
 *   rcx, r11  taken by the syscall instruction itself
 *
 * A message of up to 64 bytes without handles travels in the payload registers alone; of these,
 * words beyond the stated length carry whatever the sender left in them, so a sender that cares
 * clears them. A longer payload lies in the sender's message buffer and arrives in the receiver's;
 * all eight words are then beyond it.
 * With it, or with handles, come the flow id, the sender's job and the kernel-checked handle types
 * and rights in the receiver's buffer; a message that travels in registers leaves the buffer as it
 * was. When a call returns an error, the registers beside rax mean nothing; of
 * -EINTR from port_reply_receive, which has done nothing, all are as they were.
 *
 * Header, low bits first: method ordinal (32), payload length in bytes (16), handle count (8),
 * lease count (3, of a call only), IPC_CANCEL_FIRST (1, of a call only; the receiver
 * does not see it), flags (4, must be 0).
 *
 * A lease is a range of the caller's memory that the receiver may read or write, with lease_read
 * and lease_write, until the call has ended. Its ranges stand in the caller's message buffer.
 */
#pragma once

#include <quay/abi/redirect.h>
#include <quay/abi/types.h>

#define IPC_REGISTER_WORDS 8
#define IPC_REGISTER_BYTES 64u
#define IPC_PAYLOAD_MAX    4096u
#define IPC_HANDLES_MAX    16u

#define IPC_HEADER(method, length_bytes, handle_count)                                             \
    ((uint64_t)(uint32_t)(method) | (uint64_t)(length_bytes) << 32 | (uint64_t)(handle_count) << 48)
#define IPC_HEADER_METHOD(header)  ((uint32_t)(header))
#define IPC_HEADER_LENGTH(header)  ((uint32_t)((header) >> 32) & 0xffffu)
#define IPC_HEADER_HANDLES(header) ((uint32_t)((header) >> 48) & 0xffu)
#define IPC_HEADER_LEASES(header)  ((uint32_t)((header) >> 56) & 0x7u)
#define IPC_HEADER_FLAGS(header)   ((uint32_t)((header) >> 60))

/* A header with leases as well. */
#define IPC_LEASES_MAX    4u
#define IPC_LEASES(count) ((uint64_t)(count) << 56)

/* In the header of a call: at its deadline the server is asked to cancel, and the caller goes on
 * waiting for an answer, leases and all, for IPC_CANCEL_GRACE_NS more. */
#define IPC_CANCEL_FIRST    (1ul << 59)
#define IPC_CANCEL_GRACE_NS 1000000000l

/* What port_reply_receive returns in rax when it is not an error. */
#define RECEIVED_CALL   0
#define RECEIVED_NOTICE 1 /* rdi = key given to port_bind or port_notify */

/* Keys from here up are the kernel's own notices. */
#define NOTICE_SESSION_CLOSED (1u << 31) /* in the signals word; the key is the session's badge */
#define NOTICE_PAGE_FAULT     (1u << 28) /* key given to memory_pager; second word = offset */
#define NOTICE_CALL_CANCELLED (1u << 30) /* key = token; its caller has gone: answer or drop */
#define NOTICE_CANCEL_REQUESTED                                                                    \
    (1u << 29) /* key = token; its caller waits, but not for long: answer with what was done */

/* How a handle travels in a message. */
#define HANDLE_MOVE 0u
#define HANDLE_COPY 1u

struct message_handle {
    handle_t handle;    /* in: the sender's; out: the receiver's */
    rights_t rights;    /* in: at most these (RIGHTS_SAME: all it has); out: what it carries */
    uint16_t operation; /* in: HANDLE_MOVE or HANDLE_COPY */
    uint16_t type;      /* out: enum object_type */
};

/* Memory lent for the length of a call. */
#define LEASE_READ  1u /* the receiver may read it */
#define LEASE_WRITE 2u /* it may write it */

struct message_lease {
    uint64_t address;
    uint64_t size; /* bytes */
    uint32_t flags;
    uint32_t reserved;
};

/* The message buffer: two pages, made and mapped by thread_buffer, reached by the kernel without
 * page faults. The same place serves sending, receiving, and results too long for registers. */
struct message_buffer {
    uint64_t flow_id;
    koid_t sender_job;
    uint64_t reserved[6];
    struct message_handle handles[IPC_HANDLES_MAX];
    struct message_lease leases[IPC_LEASES_MAX]; /* in: of a call; the kernel writes nothing here */
    uint8_t
        pad[PAGE_SIZE - 64 - 16 * IPC_HANDLES_MAX - 24 * IPC_LEASES_MAX - sizeof(struct redirect)];
    struct redirect redirect; /* of a thread that redirects: redirect.h */
    uint8_t payload[IPC_PAYLOAD_MAX];
};

#define MESSAGE_BUFFER_SIZE (2 * PAGE_SIZE)

_Static_assert(sizeof(struct message_handle) == 16, "message_handle layout");
_Static_assert(sizeof(struct message_lease) == 24, "message_lease layout");
_Static_assert(sizeof(struct message_buffer) == MESSAGE_BUFFER_SIZE, "message_buffer layout");
_Static_assert(offsetof(struct message_buffer, handles) == 64, "message_buffer.handles");
_Static_assert(offsetof(struct message_buffer, payload) == PAGE_SIZE, "message_buffer.payload");
