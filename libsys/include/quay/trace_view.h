/* SPDX-License-Identifier: MIT */
/*
 * What the kernel traced (<quay/abi/trace.h>), on its way to a person. All of it is pure.
 *
 *   rings of the kernel --> chunks of a stream --> names, calls --> lines, summary
 *      qy_trace_ring         docs/trace-format.md    qy_trace_names   qy_trace_call_print
 *                                                    qy_trace_calls   qy_trace_summary
 *
 * Nothing here trusts its input: a stream may be cut anywhere, and records may be missing.
 */
#pragma once

#include <quay/interface.h>
#include <quay/abi/system_info.h>
#include <quay/abi/trace.h>

#define QY_TRACE_PAYLOAD_MAX ((size_t)TRACE_DATA_MAX * TRACE_DATA_BYTES)
#define QY_TRACE_NAME_BYTES  SYSTEM_NAME_MAX

QY_C_BEGIN

/* --- the kernel's rings --------------------------------------------------------------------- */

struct qy_trace_ring {
    const struct trace_head *head;
    uint32_t capacity, cpu_count;
};

/* Whether these bytes can be rings. */
bool qy_trace_ring_open(struct qy_trace_ring *ret_ring, const void *memory, uint64_t bytes);

/* How many records this CPU has written. */
uint64_t qy_trace_ring_written(const struct qy_trace_ring *ring, uint32_t cpu);

/* Copies records from *position on that are not younger than `until`: how many were copied. A
 * record and its data stay together, so `room` is at least 1 + TRACE_DATA_MAX. Those that were
 * overwritten before they could be copied are added to *lost. */
uint32_t qy_trace_ring_read(const struct qy_trace_ring *ring, uint32_t cpu, uint64_t *position,
                            time_ns_t until, struct trace_record *to, uint32_t room,
                            uint64_t *lost);

/* --- the stream ----------------------------------------------------------------------------- */

#define QY_TRACE_MAGIC   "QYTRACE1"
#define QY_TRACE_VERSION 1u

/* Of a struct qy_trace_chunk. Readers skip others. */
enum qy_trace_chunk_type {
    QY_TRACE_START = 1,
    QY_TRACE_RECORDS = 2, /* struct qy_trace_source, records */
    QY_TRACE_PROCESS = 3,
    QY_TRACE_THREAD = 4,
    QY_TRACE_PORT = 5,
    QY_TRACE_LOST = 6,
    QY_TRACE_CORE_BEGIN = 7,
    QY_TRACE_CORE_DATA = 8,
    QY_TRACE_CORE_END = 9,
};

/* Before each payload, which is filled up to a multiple of 8 with zeros. */
struct qy_trace_chunk {
    uint32_t type;
    uint32_t length; /* of the payload */
};

struct qy_trace_start {
    char magic[8];
    uint32_t version;
    uint32_t cpu_count;
    int64_t time_ns; /* monotonic */
    int64_t wall_ns; /* at the same time, since 1970; 0: not known */
};

struct qy_trace_source {
    uint32_t cpu;
    uint32_t reserved;
};

struct qy_trace_process {
    uint64_t koid, job;
    char name[QY_TRACE_NAME_BYTES];
};

/* A thread, or who receives at a port. */
struct qy_trace_owned {
    uint64_t koid, process;
};

struct qy_trace_lost {
    uint32_t cpu;
    uint32_t reserved;
    uint64_t count;
};

/* A stream that is put together; `bytes` are 8-aligned. */
struct qy_trace_writer {
    uint8_t *bytes;
    uint32_t size, length;
};

/* A chunk with room for a payload of so many bytes, all zero, which is returned; NULL: there is not
 * that much room. */
void *qy_trace_chunk_add(struct qy_trace_writer *writer, uint32_t type, uint32_t length);

/* The next chunk from *at on, of 8-aligned bytes; NULL: no whole one is there. */
const struct qy_trace_chunk *qy_trace_chunk_next(const void *bytes, uint32_t size, uint32_t *at);

static inline const void *qy_trace_payload(const struct qy_trace_chunk *chunk)
{
    return chunk + 1;
}

/* --- names ---------------------------------------------------------------------------------- */

#define QY_TRACE_NAMES_MAX 1024u
#define QY_TRACE_NAMES_WAY 8u

/* A process, a thread or a port. */
struct qy_trace_name {
    koid_t koid;     /* 0: free */
    koid_t owner;    /* of a process its job, else the process */
    uint64_t change; /* number of its last change */
    uint8_t type;    /* QY_TRACE_PROCESS, _THREAD, _PORT */
    bool is_ended;
    char text[QY_TRACE_NAME_BYTES]; /* of a process */
};

/* What is known; of too many, those are forgotten that were not told about for longest. All zero:
 * nothing. */
struct qy_trace_names {
    uint64_t change;
    struct qy_trace_name names[QY_TRACE_NAMES_MAX];
};

/* Says what is known; true if that was news. `text` is not needed to end in a zero, and may be
 * NULL. */
bool qy_trace_name_set(struct qy_trace_names *names, uint8_t type, koid_t koid, koid_t owner,
                       const char *text);
const struct qy_trace_name *qy_trace_name_find(const struct qy_trace_names *names, uint8_t type,
                                               koid_t koid);

/* The process of a thread or port; 0: not known. */
koid_t qy_trace_owner(const struct qy_trace_names *names, uint8_t type, koid_t koid);

