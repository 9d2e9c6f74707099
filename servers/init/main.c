/* SPDX-License-Identifier: MIT */
/*
 * init: starts the servers, then answers power calls and watches over deaths.
 *
 *   monitor --serial--> ns16550        monitor --counter--> counter
 *      `------power---> init
 */
#include "boot_archive.h"
#include "power.h"
#include "service.h"
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/device.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/text.h>

#define SERIAL_FIRST_PORT 0x3f8
#define SERIAL_PORT_COUNT 8
#define SERIAL_IRQ_LINE   4

#define POWER_TOKENS 4
#define POWER_BADGE  1

enum {
    SERIAL,
    COUNTER,
    MONITOR,
    SERVICE_COUNT
};

static struct {
    struct service services[SERVICE_COUNT];
    handle_t port;
} init_state;

static handle_t resource(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
}

static int serial_start(struct service *service)
{
    int64_t io = qy_io_create(resource(), service->job, SERIAL_FIRST_PORT, SERIAL_PORT_COUNT);
    int64_t irq = qy_irq_create(resource(), service->job, SERIAL_IRQ_LINE);
    if (io < 0 || irq < 0) {
        qy_log("no access to the serial port: %s", qy_error_text(io < 0 ? io : irq));
        return -ENODEV;
    }
    const struct qy_spawn_handle handles[] = {
        {(handle_t)io, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_IO, SERIAL_FIRST_PORT, NULL},
        {(handle_t)irq, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_IRQ, SERIAL_IRQ_LINE, NULL},
        {resource(), RIGHTS_BASIC | RIGHT_SYSTEM_INFO, HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
    };
    return service_start(service, init_state.port, SERVICE_EXITED_KEY + SERIAL, handles,
                         sizeof handles / sizeof handles[0]);
}

static int monitor_start(struct service *service)
{
    int64_t programs = qy_job_create(qy_self_job());
    struct qy_result power = qy_session_create(init_state.port, POWER_BADGE, 0);
    if (programs < 0 || power.status < 0) {
        return -ENOMEM;
    }
    handle_t serial = service_session(&init_state.services[SERIAL],
                                      QY_SERIAL_ACCESS_READ | QY_SERIAL_ACCESS_WRITE);
    handle_t counter = service_session(&init_state.services[COUNTER], 1);
    const struct qy_spawn_handle handles[] = {
        {serial, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_SESSION, 0, "serial"},
        {counter, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_SESSION, 0, "counter"},
        {power.second, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_SESSION, 0, "power"},
        {(handle_t)programs, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_JOB, 0, "programs"},
        {resource(), RIGHTS_BASIC | RIGHT_SYSTEM_INFO, HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
        {qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), RIGHTS_BASIC | RIGHT_READ, HANDLE_COPY,
         BOOTSTRAP_ARCHIVE, qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL), NULL},
    };
    return service_start(service, init_state.port, SERVICE_EXITED_KEY + MONITOR, handles,
                         sizeof handles / sizeof handles[0]);
}

/* A server that does not start is said on the log; the others are started all the same. */
static void services_start(void)
{
    static const char *const names[SERVICE_COUNT] = {"ns16550", "counter", "monitor"};
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (service_init(&init_state.services[i], names[i], i != MONITOR) < 0) {
            return;
        }
    }
    (void)serial_start(&init_state.services[SERIAL]);
    (void)service_start(&init_state.services[COUNTER], init_state.port,
                        SERVICE_EXITED_KEY + COUNTER, NULL, 0);
    (void)monitor_start(&init_state.services[MONITOR]);
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)server;
    (void)signals;
    if (key >= SERVICE_EXITED_KEY && key < SERVICE_EXITED_KEY + SERVICE_COUNT) {
        service_died(&init_state.services[key - SERVICE_EXITED_KEY]);
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (boot_archive_open() < 0) {
        return 1;
    }
    power_init();
    int64_t port = qy_port_create(qy_self_job(), POWER_TOKENS);
    if (port < 0) {
        qy_log("no port: %s", qy_error_text(port));
        return 1;
    }
    init_state.port = (handle_t)port;
    services_start();
    struct qy_server server = {
        .port = init_state.port,
        .dispatch = qy_power_dispatch,
        .handlers = &power_handlers,
        .notice = notice,
    };
    int64_t error = qy_server_run(&server);
    qy_log("receiving failed: %s", qy_error_text(error));
    return 1;
}
