/* SPDX-License-Identifier: MIT */
#include "life.h"
#include <idl/proc.h>
#include <quay/server.h>
#include "alarms.h"
#include "deliver.h"
#include "wait.h"

#define STARTING_MAX 8

static struct {
    struct qy_server *server;
    uint32_t starting;
} life_state;

void life_init(struct qy_server *server)
{
    life_state.server = server;
    life_state.starting = 0;
}

/* --- the start ----------------------------------------------------------------------------- */

bool life_may_start(void)
{
    return life_state.starting < STARTING_MAX;
}

void life_starting(void)
{
    life_state.starting++;
}

void life_started(struct process *process)
{
    if (process->state != PROCESS_STARTING) {
        return;
    }
    process->state = PROCESS_RUNNING;
    life_state.starting--;
    if (qy_is_pending(&process->spawn_call)) {
        /* It fails if the caller has gone, and then there is nobody to be told. */
        (void)qy_proc_spawn_answer(life_state.server, &process->spawn_call, process->pid);
    }
}

/* Errors that spawn can answer; the rest is not_executable. */
static uint32_t start_error(uint32_t error)
{
    static const uint32_t known[] = {
        QY_PROC_FAILURE_NO_SUCH_FILE,   QY_PROC_FAILURE_IO,
        QY_PROC_FAILURE_TOO_LONG,       QY_PROC_FAILURE_NO_MEMORY,
        QY_PROC_FAILURE_NO_ACCESS,      QY_PROC_FAILURE_NOT_A_DIRECTORY,
        QY_PROC_FAILURE_IS_A_DIRECTORY, QY_PROC_FAILURE_TOO_MANY_FILES,
        QY_PROC_FAILURE_BUSY,           QY_PROC_FAILURE_NAME_TOO_LONG,
        QY_PROC_FAILURE_LOOP,
    };
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (error == known[i]) {
            return error;
        }
    }
    return QY_PROC_FAILURE_NOT_EXECUTABLE;
}

static void spawn_refuse(struct process *process, uint32_t error)
{
    if (qy_is_pending(&process->spawn_call)) {
        (void)qy_pending_refuse(life_state.server, &process->spawn_call, error); /* as above */
    }
}

void life_start_failed(struct process *process, uint32_t error)
{
    if (process->state == PROCESS_STARTING) {
        spawn_refuse(process, start_error(error));
        machine_kill(&process->machine);
    }
}

/* --- surviving ----------------------------------------------------------------------------- */

void life_keep_all(void)
{
    machine_keep_own();
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        const struct process *process = process_at(i);
        if (process != NULL && process->machine.page != NULL) {
            (void)machine_keep(&process->machine, i); /* this instance */
        }
    }
}

/* Keys are places in the table; process 1 has none. */
void life_keep(const struct process *process)
{
    if (machine_keep(&process->machine, process->index)) {
        life_keep_all();
    }
}

void life_forget(const struct process *process)
{
    if (machine_forget(process->index)) {
        life_keep_all();
    }
}

static void restore(struct process *process)
{
    int64_t error = machine_restore(&process->machine, process->index, process->page_bytes);
    if (error == 0 && process->machine.page->pid != process->pid) {
        machine_release(&process->machine); /* it was in this place before */
    } else if (error < 0) {
        process->machine = (struct machine){0};
    }
    if (process->state == PROCESS_STARTING) {
        life_state.starting++;
    }
    if (process->alarm_deadline != DEADLINE_NEVER) {
        alarm_set(process, process->alarm_deadline, process->alarm_period_ns);
    }
}

/* All are there before the first of them ends, so that everybody hears of it. */
void life_restore(void)
{
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && process->state != PROCESS_ENDED) {
            restore(process);
        }
    }
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && process->state != PROCESS_ENDED &&
            (process->machine.page == NULL || machine_has_exited(&process->machine))) {
            life_ended(process);
        }
    }
    machine_timer_set(alarms_next());
}

/* --- the end ------------------------------------------------------------------------------- */

void life_reap(struct process *process)
{
    process->parent->children_cpu_ns += process->cpu_ns + process->children_cpu_ns;
    process_remove(process);
}

/* The end of `process` may be that of the only tie between this group and another one of the
 * session: then nobody could continue the group any more, and if somebody in it has stopped it is
 * told. A group that had no such tie before is left alone. */
static void group_check(struct group *group, const struct group *tied)
{
    bool was_tied = tied != group && tied->session == group->session;
    if (was_tied && group_has_stopped(group) && group_is_orphaned(group)) {
        const struct process_signal signal = {.code = CODE_KERNEL};
        signal_send_group(group, SIGNAL_HUP, &signal);
        signal_send_group(group, SIGNAL_CONT, &signal);
    }
}

static void children_leave(struct process *process)
{
    LIST_EACH_SAFE(each, after, &process->children)
    {
        struct process *child = LIST_ENTRY(each, struct process, siblings);
        if (child->state == PROCESS_ENDED) {
            process_remove(child);
        }
    }
    struct link *last = process_system()->children.previous;
    process_orphan_children(process);
    for (struct link *each = last->next; each != &process_system()->children; each = each->next) {
        struct process *child = LIST_ENTRY(each, struct process, siblings);
        if (child->machine.page != NULL) {
            child->machine.page->parent = PID_SYSTEM;
        }
        group_check(child->group, process->group);
    }
}

static bool parent_cares(const struct process *process)
{
    const struct process_page *page = process->parent->machine.page;
    if (page == NULL) {
        return false;
    }
    uint64_t ignored = __atomic_load_n(&page->ignored, __ATOMIC_RELAXED);
    uint32_t flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
    return (ignored & signal_bit(SIGNAL_CHLD)) == 0 && (flags & PROCESS_NO_CHILD_WAIT) == 0;
}

/* What everybody sees of an end: session, groups, children, parent. */
static void end_tell(struct process *process)
{
    if (process_leads_session(process)) {
        process->group->session->terminal = 0;
        qy_proc_session_ended_send(life_state.server, process->pid);
    }
    group_check(process->group, process->parent->group);
    children_leave(process);
    bool is_exit = (process->status & 0x7f) == 0;
    parent_tell(process, is_exit ? CODE_EXITED : CODE_KILLED,
                (uint32_t)(is_exit ? process->status >> 8 : process->status));
    if (process->parent == process_system()) {
        qy_proc_ended_send(life_state.server, process->pid, process->status);
    }
}

void life_ended(struct process *process)
{
    struct machine_figures figures;
    machine_figures(&process->machine, &figures);
    /* Lost ones have none: then `killer` tells. */
    int64_t code = process->machine.page != NULL ? machine_exit_code(&process->machine)
                                                 : CODE_KILLED_BY_KERNEL;
    bool is_started = process->state != PROCESS_STARTING;
    process->cpu_ns = figures.cpu_ns;
    process->memory_bytes =
        figures.memory_bytes > process->memory_bytes ? figures.memory_bytes : process->memory_bytes;
    process->status = wait_status(code, process->killer);
    process->state = PROCESS_ENDED;
    if (process->machine.page != NULL) {
        machine_release(&process->machine);
        life_forget(process);
    }
    alarm_set(process, DEADLINE_NEVER, 0);
    if (!is_started) {
        life_state.starting--;
        spawn_refuse(process, QY_PROC_FAILURE_IO);
        process_remove(process);
        return;
    }
    end_tell(process);
    if (!parent_cares(process)) {
        process_remove(process);
    }
}
