/* SPDX-License-Identifier: MIT */
#include "trace.h"
#include "machine.h"
#include "watch.h"
#include <quay/clock.h>
#include <quay/text.h>

/* Without these nobody knows who is who. */
#define LIFE                                                                                       \
    (TRACE_KIND(TRACE_PROCESS_START) | TRACE_KIND(TRACE_PROCESS_END) |                             \
     TRACE_KIND(TRACE_THREAD_START) | TRACE_KIND(TRACE_THREAD_END) | TRACE_KIND(TRACE_USER))

struct reader {
    uint64_t badge; /* 0: free */
    struct feed feed;
};

static struct {
    struct feed_own own;
    bool is_open;
    struct qy_trace_ring ring;
    struct watch watch;
    struct reader readers[TRACE_READERS_MAX];
    struct feed stream; /* of the serial port */
    uint32_t machine_kinds;
    uint32_t kinds;     /* noted now */
    uint32_t names_due; /* ticks until then */
    uint64_t streamed;
    _Alignas(8) uint8_t chunks[TRACE_CHUNKS_BYTES];
} trace_state;

void trace_init(koid_t thread, koid_t port)
{
    memset(&trace_state, 0, sizeof trace_state);
    trace_state.own = (struct feed_own){.thread = thread, .port = port};
}

static int64_t open(uint64_t records)
{
    if (trace_state.is_open) {
        return 0;
    }
    int64_t error = machine_rings(records, &trace_state.ring);
    if (error == 0) {
        error = watch_open(&trace_state.watch, &trace_state.ring);
    }
    trace_state.is_open = error == 0;
    return error;
}

/* --- what is noted -------------------------------------------------------------------------- */

/* For all of them. Whose flows a session wants is looked at here and not by the kernel's filter,
 * which would learn of a new process only when that has run for a while. */
static uint32_t all_kinds(void)
{
    uint32_t kinds = trace_state.machine_kinds | trace_state.stream.kinds;
    for (uint32_t i = 0; i < TRACE_READERS_MAX; i++) {
        kinds |= trace_state.readers[i].feed.kinds;
    }
    return kinds != 0 ? kinds | LIFE : 0;
}

static void wishes_apply(void)
{
    uint32_t kinds = all_kinds();
    if (kinds != trace_state.kinds) {
        if (trace_state.kinds == 0) { /* the world has changed meanwhile */
            watch_begin(&trace_state.watch);
            machine_names(trace_state.watch.names);
        }
        trace_state.kinds = kinds;
        machine_note(kinds);
    }
}

/* --- looking at the rings ------------------------------------------------------------------- */

static void look(void)
{
    time_ns_t until = qy_clock_read() - TRACE_SETTLED_NS;
    if (trace_state.is_open && trace_state.kinds != 0) {
        watch_take(&trace_state.watch, &trace_state.own, until);
        if (trace_state.watch.has_started) { /* proc knows what it is called */
            machine_names(trace_state.watch.names);
            trace_state.watch.has_started = false;
            trace_state.names_due = TRACE_NAMES_SOON;
        }
    }
}

static uint32_t feed_read(struct feed *feed, uint32_t room)
{
    struct qy_trace_writer writer = {.bytes = trace_state.chunks, .size = room};
    struct qy_trace_start start = {
        .magic = {'Q', 'Y', 'T', 'R', 'A', 'C', 'E', '1'},
        .version = QY_TRACE_VERSION,
        .cpu_count = trace_state.ring.cpu_count,
        .time_ns = qy_clock_read(),
        .wall_ns = feed->is_begun ? 0 : machine_wall(),
    };
    feed_write(feed, &trace_state.watch.merge, &trace_state.own, trace_state.watch.names, &start,
               &writer);
    return writer.length;
}

/* A port is slow: what waits is sent in several pieces, but then others have their turn. */
static void stream_write(void)
{
    uint32_t count = TRACE_PORT_BYTES;
    for (uint32_t i = 0; i < TRACE_PORT_PIECES && count > TRACE_PORT_BYTES / 2; i++) {
        count = feed_read(&trace_state.stream, TRACE_PORT_BYTES);
        if (count > 0 && !machine_port_write(trace_state.chunks, count)) {
            trace_state.stream.kinds = 0;
            wishes_apply();
            return;
        }
        trace_state.streamed += count;
        look();
    }
}