/* The process whose thread began a flow. */
static inline koid_t qy_trace_flow_owner(uint64_t flow)
{
    return (uint32_t)flow;
}

/* The name of a process, or "?". */
const char *qy_trace_process_name(const struct qy_trace_names *names, koid_t process);

/* What a record tells of threads, processes and ports. */
void qy_trace_names_learn(struct qy_trace_names *names, const struct trace_record *record,
                          const uint8_t *data, uint32_t count);

/* The first that has changed since *change, as a chunk; *change is then its number. False: none, or
 * no room for it. All of them in order of their changes: from 0 on. */
bool qy_trace_names_write(const struct qy_trace_names *names, uint64_t *change,
                          struct qy_trace_writer *writer);

/* --- calls ---------------------------------------------------------------------------------- */

enum qy_trace_call_state {
    QY_TRACE_FREE = 0,
    QY_TRACE_SENT,
    QY_TRACE_RECEIVED,
    QY_TRACE_REPLIED,
    QY_TRACE_DONE,
};

/* A call, put together from its four records. Times are 0 where a record is missing. */
struct qy_trace_call {
    uint8_t state; /* enum qy_trace_call_state */
    uint8_t handle_count;
    bool is_told;          /* for who prints it: that it waits */
    bool is_cut;           /* its end is not in the trace */
    koid_t client, server; /* threads */
    koid_t port;
    uint64_t flow, badge;
    uint32_t method;
    int32_t status; /* negative: of the transport; above 0: the server's */
    time_ns_t sent, received, replied, ended;
    uint32_t request_length, reply_length; /* as the message says */
    uint16_t request_count, reply_count;   /* bytes that are here */
    uint8_t request[QY_TRACE_PAYLOAD_MAX], reply[QY_TRACE_PAYLOAD_MAX];

    struct qy_trace_call *parent;              /* what the client was serving when it called */
    struct qy_trace_call *first, *last, *next; /* calls that were made for it */
};

struct qy_trace_calls {
    struct qy_trace_call *calls; /* room, all zero */
    uint32_t count;
    uint64_t untracked; /* for which there was no room */

    /* A call has ended. Those that were made for it stay until it has returned; false: so shall
     * it, for its parent. */
    bool (*ended)(void *context, struct qy_trace_call *call);
    void *context;
};

/* Takes a record of a message; others mean nothing to it. */
void qy_trace_calls_take(struct qy_trace_calls *calls, const struct trace_record *record,
                         const uint8_t *data, uint32_t count);

/* Ends what is under way: nothing more will come. */
void qy_trace_calls_end(struct qy_trace_calls *calls);

/* --- summary -------------------------------------------------------------------------------- */

#define QY_TRACE_METHODS_MAX 160u
#define QY_TRACE_BUCKETS     104u /* four for each power of two from 256 ns on */

struct qy_trace_method {
    uint32_t method;
    uint32_t reserved;
    uint64_t calls, errors;
    uint64_t total_ns, max_ns;
    uint32_t buckets[QY_TRACE_BUCKETS];
};

/* All zero: nothing. */
struct qy_trace_summary {
    uint32_t count;
    uint64_t unlisted; /* calls of methods for which there was no room */
    struct qy_trace_method methods[QY_TRACE_METHODS_MAX];
};

void qy_trace_summary_add(struct qy_trace_summary *summary, const struct qy_trace_call *call);

/* So long took `percent` of the calls at most, as near as the buckets tell. */
uint64_t qy_trace_percentile(const struct qy_trace_method *method, uint32_t percent);

/* --- text ----------------------------------------------------------------------------------- */

/* Where a description is: one of several (idl_all of <idl/all.h>), the last of which is NULL. */
struct qy_trace_protocol {
    const struct qy_described_head *const *description;
};

/* The interface that a method is of; NULL: none of these. */
const struct qy_described_head *qy_trace_interface(const struct qy_trace_protocol *all,
                                                   uint32_t method);

/* Its name. */
const char *qy_trace_protocol_name(const struct qy_described_head *head);

/* "dir.open", or its number. */
void qy_trace_method_print(const struct qy_trace_protocol *all, uint32_t method,
                           struct qy_text *text);

/* "dir.open(flags = read, path = "/etc")", and " -> (kind = directory)"; texts and vectors of more
 * than quoted_max bytes are cut. */
void qy_trace_request_print(const struct qy_trace_protocol *all, const struct qy_trace_call *call,
                            struct qy_text *text);
void qy_trace_reply_print(const struct qy_trace_protocol *all, const struct qy_trace_call *call,
                          struct qy_text *text);

/* A call that has ended, and those that were made for it, a line each, the last of which has an end
 * like all of them:
 *
 *     12.345   41.2 us  ls > vfs        dir.open(...) -> ...
 *
 * the time in milliseconds since `origin`, how long it took, who called whom, what. */
struct qy_trace_printer {
    const struct qy_trace_protocol *all;
    const struct qy_trace_names *names;
    time_ns_t origin;
    uint32_t shown_max; /* as in struct qy_text; 0: all */
    void (*line)(void *context, const char *text, size_t length);
    void *context;
};
void qy_trace_tree_print(const struct qy_trace_printer *printer, const struct qy_trace_call *call,
                         uint32_t depth);

/* "812 ns", "1.23 us", "45.6 ms", "7.89 s": never more than 8 bytes. */
void qy_trace_time_print(uint64_t ns, struct qy_text *text);

QY_C_END
