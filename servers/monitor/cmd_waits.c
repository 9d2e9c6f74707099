/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom. The list is taken first and then printed: printing makes calls itself, and
 * process names are looked up in the list of processes.
 */
#include "command.h"
#include "figures_read.h"
#include "thread_text.h"
#include <quay/text.h>

#define PROCESSES_MAX 64

static struct {
    struct system_process processes[PROCESSES_MAX];
    uint32_t count;
} waits_state;

static void processes_take(void)
{
    struct figures figures;
    struct system_process process;
    waits_state.count = 0;
    figures_begin(&figures, SYSTEM_PROCESSES, sizeof process);
    while (figures_next(&figures, &process)) {
        if (waits_state.count < PROCESSES_MAX) {
            waits_state.processes[waits_state.count++] = process;
        }
    }
}

static const char *process_name(koid_t koid)
{
    for (uint32_t i = 0; i < waits_state.count; i++) {
        if (waits_state.processes[i].koid == koid) {
            return waits_state.processes[i].name;
        }
    }
    return "?";
}

static void wait_print(const struct system_thread *thread)
{
    const char *since = text_duration(thread->waiting_ns);
    const char *whom = process_name(thread->waits_process);
    qy_printf("%-12.24s %6lu  ", thread->name, thread->koid);
    switch (thread->state) {
    case THREAD_STATE_WAIT_RECEIVE:
        qy_printf("for a call or notice on port %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_SEND:
        qy_printf("for %s to take its call %lu, port %lu", whom, thread->method, thread->waits_for);
        break;
    case THREAD_STATE_WAIT_REPLY:
        qy_printf("for %s to answer its call %lu, port %lu", whom, thread->method,
                  thread->waits_for);
        break;
    case THREAD_STATE_WAIT_OBJECT:
        qy_printf("for object %lu", thread->waits_for);
        break;
    case THREAD_STATE_WAIT_FUTEX:
        qy_printf("on a futex");
        break;
    case THREAD_STATE_WAIT_KERNEL:
        qy_printf("for an unmap, or the report of its fault");
        break;
    case THREAD_STATE_WAIT_SLEEP:
        qy_printf("for time to pass");
        break;
    default:
        qy_printf("for nothing: %s", thread_state_text(thread->state));
        break;
    }
    qy_printf(", since %s\n", since);
}

static bool is_waiting(const struct system_thread *thread)
{
    return thread->state != THREAD_STATE_NEW && thread->state != THREAD_STATE_RUNNING &&
           thread->state != THREAD_STATE_READY && thread->state != THREAD_STATE_DEAD;
}

void cmd_waits(int count, char **words)
{
    (void)count;
    (void)words;
    processes_take();
    struct figures figures;
    struct system_thread thread;
    figures_begin(&figures, SYSTEM_THREADS, sizeof thread);
    qy_printf("process      thread  waits\n");
    while (figures_next(&figures, &thread)) {
        if (is_waiting(&thread)) {
            wait_print(&thread);
        }
    }
}
