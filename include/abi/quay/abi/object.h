/* SPDX-License-Identifier: MIT */
/*
 * Object types, rights and signals.
 *
 * A right is needed for a kind of operation, whatever the object; bits 16 and up mean something
 * else for each type, which keeps the check one comparison. handle_dup can only take rights away.
 */
#pragma once

#include <quay/abi/types.h>

enum object_type {
    OBJECT_NONE = 0,
    OBJECT_JOB = 1,
    OBJECT_PROCESS = 2,
    OBJECT_THREAD = 3,
    OBJECT_ASPACE = 4,
    OBJECT_MEMORY = 5,
    OBJECT_PORT = 6,
    OBJECT_SESSION = 7,
    OBJECT_EVENT = 8,
    OBJECT_TIMER = 9,
    OBJECT_IRQ = 10,
    OBJECT_IO = 11,
    OBJECT_RESOURCE = 12,
    OBJECT_CHANNEL_SENDER = 13,
    OBJECT_CHANNEL_RECEIVER = 14,
    OBJECT_TYPE_COUNT = 15,
};

/* Rights that every type knows. */
#define RIGHT_DUP      (1u << 0) /* handle_dup, and copying in a message */
#define RIGHT_TRANSFER (1u << 1) /* may leave the process */
#define RIGHT_WAIT     (1u << 2) /* object_wait, and binding to a port */
#define RIGHT_INSPECT  (1u << 3) /* *_info */
#define RIGHTS_BASIC   (RIGHT_DUP | RIGHT_TRANSFER | RIGHT_WAIT | RIGHT_INSPECT)

/* Job, process, thread. */
#define RIGHT_MANAGE      (1u << 16)
#define RIGHT_CREATE      (1u << 17) /* job: make processes and child jobs in it */
#define RIGHT_READ_STATE  (1u << 18)
#define RIGHT_WRITE_STATE (1u << 19)

/* Address space. */
#define RIGHT_MAP (1u << 16)

/* Memory. */
#define RIGHT_READ   (1u << 16)
#define RIGHT_WRITE  (1u << 17)
#define RIGHT_EXEC   (1u << 18)
#define RIGHT_RESIZE (1u << 19)

/* Port. */
#define RIGHT_RECV   (1u << 16)
#define RIGHT_MINT   (1u << 17)
#define RIGHT_NOTIFY (1u << 18)
#define RIGHT_BIND   (1u << 19)

/* Session. */
#define RIGHT_CALL (1u << 16)

/* The ends of a channel; the receiver's is RIGHT_RECV. */
#define RIGHT_SEND (1u << 16)

/* Event, timer, irq, io. */
#define RIGHT_SIGNAL (1u << 16)
#define RIGHT_SET    (1u << 16)
#define RIGHT_ACK    (1u << 16)
#define RIGHT_USE    (1u << 16)

/* Resource: which kinds of authority may be minted from it. */
#define RIGHT_MINT_IRQ    (1u << 16)
#define RIGHT_MINT_IO     (1u << 17)
#define RIGHT_MINT_MEMORY (1u << 18) /* physical memory */
#define RIGHT_SYSTEM_INFO (1u << 19) /* system_info, log_read, log_bind */
#define RIGHT_POWER       (1u << 20) /* system_halt */
#define RIGHT_TRACE       (1u << 21) /* trace_open, trace_control, trace_filter: sees all messages */

/* All rights of a type: what the first handle to a new object has. */
#define RIGHTS_JOB              (RIGHTS_BASIC | RIGHT_MANAGE | RIGHT_CREATE)
#define RIGHTS_PROCESS          (RIGHTS_BASIC | RIGHT_MANAGE | RIGHT_READ_STATE | RIGHT_WRITE_STATE)
#define RIGHTS_THREAD           (RIGHTS_BASIC | RIGHT_MANAGE | RIGHT_READ_STATE | RIGHT_WRITE_STATE)
#define RIGHTS_ASPACE           (RIGHTS_BASIC | RIGHT_MAP)
#define RIGHTS_MEMORY           (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_RESIZE)
#define RIGHTS_PORT             (RIGHTS_BASIC | RIGHT_RECV | RIGHT_MINT | RIGHT_NOTIFY | RIGHT_BIND)
#define RIGHTS_SESSION          (RIGHTS_BASIC | RIGHT_CALL)
#define RIGHTS_CHANNEL_SENDER   (RIGHTS_BASIC | RIGHT_SEND)
#define RIGHTS_CHANNEL_RECEIVER (RIGHTS_BASIC | RIGHT_RECV)
#define RIGHTS_EVENT            (RIGHTS_BASIC | RIGHT_SIGNAL)
#define RIGHTS_TIMER            (RIGHTS_BASIC | RIGHT_SET)
#define RIGHTS_IRQ              (RIGHTS_BASIC | RIGHT_ACK)
#define RIGHTS_IO               (RIGHTS_BASIC | RIGHT_USE)
#define RIGHTS_RESOURCE                                                                            \
    (RIGHTS_BASIC | RIGHT_MINT_IRQ | RIGHT_MINT_IO | RIGHT_MINT_MEMORY | RIGHT_SYSTEM_INFO |       \
     RIGHT_POWER | RIGHT_TRACE)

#define RIGHTS_SAME UINT32_MAX /* keep all that the handle has */

/* Signals: level-triggered states of an object. */
#define SIGNAL_READABLE      (1u << 0) /* receiver of a channel: there is a message */
#define SIGNAL_PEER_CLOSED   (1u << 1) /* session: its port is gone; channel: the other end is */
#define SIGNAL_EXITED        (1u << 2) /* process, thread */
#define SIGNAL_FIRED         (1u << 3) /* timer, irq */
#define SIGNAL_NO_PROCESSES  (1u << 4) /* job */
#define SIGNAL_LOW_MEMORY    (1u << 5) /* job: less is left than JOB_MEMORY_LOW */
#define SIGNAL_USER          (1u << 6) /* event: any of its 64 bits is set */
#define SIGNAL_ZERO_CHILDREN (1u << 7) /* memory: it has no clones */
#define SIGNAL_WRITABLE      (1u << 7) /* sender of a channel: there is room */

#define SIGNAL_SUSPENDED (1u << 8) /* thread: it has stopped, and waits for thread_suspend(0) */

/* handle_info, in registers: rax = type, rdx = rights, rdi = koid (syscalls.def). */
