/* SPDX-License-Identifier: MIT */
#include "methods.h"
#include <quay/server.h>
#include <quay/text.h>
#include "alarms.h"
#include "deliver.h"
#include "life.h"
#include "wait.h"

/* So that no sum with the clock runs over: 292 years are never. */
#define ALARM_MAX ((uint64_t)INT64_MAX / 2)

bool caller_may(const struct qy_request *request, uint32_t access)
{
    uint32_t low = (uint32_t)request->in.badge;
    return (low & BADGE_PROCESS) == 0 && (low & access) == access;
}

struct process *caller_of(const struct qy_request *request)
{
    return caller_may(request, QY_PROC_ACCESS_CONTROL) ? process_system()
                                                       : process_of_badge(request->in.badge);
}

struct process *process_meant(const struct qy_request *request, int32_t pid)
{
    return pid == 0 ? caller_of(request) : process_find(pid);
}

/* --- waiting ------------------------------------------------------------------------------- */

static int64_t proc_wait(struct qy_request *request, int32_t which, qy_proc_wait_options_t options,
                         int32_t *ret_pid, int32_t *ret_wait_status, uint64_t *ret_cpu_ns,
                         uint64_t *ret_memory_bytes)
{
    struct process *parent = process_of_badge(request->in.badge);
    struct wait_news news;
    if (parent == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (which == INT32_MIN || !wait_look(parent, which, options, &news)) {
        return QY_PROC_FAILURE_NO_CHILD;
    }
    *ret_pid = 0;
    *ret_wait_status = 0;
    *ret_cpu_ns = 0;
    *ret_memory_bytes = 0;
    if (news.child == NULL) {
        return 0;
    }
    *ret_pid = news.child->pid;
    *ret_wait_status = news.status;
    if (news.has_ended) {
        *ret_cpu_ns = news.child->cpu_ns + news.child->children_cpu_ns;
        *ret_memory_bytes = news.child->memory_bytes;
        if ((options & QY_PROC_WAIT_OPTIONS_KEEP) == 0) {
            life_reap(news.child);
        }
    }
    return 0;
}

/* --- signals ------------------------------------------------------------------------------- */

/* To everybody but process 1 and the caller. */
static int64_t kill_all(const struct process *caller, uint32_t number,
                        const struct process_signal *signal)
{
    bool is_found = false;
    for (uint32_t i = 1; i < PROCESS_MAX; i++) {
        struct process *process = process_at(i);
        if (process != NULL && process != caller) {
            is_found = true;
            if (number != 0) {
                (void)signal_send(process, number, signal); /* the others get it all the same */
            }
        }
    }
    return is_found ? 0 : QY_PROC_FAILURE_NO_SUCH_PROCESS;
}

static int64_t kill_group(int32_t pgid, uint32_t number, const struct process_signal *signal)
{
    struct group *group = group_find(pgid);
    if (group == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    if (group == process_system()->group) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number != 0) {
        signal_send_group(group, number, signal);
    }
    return 0;
}

static int64_t kill_one(int32_t pid, uint32_t number, const struct process_signal *signal)
{
    struct process *process = process_find(pid);
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    return number == 0 ? 0 : signal_send(process, number, signal);
}

static int64_t proc_kill(struct qy_request *request, int32_t which, uint32_t number)
{
    const struct process *caller = caller_of(request);
    if (caller == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number > PROCESS_SIGNAL_COUNT) {
        return QY_PROC_FAILURE_INVALID;
    }
    const struct process_signal signal = {CODE_USER, caller->pid, 0};
    if (which == INT32_MIN) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    if (which == -1) {
        return kill_all(caller, number, &signal);
    }
    if (which <= 0) {
        return kill_group(which == 0 ? caller->group->pgid : -which, number, &signal);
    }
    return kill_one(which, number, &signal);
}

static int64_t proc_queue(struct qy_request *request, int32_t pid, uint32_t number, int32_t code,
                          uint64_t value)
{
    const struct process *caller = caller_of(request);
    if (caller == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number > PROCESS_SIGNAL_COUNT || code >= 0 || pid <= 0) {
        return QY_PROC_FAILURE_INVALID;
    }
    const struct process_signal signal = {code, caller->pid, value};
    return kill_one(pid, number, &signal);
}

static int64_t proc_stop(struct qy_request *request, uint32_t number)
{
    struct process *process = process_of_badge(request->in.badge);
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (number == 0 || number > PROCESS_SIGNAL_COUNT || (signal_bit(number) & SIGNALS_STOP) == 0) {
        return QY_PROC_FAILURE_INVALID;
    }
    if (number == SIGNAL_STOP || !group_is_orphaned(process->group)) {
        process_stop(process, number);
    }
    return 0;
}

static int64_t proc_signal_thread(struct qy_request *request, handle_t *thread)
{
    struct process *process = process_of_badge(request->in.badge);
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    machine_thread_set(&process->machine, qy_take(thread));
    life_keep(process);
    return 0;
}

/* --- groups and sessions ------------------------------------------------------------------- */

void identity_fill(const struct process *process, struct qy_proc_identity *ret_identity)
{
    *ret_identity = (struct qy_proc_identity){
        .pid = process->pid,
        .ppid = process->parent != NULL ? process->parent->pid : 0,
        .pgid = process->group->pgid,
        .sid = process->group->session->sid,
        .is_orphaned = group_is_orphaned(process->group),
    };
}

static int64_t proc_relations(struct qy_request *request, int32_t pid,
                              struct qy_proc_identity *ret_identity)
{
    const struct process *process = process_meant(request, pid);
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    identity_fill(process, ret_identity);
    return 0;
}

static void page_group(const struct process *process)
{
    if (process->machine.page != NULL) {
        process->machine.page->group = process->group->pgid;
        process->machine.page->session = process->group->session->sid;
    }
}

static bool has_executed(const struct process *process)
{
    const struct process_page *page = process->machine.page;
    return page != NULL &&
           (__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PROCESS_EXECUTED) != 0;
}

static int64_t proc_group_set(struct qy_request *request, int32_t pid, int32_t pgid)
{
    const struct process *caller = process_of_badge(request->in.badge);
    struct process *process = pid == 0 ? process_of_badge(request->in.badge) : process_find(pid);
    if (caller == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (pgid < 0) {
        return QY_PROC_FAILURE_INVALID;
    }
    if (process == NULL || (process != caller && process->parent != caller)) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    if (process != caller && has_executed(process)) {
        return QY_PROC_FAILURE_NO_ACCESS;
    }
    if (process->group->session != caller->group->session) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    uint32_t failure = group_join(process, pgid == 0 ? process->pid : pgid);
    page_group(process);
    return failure;
}

static int64_t proc_session_new(struct qy_request *request, int32_t *ret_sid)
{
    struct process *process = process_of_badge(request->in.badge);
    uint32_t failure = process != NULL ? session_begin(process) : QY_PROC_FAILURE_NOT_PERMITTED;
    if (failure == 0) {
        page_group(process);
        *ret_sid = process->pid;
    }
    return failure;
}

/* --- alarms -------------------------------------------------------------------------------- */

static int64_t proc_alarm_get(struct qy_request *request, uint64_t *ret_left_ns,
                              uint64_t *ret_period_ns)
{
    const struct process *process = process_of_badge(request->in.badge);
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    bool is_set = alarm_get(process, machine_now(), ret_left_ns);
    *ret_period_ns = is_set ? process->alarm_period_ns : 0;
    return 0;
}

static int64_t proc_alarm_set(struct qy_request *request, uint64_t first_ns, uint64_t period_ns,
                              uint64_t *ret_left_ns, uint64_t *ret_period_ns)
{
    int64_t failure = proc_alarm_get(request, ret_left_ns, ret_period_ns);
    if (failure != 0) {
        return failure;
    }
    if (first_ns > ALARM_MAX || period_ns > ALARM_MAX) {
        return QY_PROC_FAILURE_INVALID;
    }
    time_ns_t deadline = first_ns > 0 ? machine_now() + (time_ns_t)first_ns : DEADLINE_NEVER;
    alarm_set(process_of_badge(request->in.badge), deadline, first_ns > 0 ? period_ns : 0);
    machine_timer_set(alarms_next());
    return 0;
}

/* --- limits and figures -------------------------------------------------------------------- */

static int64_t proc_limit_get(struct qy_request *request, int32_t pid, qy_proc_limit_t which,
                              uint64_t *ret_limit, uint64_t *ret_used)
{
    struct process *process = process_meant(request, pid);
    struct machine_figures figures;
    if (process == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    machine_figures(&process->machine, &figures);
    bool is_memory = which == QY_PROC_LIMIT_MEMORY;
    *ret_limit = is_memory ? process->memory_limit : process->thread_limit;
    *ret_used = is_memory ? figures.memory_bytes : figures.thread_count;
    return 0;
}

static int64_t proc_limit_set(struct qy_request *request, int32_t pid, qy_proc_limit_t which,
                              uint64_t limit)
{
    const struct process *caller = caller_of(request);
    struct process *process = process_meant(request, pid);
    if (caller == NULL || process == process_system()) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (process == NULL || process->machine.page == NULL) {
        return QY_PROC_FAILURE_NO_SUCH_PROCESS;
    }
    struct machine_limits limits = {process->memory_limit, process->thread_limit};
    uint64_t *own = which == QY_PROC_LIMIT_MEMORY ? &limits.memory_bytes : &limits.threads;
    if (limit > *own && caller != process_system()) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    *own = limit;
    if (machine_limit(&process->machine, &limits) < 0) {
        return QY_PROC_FAILURE_IO;
    }
    process->memory_limit = limits.memory_bytes;
    process->thread_limit = limits.threads;
    return 0;
}

static int64_t proc_figures(struct qy_request *request, uint64_t *ret_cpu_ns,
                            uint64_t *ret_children_cpu_ns, uint64_t *ret_memory_bytes)
{
    struct process *process = process_of_badge(request->in.badge);
    struct machine_figures figures;
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    machine_figures(&process->machine, &figures);
    if (figures.memory_bytes > process->memory_bytes) {
        process->memory_bytes = figures.memory_bytes;
    }
    *ret_cpu_ns = figures.cpu_ns;
    *ret_children_cpu_ns = process->children_cpu_ns;
    *ret_memory_bytes = process->memory_bytes;
    return 0;
}

const struct qy_proc_handlers proc_handlers = {
    .spawn = proc_spawn,
    .started = proc_started,
    .start_failed = proc_start_failed,
    .fork = proc_fork,
    .wait = proc_wait,
    .kill = proc_kill,
    .queue = proc_queue,
    .stop = proc_stop,
    .signal_thread = proc_signal_thread,
    .relations = proc_relations,
    .group_set = proc_group_set,
    .session_new = proc_session_new,
    .alarm_set = proc_alarm_set,
    .alarm_get = proc_alarm_get,
    .limit_get = proc_limit_get,
    .limit_set = proc_limit_set,
    .figures = proc_figures,
    .identify = proc_identify,
    .signal_group = proc_signal_group,
    .background = proc_background,
    .group_session = proc_group_session,
    .terminal_set = proc_terminal_set,
    .get = proc_get,
    .command_line = proc_command_line,
    .open = proc_open,
};
