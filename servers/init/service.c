/* SPDX-License-Identifier: MIT */
#include "service.h"
#include "boot_archive.h"
#include "grants.h"
#include "services.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/text.h>

/* An argument of a manifest that stands for the kernel's command line. */
#define COMMAND_LINE "$COMMAND_LINE"

static int handle_keep(const struct service *service, const char *what, int64_t made,
                       handle_t *ret_handle)
{
    if (made < 0) {
        qy_log("%s: no %s: %s", service->entry->name, what, qy_error_text(made));
        return (int)made;
    }
    *ret_handle = (handle_t)made;
    return 0;
}

static int limits_set(const struct service *service)
{
    const struct qy_manifest_entry *entry = service->entry;
    const struct {
        uint32_t resource;
        uint64_t limit;
    } limits[] = {
        {JOB_MEMORY, entry->memory_bytes_max}, {JOB_PROCESSES, entry->processes_max},
        {JOB_THREADS, entry->threads_max},     {JOB_CPU_TIME, entry->cpu_time_max},
        {JOB_PRIORITY, entry->priority_max},
    };
    int64_t error = 0;
    for (size_t i = 0; error >= 0 && i < sizeof limits / sizeof limits[0]; i++) {
        if (limits[i].limit != JOB_UNLIMITED) {
            error = qy_job_set_limit(service->job, limits[i].resource, limits[i].limit);
        }
    }
    if (error < 0) {
        qy_log("%s: its limits: %s", entry->name, qy_error_text(error));
    }
    return error < 0 ? (int)error : 0;
}

static int job_make(struct service *service)
{
    int error = handle_keep(service, "job", qy_job_create(qy_self_job()), &service->job);
    if (error == 0) {
        service->job_id = (koid_t)qy_handle_info(service->job).third;
        error = limits_set(service);
    }
    return error;
}

