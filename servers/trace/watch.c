/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "machine.h"
#include <idl/all.h>
#include <quay/text.h>

static const char *owner_name(const struct watch *watch, uint8_t type, koid_t koid)
{
    return qy_trace_process_name(watch->names, qy_trace_owner(watch->names, type, koid));
}

static void log_line(void *context, const char *text, size_t length)
{
    struct watch *watch = context;
    if (watch->lines < LINES_AT_ONCE_MAX) {
        watch->lines++;
        machine_log(text, length);
    } else {
        watch->left_out++;
    }
}

static bool is_for_log(const struct watch *watch, const struct qy_trace_call *call)
{
    const char *client = owner_name(watch, QY_TRACE_THREAD, call->client);
    const char *server = owner_name(watch, QY_TRACE_PORT, call->port);
    const struct qy_described_head *head = qy_trace_interface(idl_all, call->method);
    const char *protocol = head != NULL ? qy_trace_protocol_name(head) : NULL;
    return watch->is_logging && !filter_is_plumbing(client, server, protocol) &&
           filter_fits(&watch->filter, client, server, protocol);
}

/* With a filter each call that fits has its line; without, those made for another one come behind
 * it. */
static bool ended(void *context, struct qy_trace_call *call)
{
    struct watch *watch = context;
    bool is_inner = call->parent != NULL && watch->filter.count == 0;
    watch->calls_ended += watch->is_counting;
    watch->errors += watch->is_counting && call->status != 0;
    if (watch->is_counting) {
        qy_trace_summary_add(watch->summary, call);
    }
    if (!is_for_log(watch, call)) {
        return true;
    }
    if (!is_inner) {
        struct qy_trace_printer printer = {
            .all = idl_all,
            .names = watch->names,
            .shown_max = 32,
            .line = log_line,
            .context = watch,
        };
        qy_trace_tree_print(&printer, call, 0);
    }
    return !is_inner;
}

int64_t watch_open(struct watch *watch, const struct qy_trace_ring *ring)
{
    if (watch->merge.windows != NULL) {
        return 0;
    }
    watch->names = machine_memory(sizeof *watch->names);
    watch->summary = machine_memory(sizeof *watch->summary);
    watch->calls = (struct qy_trace_calls){
        .calls = machine_memory(WATCHED_CALLS * sizeof(struct qy_trace_call)),
        .count = WATCHED_CALLS,
        .ended = ended,
        .context = watch,
    };
    watch->merge.ring = ring;
    struct window *windows = machine_memory(ring->cpu_count * sizeof *windows);
    if (watch->names == NULL || watch->summary == NULL || watch->calls.calls == NULL ||
        windows == NULL) {
        return -ENOMEM; /* what was got is little, and stays */
    }
    watch->merge.windows = windows;
    return 0;
}

void watch_begin(struct watch *watch)
{
    for (uint32_t cpu = 0; cpu < watch->merge.ring->cpu_count; cpu++) {
        watch->positions[cpu] = qy_trace_ring_written(watch->merge.ring, cpu);
    }
}

uint64_t watch_lost(const struct watch *watch)
{
    uint64_t lost = 0;
    for (uint32_t cpu = 0; cpu < TRACE_CPUS_MAX; cpu++) {
        lost += watch->lost[cpu];
    }
    return lost;
}

static void left_out_tell(struct watch *watch)
{
    char line[96];
    uint64_t lost = watch_lost(watch);
    if (watch->left_out != watch->told || lost != watch->lost_told) {
        size_t length = qy_snprintf(line, sizeof line, "... %lu lines left out, %lu records lost\n",
                                    watch->left_out - watch->told, lost - watch->lost_told);
        machine_log(line, length); /* it fits */
        watch->told = watch->left_out;
        watch->lost_told = lost;
    }
}

/* The threads that were there before tracing began are looked up; so are those of which the
 * beginning was lost, but not again and again. */
static void thread_look_up(struct watch *watch, koid_t thread, bool *is_looked_up)
{
    if (!*is_looked_up && thread != 0 &&
        qy_trace_name_find(watch->names, QY_TRACE_THREAD, thread) == NULL) {
        machine_names(watch->names);
        *is_looked_up = true;
    }
}

void watch_take(struct watch *watch, const struct feed_own *own, time_ns_t until)
{
    struct merge *merge = &watch->merge;
    const struct trace_record *record;
    static uint8_t payload[QY_TRACE_PAYLOAD_MAX];
    bool is_looked_up = false;
    merge->until = until;
    merge->positions = watch->positions;
    merge->lost = watch->lost;
    merge_begin(merge);
    watch->lines = 0;
    while ((record = merge_first(merge)) != NULL) {
        if (!feed_is_own(own, record)) {
            uint32_t count = merge_payload(record, payload);
            thread_look_up(watch, record->thread, &is_looked_up);
            qy_trace_names_learn(watch->names, record, payload, count);
            watch->has_started = watch->has_started || record->kind == TRACE_PROCESS_START;
            if (watch->is_counting || watch->is_logging) {
                qy_trace_calls_take(&watch->calls, record, payload, count);
            }
        }
        merge_take(merge, record);
    }
    if (watch->is_logging && watch->lines < LINES_AT_ONCE_MAX) {
        left_out_tell(watch);
    }
}

void watch_reset(struct watch *watch)
{
    memset(watch->summary, 0, sizeof *watch->summary);
    watch->calls_ended = watch->errors = 0;
}
