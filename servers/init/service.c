/* SPDX-License-Identifier: MIT */
#include "service.h"
#include "boot_archive.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/text.h>

int service_init(struct service *service, const char *name, bool has_port)
{
    *service = (struct service){.name = name};
    int64_t job = qy_job_create(qy_self_job());
    if (job < 0) {
        qy_log("%s: no job: %s", name, qy_error_text(job));
        return (int)job;
    }
    service->job = (handle_t)job;
    if (has_port) {
        int64_t port = qy_port_create(service->job, SERVICE_TOKENS);
        if (port < 0) {
            qy_log("%s: no port: %s", name, qy_error_text(port));
            return (int)port;
        }
        service->port = (handle_t)port;
    }
    return 0;
}

handle_t service_session(struct service *service, uint64_t badge)
{
    struct qy_result made = qy_session_create(service->port, badge, 0);
    if (made.status < 0) {
        qy_log("%s: no session: %s", service->name, qy_error_text(made.status));
        return HANDLE_INVALID;
    }
    return made.second;
}

int service_start(struct service *service, handle_t init_port, uint64_t key,
                  const struct qy_spawn_handle *handles, uint32_t handle_count)
{
    struct qy_spawn_handle all[QY_SPAWN_HANDLES_MAX];
    uint32_t count = 0;
    all[count++] =
        (struct qy_spawn_handle){service->job, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL};
    if (service->port != HANDLE_INVALID) {
        all[count++] = (struct qy_spawn_handle){service->port,  RIGHTS_SAME, HANDLE_COPY,
                                                BOOTSTRAP_PORT, 0,           NULL};
    }
    for (uint32_t i = 0; i < handle_count && count < QY_SPAWN_HANDLES_MAX; i++) {
        all[count++] = handles[i];
    }
    struct qy_spawn spawn = {
        .job = service->job,
        .name = service->name,
        .argument_count = 1,
        .arguments = &service->name,
        .handle_count = count,
        .handles = all,
    };
    int error = boot_archive_find(service->name, &spawn.image, &spawn.image_bytes);
    if (error == 0) {
        error = qy_spawn(&spawn, &service->process);
    }
    if (error == 0) {
        error = (int)qy_port_bind(init_port, service->process, SIGNAL_EXITED, key);
    }
    if (error < 0) {
        qy_log("cannot start %s: %s", service->name, qy_error_text(error));
    }
    return error;
}

void service_died(struct service *service)
{
    struct qy_result info = qy_process_info(service->process);
    qy_log("%s died (code %ld); whoever calls it waits from now on", service->name,
           (long)info.second);
}