static int memory_make(struct service *service)
{
    uint64_t size_bytes = (service->entry->kept_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    return handle_keep(service, "memory", qy_memory_create(service->job, size_bytes, 0),
                       &service->memory);
}

static int timer_set(struct service *service, time_ns_t deadline)
{
    int64_t error = qy_server_timer_set(service->init, &service->timer, deadline, 0);
    if (error < 0) {
        qy_log("%s: no timer: %s", service->entry->name, qy_error_text(error));
    }
    return (int)error;
}

/* The next start is due, or the time to end is over. */
static void time_over(struct qy_server *init, struct qy_server_timer *timer)
{
    struct service *service = timer->context;
    (void)init;
    if (service->is_stopping && service->state == SERVICE_RUNNING) {
        qy_log("%s has not stopped in time", service->entry->name);
        (void)qy_process_kill(service->process); /* ours, with all rights */
    } else if (service->state == SERVICE_WAITING) {
        service_start(service);
    }
}

int service_init(struct service *service, const struct qy_manifest_entry *entry,
                 struct qy_server *init, uint64_t exited_key)
{
    *service = (struct service){.entry = entry,
                                .state = SERVICE_STOPPED,
                                .init = init,
                                .exited_key = exited_key,
                                .timer = {.fired = time_over, .context = service}};
    int error = job_make(service);
    if (error == 0 && (entry->serves_count > 0 || entry->kind == QY_MANIFEST_KIND_SESSION)) {
        error = handle_keep(service, "port", qy_port_create(service->job, entry->tokens),
                            &service->port);
    }
    if (error == 0 && entry->kept_bytes > 0) {
        error = memory_make(service);
    }
    if (error == 0) { /* the first time takes memory; those that follow cannot fail */
        error = timer_set(service, DEADLINE_NEVER);
    }
    return error;
}

/* --- starting ------------------------------------------------------------------------------ */

static uint32_t arguments_fill(const struct qy_manifest_entry *entry, const char **ret_arguments)
{
    const char *text = (const char *)entry->arguments;
    uint32_t count = 0;
    ret_arguments[count++] = entry->name;
    if (entry->kind == QY_MANIFEST_KIND_SESSION) {
        ret_arguments[count++] = entry->program;
    }
    for (uint32_t i = 0; i < entry->argument_count && count < QY_SPAWN_ARGUMENTS_MAX; i++) {
        ret_arguments[count++] = qy_streq(text, COMMAND_LINE) ? services_command_line() : text;
        text += strlen(text) + 1;
    }
    return count;
}

static int process_start(struct service *service)
{
    const char *name = service->entry->name;
    const char *arguments[QY_SPAWN_ARGUMENTS_MAX];
    struct qy_spawn_handle handles[QY_SPAWN_HANDLES_MAX];
    int count = grants_collect(service, handles);
    if (count < 0) {
        return count;
    }
    struct qy_spawn spawn = {
        .job = service->job,
        .name = name,
        .argument_count = arguments_fill(service->entry, arguments),
        .arguments = arguments,
        .handle_count = (uint32_t)count,
        .handles = handles,
    };
    const char *program = service->entry->kind == QY_MANIFEST_KIND_SESSION
                              ? SESSION_PROGRAM
                              : service->entry->program;
    int error = boot_archive_find(program, &spawn.image, &spawn.image_bytes);
    if (error == 0) {
        error = qy_spawn(&spawn, &service->process);
    }
    if (error < 0) {
        return error;
    }
    /* It can only fail for want of memory; then the process must not go on unwatched. */
    error = (int)qy_port_bind(service->init->port, service->process, SIGNAL_EXITED,
                              service->exited_key);
    if (error < 0) {
        (void)qy_process_kill(service->process);
        (void)qy_handle_close(service->process);
    }
    return error;
}

static bool is_over(const struct service *service)
{
    return service->is_stopping || service->entry->restart == QY_MANIFEST_RESTART_NEVER ||
           (service->entry->restart == QY_MANIFEST_RESTART_ON_FAILURE && service->exit_code == 0);
}

/* The next start, or none, after a death or a start that failed. */
static void start_plan(struct service *service)
{
    const struct qy_manifest_entry *entry = service->entry;
    const struct restart_policy policy = {(time_ns_t)entry->delay_min_ns,
                                          (time_ns_t)entry->delay_max_ns,
                                          (time_ns_t)entry->window_ns, entry->deaths_max};
    time_ns_t now = qy_clock_read();
    if (is_over(service)) {
        service->state = SERVICE_STOPPED;
        if (!service->is_stopping) {
            qy_log("%s has ended (code %ld)", entry->name, (long)service->exit_code);
        }
        return;
    }
    time_ns_t delay = restart_delay(&service->restart, &policy, service->started, now);
    if (delay == RESTART_GIVE_UP) {
        service->state = SERVICE_STOPPED;
        qy_log("%s has died %u times within %lu s (code %ld) and stays dead; start %s starts it",
               entry->name, entry->deaths_max + 1, (unsigned long)(policy.window / QY_SECOND),
               (long)service->exit_code, entry->name);
        return;
    }
    service->state = SERVICE_WAITING;
    if (delay == 0) {
        service_start(service);
        return;
    }
    (void)timer_set(service, now + delay); /* it was made at the beginning */
}

void service_start(struct service *service)
{
    const char *name = service->entry->name;
    service->started = qy_clock_read();
    int error = process_start(service);
    if (error < 0) {
        qy_log("cannot start %s: %s", name, qy_error_text(error));
        service->exit_code = error;
        start_plan(service);
        return;
    }
    service->state = SERVICE_RUNNING;
    service->id = qy_process_info(service->process).third;
    if (service->restart.deaths > 0) {
        qy_log("%s died (code %ld) and was started again, id %lu (restart %u)", name,
               (long)service->exit_code, service->id, service->restart.deaths);
    }
}

void service_died(struct service *service)
{
    if (service->state != SERVICE_RUNNING) {
        return;
    }
    service->exit_code = (int64_t)qy_process_info(service->process).second;
    (void)qy_port_unbind(service->init->port, service->process); /* or the binding would stay */
    (void)qy_handle_close(service->process);
    service->process = HANDLE_INVALID;
    if (service->is_stopping) {
        (void)qy_job_kill(service->job); /* what it has started ends with it */
    }
    start_plan(service);
}

/* --- stopping ------------------------------------------------------------------------------ */

void service_stop(struct service *service)
{
    service->is_stopping = true;
    if (service->state != SERVICE_RUNNING) {
        service->state = SERVICE_STOPPED;
        return;
    }
    if (service->port == HANDLE_INVALID || service->entry->stop_ns == 0 ||
        qy_port_notify(service->port, QY_NOTICE_END) < 0) {
        (void)qy_process_kill(service->process); /* it has nothing to hear it with */
        return;
    }
    (void)timer_set(service, qy_deadline_after((time_ns_t)service->entry->stop_ns)); /* as above */
}
