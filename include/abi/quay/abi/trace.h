/* SPDX-License-Identifier: MIT */
/*
 * Trace records: what the kernel notes of messages, switches, faults and so on, while their kind is
 * switched on, into a ring per CPU that programs map read-only.
 *
 *     page 0: struct trace_head | ring of CPU 0 | ring of CPU 1 | ...
 *
 * written[cpu] counts the records that this CPU ever wrote: record n lies at n % capacity of its
 * ring, and is complete when written[cpu] is above n. A reader copies records, then reads
 * written[cpu] again: those at or below written[cpu] - capacity + TRACE_DATA_MAX may have been
 * overwritten while it copied, and are lost.
 *
 * A message is two records of the same flow: where it is sent and where it is received. Behind a
 * record whose data_count is not 0 lie so many struct trace_data of the same CPU: the first bytes
 * of the payload. A call that was refused before anything was sent leaves none.
 *
 * A flow is the koid of the thread that began it << 32 | that of its process.
 */
#pragma once

#include <quay/abi/types.h>

/* Fields that are not named here are 0 or mean nothing. `thread` did it; `flow` is what it worked
 * for. */
enum trace_kind {
    TRACE_DATA = 0, /* a struct trace_data */

    TRACE_CALL = 1,          /* object: port; badge, method, length; value: deadline */
    TRACE_CALL_RECEIVED = 2, /* object: port; badge, method, length; value: thread that called */
    TRACE_REPLY = 3,         /* object: port; badge, method as called; status, length; value: thread
                                that called */
    TRACE_REPLY_RECEIVED = 4,  /* the same; also of calls that failed on their way */
    TRACE_NOTICE = 5,          /* object: port; badge: key; value: signals */
    TRACE_CHANNEL_SEND = 6,    /* object: channel (its sender); method, length */
    TRACE_CHANNEL_RECEIVE = 7, /* object: channel; method, length */
    TRACE_SWITCH = 8,          /* thread runs from now on (0: idle); object: who ran before;
                                  value: its enum thread_state */
    TRACE_FAULT = 9,      /* object: rip; value: address, or error code; method: vector; status */
    TRACE_INTERRUPT = 10, /* method: vector */
    TRACE_PROCESS_START = 11, /* object: process; badge: job; the name is its data */
    TRACE_PROCESS_END = 12,   /* object: process; value: exit code */
    TRACE_THREAD_START = 13,  /* object: thread; badge: its process */
    TRACE_THREAD_END = 14,    /* object: thread; badge: its process */
    TRACE_HANDLE = 15,        /* object; method: enum trace_handle_change; value: handle */
    TRACE_LOCK_WAIT = 16,     /* object: who asks (address); value: the lock; debug kernels only */
    TRACE_USER = 17,          /* method, badge, value: as given to trace_emit */
    TRACE_KIND_COUNT = 18,
};

#define TRACE_KIND(kind) (1u << (kind)) /* TRACE_KIND(TRACE_DATA): payloads too */
#define TRACE_ALL        (TRACE_KIND(TRACE_KIND_COUNT) - 1)

enum trace_handle_change {
    TRACE_HANDLE_MADE = 1, /* also where one was moved to */
    TRACE_HANDLE_CLOSED = 2,
    TRACE_HANDLE_REVOKED = 3, /* all that were derived from it */
};

struct trace_record {
    uint8_t kind; /* enum trace_kind */
    uint8_t cpu;
    uint8_t data_count; /* struct trace_data behind it, at most TRACE_DATA_MAX */
    uint8_t handle_count;
    uint32_t method; /* ordinal, with the protocol's number above bit 16 */
    time_ns_t time;  /* monotonic */
    koid_t thread;
    uint64_t flow;
    koid_t object;
    uint64_t badge;
    uint32_t length; /* of the payload, bytes */
    int32_t status;  /* 0, or a negative error number; of answers also what the server sent */
    uint64_t value;
};

#define TRACE_DATA_BYTES 56u
#define TRACE_DATA_MAX   4u

struct trace_data {
    uint8_t kind; /* TRACE_DATA */
    uint8_t cpu;
    uint16_t offset; /* in the payload */
    uint32_t count;  /* bytes that mean something */
    uint8_t bytes[TRACE_DATA_BYTES];
};

#define TRACE_CPUS_MAX 64

struct trace_head {
    uint32_t capacity;  /* records of a ring, a power of two */
    uint32_t cpu_count; /* rings */
    uint32_t kinds;     /* that are noted now: TRACE_KIND() */
    uint32_t reserved[13];
    uint64_t written[TRACE_CPUS_MAX];
};

/* What trace_filter restricts: a record is noted if it fits one value of each that has any, and
 * that its kind has. */
enum trace_filter {
    TRACE_BY_PROCESS = 0,  /* koid, of the thread */
    TRACE_BY_PORT = 1,     /* koid, of messages and notices */
    TRACE_BY_PROTOCOL = 2, /* number, of messages */
    TRACE_BY_FLOW = 3,     /* koid of a process whose threads began the flow */
    TRACE_FILTER_COUNT = 4,
};

#define TRACE_FILTER_VALUES 4 /* of each */

_Static_assert(sizeof(struct trace_record) == 64, "trace_record layout");
_Static_assert(sizeof(struct trace_data) == 64, "trace_data layout");
_Static_assert(sizeof(struct trace_head) <= PAGE_SIZE, "trace_head layout");
