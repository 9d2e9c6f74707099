/* SPDX-License-Identifier: MIT */
#include "service.h"
#include "boot_archive.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/text.h>

static int handle_keep(const struct service *service, const char *what, int64_t made,
                       handle_t *ret_handle)
{
    if (made < 0) {
        qy_log("%s: no %s: %s", service->plan->name, what, qy_error_text(made));
        return (int)made;
    }
    *ret_handle = (handle_t)made;
    return 0;
}

static int port_make(struct service *service)
{
    const struct service_plan *plan = service->plan;
    int error =
        handle_keep(service, "port", qy_port_create(service->job, SERVICE_TOKENS), &service->port);
    if (error < 0) {
        return error;
    }
    struct qy_result made = qy_session_create(service->port, plan->badge, 0);
    if (made.status >= 0) {
        (void)qy_handle_close((handle_t)made.status); /* this session is never revoked */
        made.status = made.second;
    }
    return handle_keep(service, "session", made.status, &service->session);
}

static int memory_make(struct service *service)
{
    uint64_t size_bytes = (service->plan->kept_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    return handle_keep(service, "memory", qy_memory_create(service->job, size_bytes, 0),
                       &service->memory);
}

int service_init(struct service *service, const struct service_plan *plan, handle_t init_port,
                 uint64_t exited_key, uint64_t timer_key)
{
    *service = (struct service){
        .plan = plan, .state = SERVICE_STOPPED, .init_port = init_port, .exited_key = exited_key};
    int error = handle_keep(service, "job", qy_job_create(qy_self_job()), &service->job);
    if (error == 0 && plan->serves != NULL) {
        error = port_make(service);
    }
    if (error == 0 && plan->kept_bytes > 0) {
        error = memory_make(service);
    }
    if (error == 0) {
        error = handle_keep(service, "timer", qy_timer_create(qy_self_job()), &service->timer);
    }
    if (error == 0) {
        error = (int)qy_port_bind(init_port, service->timer, SIGNAL_FIRED, timer_key);
    }
    return error;
}

/* --- starting ------------------------------------------------------------------------------ */

static int handles_collect(struct service *service, struct qy_spawn_handle *ret_handles)
{
    const struct service_plan *plan = service->plan;
    int count = 0;
    ret_handles[count++] =
        (struct qy_spawn_handle){service->job, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL};
    if (service->port != HANDLE_INVALID) {
        ret_handles[count++] = (struct qy_spawn_handle){service->port,  RIGHTS_SAME, HANDLE_COPY,
                                                        BOOTSTRAP_PORT, 0,           NULL};
    }
    if (service->memory != HANDLE_INVALID) {
        ret_handles[count++] =
            (struct qy_spawn_handle){service->memory,  RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE,
                                     HANDLE_COPY,      BOOTSTRAP_MEMORY,
                                     plan->kept_bytes, QY_KEPT_NAME};
    }
    int granted = plan->grant != NULL ? plan->grant(service, ret_handles + count) : 0;
    return granted < 0 ? granted : count + granted;
}

static int process_start(struct service *service)
{
    const char *name = service->plan->name;
    struct qy_spawn_handle handles[QY_SPAWN_HANDLES_MAX];
    int count = handles_collect(service, handles);
    if (count < 0) {
        return count;
    }
    struct qy_spawn spawn = {
        .job = service->job,
        .name = name,
        .argument_count = 1,
        .arguments = &name,
        .handle_count = (uint32_t)count,
        .handles = handles,
    };
    int error = boot_archive_find(service->plan->program, &spawn.image, &spawn.image_bytes);
    if (error == 0) {
        error = qy_spawn(&spawn, &service->process);
    }
    if (error < 0) {
        return error;
    }
    /* It can only fail for want of memory; then the process must not go on unwatched. */
    error =
        (int)qy_port_bind(service->init_port, service->process, SIGNAL_EXITED, service->exited_key);
    if (error < 0) {
        (void)qy_process_kill(service->process);
        (void)qy_handle_close(service->process);
    }
    return error;
}

/* The next start, or none, after a death or a start that failed. */
static void start_plan(struct service *service)
{
    const char *name = service->plan->name;
    time_ns_t now = qy_clock_read();
    time_ns_t delay = restart_delay(&service->restart, service->started, now);
    if (delay == RESTART_GIVE_UP) {
        service->state = SERVICE_STOPPED;
        qy_log("%s has died %u times within %lu s (code %ld) and stays dead; start %s starts it",
               name, RESTARTS_MAX + 1, (unsigned long)(RESTART_WINDOW / QY_SECOND),
               (long)service->exit_code, name);
        return;
    }
    service->state = SERVICE_WAITING;
    if (delay == 0) {
        service_start(service);
        return;
    }
    (void)qy_timer_set(service->timer, now + delay, 0, 0); /* ours, and without a period */
}

void service_start(struct service *service)
{
    const char *name = service->plan->name;
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
    (void)qy_port_unbind(service->init_port, service->process); /* or the binding would stay */
    (void)qy_handle_close(service->process);
    service->process = HANDLE_INVALID;
    start_plan(service);
}
