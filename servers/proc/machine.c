/* SPDX-License-Identifier: MIT */
/*
 * A process is made in steps, each of which can fail: job, process, thread, page, memory, handles,
 * binding. Until it is started it has no thread that runs, so that ending its job undoes
 * everything.
 *
 * The handles that it gets to itself lack DUP: so a fork does not copy them, and the copy has those
 * that are granted to it instead.
 */
#include "machine.h"
#include "image.h"
#include "machine_setup.h"
#include <idl/keeper.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/exception.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/keeper.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

#define CALLS_MAX 4 /* of one process at a time */

static struct {
    struct qy_server *server;
    struct qy_server_timer timer;
    handle_t programs, resource, keeper;
    uint64_t keeper_instance;
} machine_state;

/* All processes together leave the servers some of what is there now. */
#define SHARE_OF_SERVERS 8

static int64_t memory_limit(handle_t job)
{
    if (machine_state.resource == HANDLE_INVALID || qy_buffer() == NULL) {
        return 0;
    }
    struct qy_result result = qy_system_info(machine_state.resource, SYSTEM_MEMORY, 0);
    const struct system_memory *memory = (const struct system_memory *)(void *)qy_buffer()->payload;
    uint64_t free_bytes = memory->free_bytes;
    return result.status < 0
               ? 0
               : qy_job_set_limit(job, JOB_MEMORY, free_bytes - free_bytes / SHARE_OF_SERVERS);
}

/* Keeps a handle that was made. */
static int64_t keep(int64_t made, handle_t *ret_handle)
{
    if (made < 0) {
        return made;
    }
    *ret_handle = (handle_t)made;
    return 0;
}

static void close_if(handle_t *handle)
{
    if (*handle != HANDLE_INVALID) {
        (void)qy_handle_close(*handle);
        *handle = HANDLE_INVALID;
    }
}

/* --- making -------------------------------------------------------------------------------- */

static int64_t process_make(struct machine *machine, const struct machine_limits *limits,
                            const char *name)
{
    int64_t error = keep(qy_job_create(machine_state.programs), &machine->job);
    if (error == 0) {
        error = machine_limit(machine, limits);
    }
    if (error < 0) {
        return error;
    }
    struct qy_result made = qy_process_create(machine->job, name, qy_strnlen(name, 16));
    error = keep(made.status, &machine->process);
    if (error == 0) {
        machine->aspace = made.second;
        error = keep(qy_sys_thread_create(machine->process), &machine->thread);
    }
    return error;
}

static int64_t page_map(struct machine *machine)
{
    void *view;
    int error = qy_memory_map(machine->memory, 0, machine->page_bytes, MAP_READ | MAP_WRITE, &view);
    machine->page = error == 0 ? view : NULL;
    return error;
}

