/* SPDX-License-Identifier: MIT */
/*
 * Runs a program and shows its calls: with those that servers made for them below, in the order in
 * which they began. What it traces is looked at every LOOK_NS, until it has ended and everything
 * was read.
 */
#include "start.h"
#include "trace.h"
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/files.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include <quay/thread.h>

#define KINDS                                                                                      \
    (QY_TRACE_KINDS_DATA | QY_TRACE_KINDS_CALL | QY_TRACE_KINDS_CALL_RECEIVED |                    \
     QY_TRACE_KINDS_REPLY | QY_TRACE_KINDS_REPLY_RECEIVED | QY_TRACE_KINDS_PROCESS_START |         \
     QY_TRACE_KINDS_PROCESS_END | QY_TRACE_KINDS_THREAD_START | QY_TRACE_KINDS_USER)

#define LOOK_NS       (10 * QY_MILLISECOND)
#define LAST_LOOK_NS  (3 * QY_MILLISECOND) /* until what it did last can be read */
#define WAITS_LONG_NS QY_SECOND
#define CALLS_MAX     512u
#define CHUNKS_BYTES  32768u
#define SHOWN_MAX     32u
#define SIGINT_BIT    (1ul << 1)

static struct {
    const struct options *options;
    struct qy_trace_names names;
    struct qy_trace_summary summary;
    struct qy_trace_calls calls;
    struct qy_trace_printer printer;
    koid_t own;       /* this process */
    koid_t process;   /* the program's */
    uint32_t loading; /* calls until it was loaded */
    bool is_loaded;
    uint64_t count, errors, lost;
    struct qy_trace_call room[CALLS_MAX];
    _Alignas(8) uint8_t chunks[CHUNKS_BYTES];
} state;

/* --- showing -------------------------------------------------------------------------------- */

static void line(const char *format, ...) QY_PRINTF(1, 2);
static void line(const char *format, ...)
{
    char buffer[400];
    va_list list;
    va_start(list, format);
    size_t length = qy_vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    put_errors(buffer, length < sizeof buffer ? length : sizeof buffer - 1);
}

static void line_put(void *context, const char *text, size_t length)
{
    (void)context;
    put_errors(text, length);
}

/* How it is loaded is its first calls: until it says so to proc. */
static bool is_of_loading(const struct qy_trace_call *call)
{
    bool is_last = call->method == QY_PROC_METHOD_STARTED;
    bool is_loading = !state.is_loaded &&
                      qy_trace_owner(&state.names, QY_TRACE_THREAD, call->client) == state.process;
    state.is_loaded = state.is_loaded || (is_loading && is_last);
    state.loading += is_loading;
    return is_loading && !state.options->is_wide;
}

static void tree_print(const struct qy_trace_call *call, bool is_alone)
{
    struct qy_trace_call alone = *call;
    alone.first = is_alone ? NULL : call->first;
    if (state.printer.origin == 0) {
        line("       ms      took  who                 what\n");
        state.printer.origin = call->sent != 0 ? call->sent : call->received;
    }
    qy_trace_tree_print(&state.printer, &alone, 0);
}

static bool ended(void *context, struct qy_trace_call *call)
{
    (void)context;
    if (call->parent != NULL) {
        if (state.options->is_summary && state.is_loaded && !state.options->is_alone) {
            qy_trace_summary_add(&state.summary, call);
        }
        return state.options->is_summary;
    }
    if (is_of_loading(call)) {
        return true;
    }
    state.count++;
    state.errors += call->status != 0;
    if (state.options->is_summary) {
        qy_trace_summary_add(&state.summary, call);
    } else {
        tree_print(call, state.options->is_alone);
    }
    return true;
}

/* --- the stream ----------------------------------------------------------------------------- */

/* What this process does itself, and has others do, is no news; but for what it starts. */
static void record_take(const struct trace_record *record, const uint8_t *data, uint32_t count)
{
    bool is_own = qy_trace_flow_owner(record->flow) == (uint32_t)state.own;
    if (is_own && record->kind == TRACE_PROCESS_START && state.process == 0) {
        state.process = record->object;
    }
    qy_trace_names_learn(&state.names, record, data, count);
    if (!is_own) {
        qy_trace_calls_take(&state.calls, record, data, count);
    }
}

static void records_take(const struct qy_trace_chunk *chunk)
{
    const struct qy_trace_source *source = qy_trace_payload(chunk);
    const struct trace_record *records = (const void *)(source + 1);
    uint32_t count = (chunk->length - (uint32_t)sizeof *source) / (uint32_t)sizeof *records;
    static uint8_t data[QY_TRACE_PAYLOAD_MAX];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t parts = records[i].kind != TRACE_DATA ? records[i].data_count : 0u, length = 0;
        const struct trace_record *record = &records[i];
        for (uint32_t j = 0; j < parts && j < TRACE_DATA_MAX && i + 1 < count; j++) {
            const struct trace_data *part = (const void *)&records[++i];
            uint32_t bytes = part->count < TRACE_DATA_BYTES ? part->count : TRACE_DATA_BYTES;
            memcpy(data + length, part->bytes, bytes);
            length += bytes;
        }
        record_take(record, data, length);
    }
}