bool trace_is_on(void)
{
    return trace_state.kinds != 0;
}

void trace_tick(void)
{
    if (trace_state.kinds == 0) {
        return;
    }
    if (trace_state.names_due-- == 0) {
        machine_names(trace_state.watch.names);
        trace_state.names_due = TRACE_NAMES_TICKS;
    }
    look();
    if (trace_state.stream.kinds != 0) {
        stream_write();
    }
}

/* --- the protocol --------------------------------------------------------------------------- */

static int64_t failure_of(int64_t error)
{
    return error == -ENOMEM ? QY_TRACE_FAILURE_NO_MEMORY
           : error == 0     ? 0
                            : QY_TRACE_FAILURE_INVALID;
}

static struct reader *reader_find(uint64_t badge)
{
    for (uint32_t i = 0; i < TRACE_READERS_MAX; i++) {
        if (trace_state.readers[i].badge == badge) {
            return &trace_state.readers[i];
        }
    }
    return NULL;
}

static int64_t trace_get(struct qy_request *request, struct qy_trace_state *ret_state)
{
    const struct watch *watch = &trace_state.watch;
    (void)request;
    look();
    *ret_state = (struct qy_trace_state){
        .kinds = trace_state.kinds,
        .machine_kinds = trace_state.machine_kinds,
        .cpu_count = trace_state.ring.cpu_count,
        .records_per_cpu = trace_state.ring.capacity,
        .uptime_ns = (uint64_t)qy_clock_read(),
        .lost = watch_lost(watch),
        .calls = watch->calls_ended,
        .errors = watch->errors,
        .streamed_bytes = trace_state.streamed,
        .lines_left_out = watch->left_out,
    };
    for (uint32_t i = 0; i < TRACE_READERS_MAX; i++) {
        ret_state->readers += trace_state.readers[i].feed.kinds != 0;
    }
    for (uint32_t cpu = 0; trace_state.is_open && cpu < trace_state.ring.cpu_count; cpu++) {
        ret_state->records += qy_trace_ring_written(&trace_state.ring, cpu);
    }
    return 0;
}

int64_t trace_machine_on(uint32_t kinds, bool to_log, const char *filter)
{
    int64_t error = open(TRACE_RECORDS_USUAL);
    if (error != 0) {
        return error;
    }
    if (!filter_set(&trace_state.watch.filter, filter)) {
        return -EINVAL;
    }
    look();
    trace_state.machine_kinds = kinds;
    trace_state.watch.is_counting = true;
    trace_state.watch.is_logging = to_log;
    wishes_apply();
    return 0;
}

int64_t trace_stream_on(uint32_t kinds)
{
    int64_t error = open(TRACE_RECORDS_STREAM);
    if (error == 0) {
        feed_begin(&trace_state.stream, &trace_state.ring, kinds | LIFE);
        wishes_apply();
    }
    return error;
}

static int64_t trace_switch_on(struct qy_request *request, qy_trace_kinds_t kinds, bool to_log,
                               const char *filter)
{
    (void)request;
    return kinds == 0 ? QY_TRACE_FAILURE_INVALID
                      : failure_of(trace_machine_on(kinds, to_log, filter));
}

static int64_t trace_switch_off(struct qy_request *request)
{
    (void)request;
    look();
    trace_state.machine_kinds = 0;
    trace_state.watch.is_counting = trace_state.watch.is_logging = false;
    wishes_apply();
    return 0;
}

static int64_t trace_start(struct qy_request *request, qy_trace_kinds_t kinds)
{
    struct reader *reader = reader_find(request->in.badge);
    reader = reader != NULL ? reader : reader_find(0);
    if (kinds == 0) {
        return QY_TRACE_FAILURE_INVALID;
    }
    if (reader == NULL) {
        return QY_TRACE_FAILURE_TOO_MANY;
    }
    int64_t error = open(TRACE_RECORDS_USUAL);
    if (error != 0) {
        return failure_of(error);
    }
    reader->badge = request->in.badge;
    feed_begin(&reader->feed, &trace_state.ring, kinds);
    wishes_apply();
    return 0;
}

static struct reader *reader_of(const struct qy_request *request)
{
    struct reader *reader = reader_find(request->in.badge);
    return reader != NULL && reader->feed.kinds != 0 ? reader : NULL;
}