/* The page, and what stands behind it; ours and the process's. */
static int64_t page_make(struct machine *machine, size_t start_bytes)
{
    size_t size_bytes = PAGE_SIZE + ((start_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
    int64_t memory = qy_memory_create(machine->job, size_bytes, 0);
    if (memory < 0) {
        return memory;
    }
    int64_t address = qy_aspace_map(machine->aspace, (handle_t)memory, 0, PROCESS_PAGE, size_bytes,
                                    MAP_READ | MAP_WRITE | MAP_FIXED | MAP_FORK_NONE);
    machine->memory = (handle_t)memory;
    machine->page_bytes = size_bytes;
    if (address < 0) {
        return address;
    }
    /* The page is the process's expense: if there is no memory for it, we must not be the ones who
     * touch it first. */
    const uint64_t nothing = 0;
    int64_t copied = qy_process_write(machine->process, PROCESS_PAGE, &nothing, sizeof nothing);
    return copied < 0 ? -ENOMEM : page_map(machine);
}

static int64_t grant(const struct machine *machine, handle_t handle, rights_t rights,
                     uint32_t operation, handle_t *ret_handle)
{
    return keep(qy_handle_grant(machine->process, handle, rights, operation), ret_handle);
}

static int64_t session_grant(const struct machine *machine, uint64_t badge)
{
    struct qy_result made = qy_session_create(machine_state.server->port, badge, CALLS_MAX);
    if (made.status < 0) {
        return made.status;
    }
    handle_t client = made.second;
    (void)qy_handle_close((handle_t)made.status); /* the session ends with the process */
    int64_t error =
        grant(machine, client, RIGHTS_SESSION & ~RIGHT_DUP, HANDLE_MOVE, &machine->page->proc);
    if (error < 0) {
        close_if(&client);
    }
    return error;
}

/* What a process has of itself. It may not lift its own limits, so its job lacks MANAGE. */
static int64_t own_grant(const struct machine *machine, uint64_t badge)
{
    struct process_page *page = machine->page;
    int64_t error =
        grant(machine, machine->process, RIGHTS_PROCESS & ~RIGHT_DUP, HANDLE_COPY, &page->process);
    if (error == 0) {
        error =
            grant(machine, machine->aspace, RIGHTS_ASPACE & ~RIGHT_DUP, HANDLE_COPY, &page->aspace);
    }
    if (error == 0) {
        error = grant(machine, machine->job, RIGHT_CREATE | RIGHT_INSPECT, HANDLE_COPY, &page->job);
    }
    if (error == 0) {
        error =
            grant(machine, machine->thread, RIGHTS_THREAD & ~RIGHT_DUP, HANDLE_COPY, &page->thread);
    }
    return error == 0 ? session_grant(machine, badge) : error;
}

/* The last steps of both ways. */
static int64_t finish(struct machine *machine, uint64_t badge)
{
    machine->page->magic = PROCESS_PAGE_MAGIC;
    int64_t error = own_grant(machine, badge);
    if (error == 0) {
        error = qy_port_bind(machine_state.server->port, machine->process, SIGNAL_EXITED, badge);
    }
    return error;
}

static int64_t undo(struct machine *machine, int64_t error)
{
    if (error < 0) {
        machine_kill(machine);
        machine_release(machine);
    }
    return error;
}

static int64_t start_copy(struct machine *machine, const struct qy_lease *start)
{
    machine->page->start_bytes = (uint32_t)start->size;
    return qy_lease_get(start, 0, (uint8_t *)machine->page + PAGE_SIZE, start->size);
}

static int64_t handles_grant(const struct machine *machine, handle_t *handles)
{
    int64_t error = 0;
    for (uint32_t i = 0; error == 0 && i < PROCESS_HANDLES_MAX; i++) {
        if (handles[i] != HANDLE_INVALID) {
            error =
                grant(machine, handles[i], RIGHTS_SAME, HANDLE_MOVE, &machine->page->handles[i]);
            handles[i] = error == 0 ? HANDLE_INVALID : handles[i];
        }
    }
    return error;
}

/* The last part of the program's path, for reports of the kernel. */
static void start_name(const struct qy_lease *start, char *ret_name, size_t size)
{
    char path[256];
    size_t rest = start->size - sizeof(struct process_start);
    size_t length = rest < sizeof path - 1 ? rest : sizeof path - 1;
    (void)qy_strlcpy(ret_name, "?", size);
    if (qy_lease_get(start, sizeof(struct process_start), path, length) < 0) {
        return; /* the copy of all of it will say so */
    }
    path[length] = 0;
    const char *name = path;
    for (const char *at = path; *at != 0; at++) {
        name = *at == '/' && at[1] != 0 ? at + 1 : name;
    }
    (void)qy_strlcpy(ret_name, name, size);
}

int64_t machine_spawn(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                      const struct qy_lease *start, handle_t *handles)
{
    char name[PROCESS_NAME_MAX];
    *machine = (struct machine){0};
    start_name(start, name, sizeof name);
    int64_t error = process_make(machine, limits, name);
    if (error == 0) {
        error = page_make(machine, start->size);
    }
    if (error == 0) {
        (void)qy_strlcpy(machine->page->name, name, sizeof machine->page->name);
        error = start_copy(machine, start);
    }
    if (error == 0) {
        error = image_map(machine->process, machine->aspace, machine->job);
    }
    if (error == 0) {
        error = handles_grant(machine, handles);
    }
    if (error == 0) {
        error = finish(machine, badge);
    }
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        close_if(&handles[i]);
    }
    return undo(machine, error);
}

/* Signals and names are the caller's affair, which reads them once. */
int64_t machine_fork(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                     const struct machine *source)
{
    char name[PROCESS_NAME_MAX];
    *machine = (struct machine){0};
    memcpy(name, source->page->name, sizeof name);
    name[sizeof name - 1] = 0;
    int64_t error = process_make(machine, limits, name);
    if (error == 0) {
        error = qy_aspace_fork(machine->aspace, source->aspace);
    }
    if (error == 0) {
        error = qy_handle_fork(machine->process, source->process);
    }
    if (error == 0) {
        error = page_make(machine, 0);
    }
    if (error == 0) {
        memcpy(machine->page->name, name, sizeof name);
        error = finish(machine, badge);
    }
    return undo(machine, error);
}

int64_t machine_go(struct machine *machine)
{
    return undo(machine,
                qy_thread_start(machine->thread, image_entry(), PROCESS_STACK, PROCESS_PAGE));
}

int64_t machine_go_at(struct machine *machine, uint64_t entry, uint64_t stack, uint64_t argument)
{
    return undo(machine, qy_thread_start(machine->thread, entry, stack, argument));
}

/* --- surviving ----------------------------------------------------------------------------- */

#define KEY_PROGRAMS 0 /* those of processes are above */
#define KEY_WATCH    UINT64_MAX
#define PATIENCE     QY_SECOND

/* Whoever keeps handles has gone for good: then we go on without. */
static void keeper_lost(int64_t status)
{
    qy_log("the keeper does not answer (%s): a new instance will find no processes",
           qy_error_text(status));
    machine_state.keeper = HANDLE_INVALID;
}

bool machine_keep(const struct machine *machine, uint64_t key)
{
    uint64_t instance = machine_state.keeper_instance;
    if (machine_state.keeper == HANDLE_INVALID) {
        return false;
    }
    int64_t status = qy_keeper_put(machine_state.keeper, key, machine->job, machine->process,
                                   machine->aspace, machine->thread, machine->memory,
                                   &machine_state.keeper_instance, qy_deadline_after(PATIENCE));
    if (status != 0) {
        keeper_lost(status);
        return false;
    }
    return instance != machine_state.keeper_instance;
}

bool machine_forget(uint64_t key)
{
    uint64_t instance = machine_state.keeper_instance;
    if (machine_state.keeper == HANDLE_INVALID) {
        return false;
    }
    int64_t status = qy_keeper_drop(machine_state.keeper, key, &machine_state.keeper_instance,
                                    qy_deadline_after(PATIENCE));
    if (status != 0) {
        keeper_lost(status);
        return false;
    }
    return instance != machine_state.keeper_instance;
}

int64_t machine_restore(struct machine *machine, uint64_t key, size_t page_bytes)
{
    *machine = (struct machine){.page_bytes = page_bytes};
    if (machine_state.keeper == HANDLE_INVALID) {
        return -ENOENT;
    }
    int64_t status =
        qy_keeper_get(machine_state.keeper, key, &machine->job, &machine->process, &machine->aspace,
                      &machine->thread, &machine->memory, qy_deadline_after(PATIENCE));
    if (status == 0) {
        status = page_map(machine);
    }
    return status > 0 ? -status : status;
}

bool machine_has_exited(const struct machine *machine)
{
    return qy_process_info(machine->process).status == 1;
}

void machine_watch_keeper(uint64_t notice_key)
{
    if (machine_state.keeper == HANDLE_INVALID) {
        return;
    }
    int64_t error =
        qy_keeper_watch(machine_state.keeper, KEY_WATCH, machine_state.server->port, notice_key);
    if (error < 0) {
        keeper_lost(error);
    }
}

void machine_keep_own(void)
{
    const struct machine own = {.job = machine_state.programs};
    (void)machine_keep(&own, KEY_PROGRAMS); /* this instance */
}

static int64_t programs_get(void)
{
    struct machine kept;
    if (machine_restore(&kept, KEY_PROGRAMS, PAGE_SIZE) != -ENOENT && kept.job != HANDLE_INVALID) {
        machine_state.programs = kept.job;
        return 0;
    }
    int64_t made = qy_job_create(qy_self_job());
    if (made < 0) {
        return made;
    }
    machine_state.programs = (handle_t)made;
    machine_keep_own();
    return memory_limit(machine_state.programs);
}

/* --- setting up ---------------------------------------------------------------------------- */

int machine_setup(struct qy_server *server, machine_timer_fn *fired)
{
    machine_state.server = server;
    machine_state.timer.fired = fired;
    machine_state.resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    machine_state.keeper = qy_bootstrap_handle(BOOTSTRAP_SESSION, "keeper");
    int64_t made = programs_get();
    if (made >= 0) { /* the first time takes memory; those that follow cannot fail */
        made = qy_server_timer_set(server, &machine_state.timer, DEADLINE_NEVER, 0);
    }
    return made < 0 ? (int)made : 0;
}

int machine_watch_faults(uint64_t key)
{
    return (int)qy_exception_bind(machine_state.programs, machine_state.server->port, key);
}

/* --- ending -------------------------------------------------------------------------------- */

void machine_kill(const struct machine *machine)
{
    if (machine->job != HANDLE_INVALID) {
        (void)qy_job_kill(machine->job); /* ours, with all rights */
    }
}

int64_t machine_exit_code(const struct machine *machine)
{
    return (int64_t)qy_process_info(machine->process).second;
}

void machine_release(struct machine *machine)
{
    if (machine->process != HANDLE_INVALID) {
        (void)qy_port_unbind(machine_state.server->port,
                             machine->process); /* may not be bound yet */
    }
    if (machine->page != NULL) {
        qy_pages_unmap(machine->page, machine->page_bytes);
    }
    machine_kill(machine); /* what the process may have started in its job */
    close_if(&machine->memory);
    close_if(&machine->thread);
    close_if(&machine->aspace);
    close_if(&machine->process);
    close_if(&machine->job);
    *machine = (struct machine){0};
}

/* --- while it lives ------------------------------------------------------------------------ */

/* One thread is suspended at once. Others are stopped by giving their job no time: the kernel looks
 * at each tick, and we have no handles to them. */
void machine_stop(const struct machine *machine, bool is_stopped)
{
    (void)qy_thread_suspend(machine->thread, is_stopped); /* it may have ended */
    if (!is_stopped || qy_job_info(machine->job, JOB_THREADS).second > 1) {
        (void)qy_job_set_limit(machine->job, JOB_CPU_TIME, is_stopped ? 0 : JOB_UNLIMITED);
    }
}

void machine_kick(const struct machine *machine)
{
    (void)qy_thread_kick(machine->thread, DEADLINE_NEVER); /* it may have ended */
}

void machine_thread_set(struct machine *machine, handle_t thread)
{
    close_if(&machine->thread);
    machine->thread = thread;
}

void machine_wake(const struct machine *machine)
{
    (void)qy_futex_wake(&machine->page->children, QY_FUTEX_WAKE_MAX); /* all that may wait */
}

static const struct system_process *process_figures(koid_t koid)
{
    if (machine_state.resource == HANDLE_INVALID || qy_buffer() == NULL) {
        return NULL;
    }
    struct qy_result result = qy_system_info(machine_state.resource, SYSTEM_PROCESSES, koid);
    const struct system_process *record =
        (const struct system_process *)(void *)qy_buffer()->payload;
    return result.status > 0 && record->koid == koid ? record : NULL;
}

void machine_figures(struct machine *machine, struct machine_figures *ret_figures)
{
    *ret_figures = (struct machine_figures){0};
    if (machine->process == HANDLE_INVALID) {
        return;
    }
    ret_figures->memory_bytes = qy_job_info(machine->job, JOB_MEMORY).second;
    const struct system_process *record = process_figures(machine_process(machine));
    if (record != NULL) {
        ret_figures->cpu_ns = record->cpu_ns;
        ret_figures->thread_count = record->thread_count;
    }
}

koid_t machine_job(struct machine *machine)
{
    if (machine->job_koid == 0 && machine->job != HANDLE_INVALID) {
        machine->job_koid = qy_handle_info(machine->job).third;
    }
    return machine->job_koid;
}

koid_t machine_process(struct machine *machine)
{
    if (machine->process_koid == 0 && machine->process != HANDLE_INVALID) {
        machine->process_koid = qy_process_info(machine->process).third;
    }
    return machine->process_koid;
}

int64_t machine_limit(const struct machine *machine, const struct machine_limits *limits)
{
    int64_t error = 0;
    if (limits->memory_bytes != UINT64_MAX) {
        error = qy_job_set_limit(machine->job, JOB_MEMORY, limits->memory_bytes);
    }
    if (error == 0 && limits->threads != UINT64_MAX) {
        error = qy_job_set_limit(machine->job, JOB_THREADS, limits->threads);
    }
    return error;
}

int64_t machine_read(const struct machine *machine, uint64_t address, void *to, uint64_t size)
{
    return qy_process_read(machine->process, address, to, size);
}

int64_t machine_open(const struct machine *machine)
{
    return qy_handle_dup(machine->process, RIGHTS_BASIC);
}

void machine_timer_set(time_ns_t deadline)
{
    (void)qy_server_timer_set(machine_state.server, &machine_state.timer, deadline, 0); /* ours */
}

time_ns_t machine_now(void)
{
    return qy_clock_read();
}