static void chunk_take(const struct qy_trace_chunk *chunk)
{
    const struct qy_trace_process *process = qy_trace_payload(chunk);
    const struct qy_trace_owned *owned = qy_trace_payload(chunk);
    const struct qy_trace_lost *lost = qy_trace_payload(chunk);
    switch (chunk->type) {
    case QY_TRACE_RECORDS:
        records_take(chunk);
        break;
    case QY_TRACE_PROCESS:
        (void)qy_trace_name_set(&state.names, QY_TRACE_PROCESS, process->koid, process->job,
                                process->name);
        break;
    case QY_TRACE_THREAD:
    case QY_TRACE_PORT:
        (void)qy_trace_name_set(&state.names, (uint8_t)chunk->type, owned->koid, owned->process,
                                NULL);
        break;
    case QY_TRACE_LOST:
        state.lost += lost->count;
        break;
    default:
        break;
    }
}

/* Calls that take long have a line when they are that old, and another one when they end. */
static void waiting_print(void)
{
    time_ns_t now = qy_clock_read();
    for (uint32_t i = 0; i < CALLS_MAX && !state.options->is_summary; i++) {
        struct qy_trace_call *call = &state.room[i];
        bool is_under_way = call->state != QY_TRACE_FREE && call->state != QY_TRACE_DONE;
        if (is_under_way && !call->is_told && call->parent == NULL && call->sent != 0 &&
            now - call->sent > WAITS_LONG_NS) {
            call->is_told = true;
            tree_print(call, true);
        }
    }
}

/* Everything that is there now. */
static int64_t look(void)
{
    uint32_t count;
    do {
        int64_t status = qy_trace_read_on(&trace_server, state.chunks, sizeof state.chunks, &count,
                                          qy_deadline_after(ANSWER_WITHIN));
        if (status != 0) {
            return status;
        }
        uint32_t at = 0;
        const struct qy_trace_chunk *chunk;
        while ((chunk = qy_trace_chunk_next(state.chunks, count, &at)) != NULL) {
            chunk_take(chunk);
        }
    } while (count > 0);
    waiting_print();
    put_flush();
    return 0;
}

/* --- the program ---------------------------------------------------------------------------- */

static bool has_ended(int32_t pid, int32_t *ret_wait_status)
{
    handle_t proc = qy_bootstrap_handle(BOOTSTRAP_SESSION, "proc");
    int32_t found;
    uint64_t cpu_ns, memory_bytes;
    int64_t status =
        qy_proc_wait(proc, pid, 0, &found, ret_wait_status, &cpu_ns, &memory_bytes, DEADLINE_NEVER);
    return status != 0 || found != 0;
}

static int end_print(const char *name, int32_t wait_status)
{
    bool is_killed = (wait_status & 0x7f) != 0;
    int code = is_killed ? 128 + (wait_status & 0x7f) : wait_status >> 8 & 0xff;
    if (state.options->is_summary) {
        static struct qy_trace_row rows[QY_TRACE_METHODS_MAX];
        for (uint32_t i = 0; i < state.summary.count; i++) {
            row_of(&state.summary.methods[i], &rows[i]);
        }
        rows_print(rows, state.summary.count, 0, put_errors);
    }
    line("%s %s %d: %lu call%s, %lu error%s", name, is_killed ? "ended by signal" : "ended with",
         is_killed ? wait_status & 0x7f : code, state.count, state.count == 1 ? "" : "s",
         state.errors, state.errors == 1 ? "" : "s");
    if (!state.options->is_wide && state.loading > 0) {
        line(", %u more to load it", state.loading);
    }
    if (state.lost > 0) {
        line("; %lu records lost", state.lost);
    }
    if (state.calls.untracked > 0) {
        line("; %lu calls left out", state.calls.untracked);
    }
    line("\n");
    put_flush();
    return code;
}

/* ^C is for the program: what it did is shown then. */
static void interrupt_ignore(void)
{
    __atomic_fetch_or(&qy_process_page()->ignored, SIGINT_BIT, __ATOMIC_SEQ_CST);
}

int command_trace(const struct options *options, int count, char **arguments)
{
    int32_t pid, wait_status = 0;
    state.options = options;
    state.calls = (struct qy_trace_calls){.calls = state.room, .count = CALLS_MAX, .ended = ended};
    state.printer = (struct qy_trace_printer){
        .all = idl_all,
        .names = &state.names,
        .shown_max = options->is_wide ? 0 : SHOWN_MAX,
        .line = line_put,
    };
    int64_t status = qy_trace_start_on(&trace_server, KINDS, qy_deadline_after(ANSWER_WITHIN));
    if (status != 0) {
        return trace_failed(status);
    }
    /* All that begins with this process: what it starts is followed from its first instruction. */
    state.own = (koid_t)qy_handle_info(qy_self_process()).third;
    status = qy_trace_follow_on(&trace_server, state.own, qy_deadline_after(ANSWER_WITHIN));
    if (status != 0) {
        return trace_failed(status);
    }
    status = start_program(count, arguments, &pid);
    if (status != 0) {
        (void)qy_files_report("%s: %s", arguments[0], qy_error_text(status));
        return status == ENOENT ? 127 : 126;
    }
    interrupt_ignore();
    while (status == 0 && !has_ended(pid, &wait_status)) {
        status = look();
        (void)qy_thread_sleep(qy_deadline_after(LOOK_NS)); /* it only sleeps */
    }
    if (status == 0) {
        (void)qy_thread_sleep(qy_deadline_after(LAST_LOOK_NS)); /* it only sleeps */
        status = look();
    }
    qy_trace_calls_end(&state.calls);
    if (status != 0) {
        put_flush();
        return trace_failed(status);
    }
    return end_print(arguments[0], wait_status);
}
