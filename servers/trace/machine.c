/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "port.h"
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/trace.h>
#include <quay/wall.h>

#define RECORDS_MIN  512u
#define PLACES_FREE  16u /* of proc's, one behind the other: there is hardly one behind them */
#define ANSWER_AFTER (100 * QY_MILLISECOND)

static struct qy_connection proc = QY_CONNECTION("proc");

static handle_t resource(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
}

/* --- rings ---------------------------------------------------------------------------------- */

/* They are made in steps. */
static int64_t rings_get(uint64_t records)
{
    int64_t made;
    do {
        made = qy_trace_open(resource(), qy_self_job(), records);
    } while (made == -ERETRY);
    return made;
}

int64_t machine_rings(uint64_t records, struct qy_trace_ring *ret_ring)
{
    int64_t made = rings_get(records);
    while ((made == -ENOMEM || made == -E2BIG) && records > RECORDS_MIN) {
        records /= 2;
        made = rings_get(records);
    }
    if (made < 0) {
        return made;
    }
    void *at;
    uint64_t bytes = (uint64_t)qy_memory_info((handle_t)made).status;
    int error = qy_memory_map((handle_t)made, 0, bytes, MAP_READ, &at);
    (void)qy_handle_close((handle_t)made); /* the mapping stays */
    if (error < 0) {
        return error;
    }
    return qy_trace_ring_open(ret_ring, at, bytes) ? 0 : -EINVAL;
}

void machine_note(uint32_t kinds)
{
    (void)qy_trace_control(resource(), kinds); /* kinds that the interface knows */
}

void *machine_memory(size_t bytes)
{
    return qy_pages_map(bytes);
}

/* --- names ---------------------------------------------------------------------------------- */

/* Calls `take` with each record of a list of the kernel. */
static void each(uint32_t topic, uint32_t size,
                 void (*take)(struct qy_trace_names *names, const void *record),
                 struct qy_trace_names *names)
{
    uint64_t cursor = 0;
    do {
        struct qy_result result = qy_system_info(resource(), topic, cursor);
        for (int64_t i = 0; i < result.status; i++) {
            take(names, qy_buffer()->payload + (uint64_t)i * size);
        }
        cursor = result.status > 0 ? result.second : 0;
    } while (cursor != 0);
}

/* A fork has the name of its parent there; proc knows better. */
static void process_take(struct qy_trace_names *names, const void *record)
{
    const struct system_process *process = record;
    bool is_known = qy_trace_name_find(names, QY_TRACE_PROCESS, process->koid) != NULL;
    if (!is_known) {
        (void)qy_trace_name_set(names, QY_TRACE_PROCESS, process->koid, process->job,
                                process->name);
    }
}

static void thread_take(struct qy_trace_names *names, const void *record)
{
    const struct system_thread *thread = record;
    (void)qy_trace_name_set(names, QY_TRACE_THREAD, thread->koid, thread->process, NULL);
    if (thread->state == THREAD_STATE_WAIT_RECEIVE) {
        (void)qy_trace_name_set(names, QY_TRACE_PORT, thread->waits_for, thread->process, NULL);
    }
}

static void proc_names(struct qy_trace_names *names)
{
    struct qy_proc_record record;
    int64_t status;
    uint32_t index = 0, free_count = 0;
    do {
        status = qy_proc_get_on(&proc, index++, &record, qy_deadline_after(ANSWER_AFTER));
        free_count = status == 0 ? 0 : free_count + 1;
        if (status == 0) {
            (void)qy_trace_name_set(names, QY_TRACE_PROCESS, record.process, record.job,
                                    record.name);
        }
    } while (status == 0 ||
             (status == QY_PROC_FAILURE_NO_SUCH_PROCESS && free_count < PLACES_FREE));
}

void machine_names(struct qy_trace_names *names)
{
    each(SYSTEM_PROCESSES, sizeof(struct system_process), process_take, names);
    each(SYSTEM_THREADS, sizeof(struct system_thread), thread_take, names);
    proc_names(names);
}

/* --- the rest ------------------------------------------------------------------------------- */

int64_t machine_wall(void)
{
    return qy_wall_now();
}

bool machine_port_write(const void *bytes, uint32_t count)
{
    static bool is_open, is_there;
    handle_t io = qy_bootstrap_handle(BOOTSTRAP_IO, NULL);
    if (!is_open) {
        is_there = port_open(io);
        is_open = true;
    }
    if (is_there) {
        port_write(io, bytes, count);
    }
    return is_there;
}

void machine_log(const char *text, size_t length)
{
    char line[512];
    size_t size = qy_snprintf(line, sizeof line, "trace: %.*s", (int)length, text);
    (void)qy_debug_log(line, size < sizeof line ? size : sizeof line - 1); /* short enough */
}
