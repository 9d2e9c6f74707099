/* SPDX-License-Identifier: MIT */
/* Spawn and fork. */
#include <quay/server.h>
#include <quay/text.h>
#include "life.h"
#include "methods.h"
#include "table.h"

static int64_t failure_of(int64_t error)
{
    switch (error) {
    case -ENOENT: /* no image of the POSIX layer */
        return QY_PROC_FAILURE_NO_SUCH_FILE;
    case -ENOMEM:
        return QY_PROC_FAILURE_NO_MEMORY;
    case -EQUOTA:
    case -EMFILE:
        return QY_PROC_FAILURE_AGAIN;
    case -ELEASE:
    case -EINVAL:
    case -EFAULT:
        return QY_PROC_FAILURE_INVALID;
    case -EACCES:
        return QY_PROC_FAILURE_NOT_PERMITTED; /* a handle that may not be passed on */
    default:
        return QY_PROC_FAILURE_IO;
    }
}

static struct machine_limits limits_of(const struct process *process)
{
    return (struct machine_limits){process->memory_limit, process->thread_limit};
}

/* The numbers that its page tells; from here on it is restored by a new instance. */
static void page_number(struct process *process)
{
    struct process_page *page = process->machine.page;
    page->pid = process->pid;
    page->parent = process->parent->pid;
    page->group = process->group->pgid;
    page->session = process->group->session->sid;
    process->started_ns = machine_now();
    process->page_bytes = process->machine.page_bytes;
    life_keep(process);
}

/* --- spawn --------------------------------------------------------------------------------- */

static uint32_t group_choose(struct process *process, qy_proc_spawn_flags_t flags, int32_t pgid)
{
    if ((flags & QY_PROC_SPAWN_FLAGS_SESSION) != 0) {
        return session_begin(process);
    }
    if ((flags & QY_PROC_SPAWN_FLAGS_GROUP) != 0) {
        return group_join(process, pgid == 0 ? process->pid : pgid);
    }
    return 0;
}

static int64_t spawn(struct process *process, const struct qy_lease *start, handle_t *handles)
{
    const struct machine_limits limits = limits_of(process);
    int64_t error =
        machine_spawn(&process->machine, &limits, process_badge(process), start, handles);
    if (error == 0) {
        page_number(process);
        error = machine_go(&process->machine);
    }
    return error;
}

int64_t proc_spawn(struct qy_request *request, qy_proc_spawn_flags_t flags, int32_t pgid,
                   const struct qy_lease *start, handle_t *handle0, handle_t *handle1,
                   handle_t *handle2, handle_t *handle3, handle_t *handle4, handle_t *handle5,
                   handle_t *handle6, handle_t *handle7, int32_t *ret_pid)
{
    (void)ret_pid; /* told when it has started */
    struct process *parent = caller_of(request);
    if (parent == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    if (start->size > PROCESS_START_MAX) {
        return QY_PROC_FAILURE_TOO_LONG;
    }
    if (start->size < sizeof(struct process_start)) {
        return QY_PROC_FAILURE_INVALID;
    }
    struct process *process = life_may_start() ? process_add(parent) : NULL;
    if (process == NULL) {
        return QY_PROC_FAILURE_AGAIN;
    }
    uint32_t failure = group_choose(process, flags, pgid);
    if (failure == 0) {
        handle_t handles[PROCESS_HANDLES_MAX] = {
            qy_take(handle0), qy_take(handle1), qy_take(handle2), qy_take(handle3),
            qy_take(handle4), qy_take(handle5), qy_take(handle6), qy_take(handle7),
        };
        int64_t error = spawn(process, start, handles);
        failure = error < 0 ? (uint32_t)failure_of(error) : 0;
    }
    if (failure != 0) {
        life_forget(process);
        process_remove(process);
        return failure;
    }
    life_starting();
    return qy_defer(request, &process->spawn_call);
}

int64_t proc_started(struct qy_request *request)
{
    struct process *process = process_of_badge(request->in.badge);
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    life_started(process);
    return 0;
}

int64_t proc_start_failed(struct qy_request *request, uint32_t error)
{
    struct process *process = process_of_badge(request->in.badge);
    if (process == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    life_start_failed(process, error);
    return 0;
}

/* --- fork ---------------------------------------------------------------------------------- */

/* What the copy of the memory does not have: the page is another one. */
static void page_inherit(struct process_page *page, const struct process_page *from)
{
    page->flags = from->flags & ~PROCESS_EXECUTED;
    page->blocked = from->blocked;
    page->ignored = from->ignored;
    page->caught = from->caught;
    page->arguments = from->arguments;
    page->arguments_bytes = from->arguments_bytes;
}

int64_t proc_fork(struct qy_request *request, uint64_t entry, uint64_t stack, uint64_t argument,
                  int32_t *ret_pid)
{
    struct process *parent = process_of_badge(request->in.badge);
    if (parent == NULL) {
        return QY_PROC_FAILURE_NOT_PERMITTED;
    }
    struct process *process = process_add(parent);
    if (process == NULL) {
        return QY_PROC_FAILURE_AGAIN;
    }
    const struct machine_limits limits = limits_of(process);
    int64_t error =
        machine_fork(&process->machine, &limits, process_badge(process), &parent->machine);
    if (error == 0) {
        page_inherit(process->machine.page, parent->machine.page);
        page_number(process);
        process->state = PROCESS_RUNNING;
        error = machine_go_at(&process->machine, entry, stack, argument);
    }
    if (error < 0) {
        life_forget(process);
        process_remove(process);
        return failure_of(error);
    }
    *ret_pid = process->pid;
    return 0;
}
