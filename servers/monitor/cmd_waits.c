/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom. The list is taken first and then printed: printing makes calls itself, and
 * process names are looked up in the list of processes.
 */
#include "command.h"
#include "figures_read.h"
#include <quay/text.h>
#include <quay/thread_text.h>

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
        if (qy_thread_is_waiting(&thread)) {
            const char *since = text_duration(thread.waiting_ns);
            qy_thread_wait_print(&thread, process_name(thread.waits_process));
            qy_printf(", since %s\n", since);
        }
    }
}