static int64_t trace_follow(struct qy_request *request, uint64_t process)
{
    struct reader *reader = reader_of(request);
    if (reader == NULL) {
        return QY_TRACE_FAILURE_NOT_STARTED;
    }
    if (!feed_follow(&reader->feed, process)) {
        return QY_TRACE_FAILURE_TOO_MANY;
    }
    machine_names(trace_state.watch.names); /* it may have ended before the next time */
    return 0;
}

static int64_t trace_read(struct qy_request *request, const struct qy_lease *chunks,
                          uint32_t *ret_count)
{
    struct reader *reader = reader_of(request);
    uint32_t room =
        chunks->size < TRACE_CHUNKS_BYTES ? (uint32_t)chunks->size & ~7u : TRACE_CHUNKS_BYTES;
    if (reader == NULL) {
        return QY_TRACE_FAILURE_NOT_STARTED;
    }
    if (room < TRACE_CHUNKS_MIN) {
        return QY_TRACE_FAILURE_INVALID;
    }
    look();
    struct feed before = reader->feed;
    uint32_t count = feed_read(&reader->feed, room);
    int64_t status = count > 0 ? qy_lease_put(chunks, 0, trace_state.chunks, count) : 0;
    if (status != 0) {
        reader->feed = before; /* they were not given: the client calls again */
        return status == -EPAGER ? -status : QY_TRACE_FAILURE_INVALID;
    }
    *ret_count = count;
    return 0;
}

static int64_t trace_stop(struct qy_request *request)
{
    struct reader *reader = reader_of(request);
    if (reader == NULL) {
        return QY_TRACE_FAILURE_NOT_STARTED;
    }
    memset(reader, 0, sizeof *reader);
    wishes_apply();
    return 0;
}

void trace_session_closed(uint64_t badge)
{
    struct reader *reader = reader_find(badge);
    if (badge != 0 && reader != NULL) {
        memset(reader, 0, sizeof *reader);
        wishes_apply();
    }
}

static int64_t trace_summary(struct qy_request *request, uint32_t first,
                             struct qy_trace_row *ret_rows, uint32_t *ret_count)
{
    const struct qy_trace_summary *summary = trace_state.watch.summary;
    (void)request;
    *ret_count = 0;
    look();
    for (uint32_t i = first; trace_state.is_open && i < summary->count && *ret_count < 64; i++) {
        const struct qy_trace_method *method = &summary->methods[i];
        ret_rows[(*ret_count)++] = (struct qy_trace_row){
            .number = method->method,
            .calls = method->calls,
            .errors = method->errors,
            .total_ns = method->total_ns,
            .median_ns = qy_trace_percentile(method, 50),
            .p99_ns = qy_trace_percentile(method, 99),
            .max_ns = method->max_ns,
        };
    }
    return 0;
}

static int64_t trace_reset(struct qy_request *request)
{
    (void)request;
    if (trace_state.is_open) {
        look();
        watch_reset(&trace_state.watch);
    }
    return 0;
}

static int64_t trace_put(struct qy_request *request, uint32_t type, const struct qy_lease *payload)
{
    struct qy_trace_writer writer = {.bytes = trace_state.chunks, .size = TRACE_CHUNKS_BYTES};
    (void)request;
    if (type < QY_TRACE_CORE_BEGIN || type > QY_TRACE_CORE_END || payload->size > UINT32_MAX) {
        return QY_TRACE_FAILURE_INVALID;
    }
    if (trace_state.stream.kinds == 0) {
        return QY_TRACE_FAILURE_NO_PORT;
    }
    void *place = qy_trace_chunk_add(&writer, type, (uint32_t)payload->size);
    if (place == NULL) {
        return QY_TRACE_FAILURE_INVALID;
    }
    int64_t status = qy_lease_get(payload, 0, place, payload->size);
    if (status != 0) {
        return status == -EPAGER ? -status : QY_TRACE_FAILURE_INVALID;
    }
    if (!machine_port_write(trace_state.chunks, writer.length)) {
        return QY_TRACE_FAILURE_NO_PORT;
    }
    trace_state.streamed += writer.length;
    return 0;
}

const struct qy_trace_handlers trace_handlers = {
    .get = trace_get,
    .switch_on = trace_switch_on,
    .switch_off = trace_switch_off,
    .start = trace_start,
    .follow = trace_follow,
    .read = trace_read,
    .stop = trace_stop,
    .summary = trace_summary,
    .reset = trace_reset,
    .put = trace_put,
};
