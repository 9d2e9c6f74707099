/* SPDX-License-Identifier: MIT */
#include "services.h"
#include "boot_archive.h"
#include "service.h"
#include <idl/names.h>
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/device.h>
#include <quay/handle.h>
#include <quay/names.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/text.h>

#define SERIAL_FIRST_PORT 0x3f8
#define SERIAL_PORT_COUNT 8
#define SERIAL_IRQ_LINE   4

#define KEY_EXITED 100 /* and the index of the service */
#define KEY_TIMER  200

enum {
    NAMES,
    SERIAL,
    COUNTER,
    MONITOR,
    PLANNED_COUNT
};

/* Servers that we know nothing of but their names: programs "servers/NAME" of the boot archive. */
#define FOUND_FOLDER     "servers/"
#define FOUND_MAX        8
#define FOUND_KEPT_BYTES (64 * 1024)
#define SERVICES_MAX     (PLANNED_COUNT + FOUND_MAX)

static struct {
    struct service services[SERVICES_MAX];
    struct service_plan found[FOUND_MAX];
    uint32_t count; /* of services */
    /* Made for the first instance, the same for those that follow. */
    handle_t serial_io, serial_irq;
    handle_t programs; /* the job of what the monitor starts */
    handle_t power, servers;
} services_state;

static handle_t resource(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
}

/* Keeps a handle that was made, unless it was made before. */
static int keep(const char *what, handle_t *handle, int64_t made)
{
    if (made < 0) {
        qy_log("no %s: %s", what, qy_error_text(made));
        return (int)made;
    }
    *handle = (handle_t)made;
    return 0;
}

/* The ports of all others, so that whoever asks for a name need not wait for its server. */
static int names_grant(struct service *service, struct qy_spawn_handle *ret_handles)
{
    int count = 0;
    (void)service;
    for (uint32_t i = 0; i < services_state.count; i++) {
        const struct service *other = &services_state.services[i];
        if (i != NAMES && other->port != HANDLE_INVALID) {
            ret_handles[count++] = (struct qy_spawn_handle){
                other->port,    RIGHTS_BASIC | RIGHT_MINT, HANDLE_COPY,
                BOOTSTRAP_PORT, other->plan->badge,        other->plan->serves};
        }
    }
    return count;
}

static struct qy_spawn_handle names_handle(void)
{
    return (struct qy_spawn_handle){services_state.services[NAMES].session,
                                    RIGHTS_SAME,
                                    HANDLE_COPY,
                                    BOOTSTRAP_SESSION,
                                    0,
                                    "names"};
}

static int names_only_grant(struct service *service, struct qy_spawn_handle *ret_handles)
{
    (void)service;
    ret_handles[0] = names_handle();
    return 1;
}

static int serial_devices_take(const struct service *service)
{
    if (services_state.serial_io == HANDLE_INVALID) {
        int error =
            keep("access to the serial port", &services_state.serial_io,
                 qy_io_create(resource(), service->job, SERIAL_FIRST_PORT, SERIAL_PORT_COUNT));
        if (error < 0) {
            return error;
        }
    }
    if (services_state.serial_irq == HANDLE_INVALID) {
        return keep("interrupt of the serial port", &services_state.serial_irq,
                    qy_irq_create(resource(), service->job, SERIAL_IRQ_LINE));
    }
    return 0;
}

static int serial_grant(struct service *service, struct qy_spawn_handle *ret_handles)
{
    int error = serial_devices_take(service);
    if (error < 0) {
        return error;
    }
    const struct qy_spawn_handle handles[] = {
        names_handle(),
        {services_state.serial_io, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_IO, SERIAL_FIRST_PORT, NULL},
        {services_state.serial_irq, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_IRQ, SERIAL_IRQ_LINE, NULL},
        {resource(), RIGHTS_BASIC | RIGHT_SYSTEM_INFO, HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
    };
    memcpy(ret_handles, handles, sizeof handles);
    return sizeof handles / sizeof handles[0];
}

static int own_session(handle_t init_port, uint64_t badge, handle_t *ret_session)
{
    struct qy_result made = qy_session_create(init_port, badge, 0);
    if (made.status >= 0) {
        (void)qy_handle_close((handle_t)made.status); /* this session is never revoked */
        made.status = made.second;
    }
    return keep("session of init", ret_session, made.status);
}

static int monitor_grant(struct service *service, struct qy_spawn_handle *ret_handles)
{
    if (services_state.programs == HANDLE_INVALID) {
        int error =
            keep("job for programs", &services_state.programs, qy_job_create(qy_self_job()));
        if (error == 0) {
            error = own_session(service->init_port, BADGE_POWER, &services_state.power);
        }
        if (error == 0) {
            error = own_session(service->init_port, BADGE_SERVERS, &services_state.servers);
        }
        if (error < 0) {
            return error;
        }
    }
    const struct qy_spawn_handle handles[] = {
        {services_state.services[SERIAL].session, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_SESSION, 0,
         "serial"},
        names_handle(),
        {services_state.power, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_SESSION, 0, "power"},
        {services_state.servers, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_SESSION, 0, "servers"},
        {services_state.programs, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, "programs"},
        {resource(), RIGHTS_BASIC | RIGHT_SYSTEM_INFO, HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
        {qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), RIGHTS_BASIC | RIGHT_READ, HANDLE_COPY,
         BOOTSTRAP_ARCHIVE, qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL), NULL},
    };
    memcpy(ret_handles, handles, sizeof handles);
    return sizeof handles / sizeof handles[0];
}

/* In the order of their start. */
static const struct service_plan plans[PLANNED_COUNT] = {
    [NAMES] = {"names", "names", "names", QY_NAMES_ACCESS_CONNECT | QY_NAMES_ACCESS_BIND, PAGE_SIZE,
               names_grant},
    [SERIAL] = {"ns16550", "ns16550", "serial", QY_SERIAL_ACCESS_READ | QY_SERIAL_ACCESS_WRITE,
                64 * 1024, serial_grant},
    [COUNTER] = {"counter", "counter", "counter", QY_BADGE_DEFAULT, PAGE_SIZE, names_only_grant},
    [MONITOR] = {"monitor", "monitor", NULL, 0, 0, monitor_grant},
};

static const char *found_name(const char *entry)
{
    size_t length = sizeof FOUND_FOLDER - 1;
    return qy_strnlen(entry, length) == length && memcmp(entry, FOUND_FOLDER, length) == 0
               ? entry + length
               : NULL;
}

/* Adds a plan for each of them. */
static void found_plan(void)
{
    const char *entry;
    for (uint32_t i = 0; (entry = boot_archive_name(i)) != NULL; i++) {
        const char *name = found_name(entry);
        if (name == NULL) {
            continue;
        }
        uint32_t index = services_state.count - PLANNED_COUNT;
        if (index == FOUND_MAX || name[0] == 0 || strlen(name) > QY_NAME_MAX) {
            qy_log("%s: not started: %s", entry,
                   index == FOUND_MAX ? "too many servers" : "a name has 1 to 15 bytes");
            continue;
        }
        services_state.found[index] = (struct service_plan){
            .name = name,
            .program = entry,
            .serves = name,
            .badge = QY_BADGE_DEFAULT,
            .kept_bytes = FOUND_KEPT_BYTES,
            .grant = names_only_grant,
        };
        services_state.count++;
    }
}

void services_start(handle_t init_port)
{
    services_state.count = PLANNED_COUNT;
    found_plan();
    for (uint32_t i = 0; i < services_state.count; i++) {
        const struct service_plan *plan =
            i < PLANNED_COUNT ? &plans[i] : &services_state.found[i - PLANNED_COUNT];
        (void)service_init(&services_state.services[i], plan, init_port, KEY_EXITED + i,
                           KEY_TIMER + i); /* it has said so; the start below fails */
    }
    for (uint32_t i = 0; i < services_state.count; i++) {
        service_start(&services_state.services[i]);
    }
}

void services_notice(uint64_t key)
{
    if (key >= KEY_EXITED && key < KEY_EXITED + services_state.count) {
        service_died(&services_state.services[key - KEY_EXITED]);
    } else if (key >= KEY_TIMER && key < KEY_TIMER + services_state.count) {
        struct service *service = &services_state.services[key - KEY_TIMER];
        if (service->state == SERVICE_WAITING) {
            service_start(service);
        }
    }
}

/* --- the protocol -------------------------------------------------------------------------- */

static int64_t servers_get(struct qy_request *request, uint32_t index,
                           struct qy_servers_record *ret_record)
{
    (void)request;
    if (index >= services_state.count) {
        return QY_SERVERS_FAILURE_NO_SUCH_SERVER;
    }
    const struct service *service = &services_state.services[index];
    static const qy_servers_state_t states[] = {
        [SERVICE_RUNNING] = QY_SERVERS_STATE_RUNNING,
        [SERVICE_WAITING] = QY_SERVERS_STATE_WAITING,
        [SERVICE_STOPPED] = QY_SERVERS_STATE_STOPPED,
    };
    *ret_record = (struct qy_servers_record){
        .id = service->id,
        .restarts = service->restart.deaths,
        .state = states[service->state],
    };
    (void)qy_strlcpy(ret_record->name, service->plan->name, sizeof ret_record->name);
    if (service->plan->serves != NULL) {
        (void)qy_strlcpy(ret_record->serves, service->plan->serves, sizeof ret_record->serves);
    }
    return 0;
}

static struct service *service_find(const char *name)
{
    for (uint32_t i = 0; i < services_state.count; i++) {
        if (qy_streq(services_state.services[i].plan->name, name)) {
            return &services_state.services[i];
        }
    }
    return NULL;
}

static int64_t servers_kill(struct qy_request *request, const char *name)
{
    (void)request;
    struct service *service = service_find(name);
    if (service == NULL) {
        return QY_SERVERS_FAILURE_NO_SUCH_SERVER;
    }
    if (service->state != SERVICE_RUNNING) {
        return QY_SERVERS_FAILURE_NOT_RUNNING;
    }
    (void)qy_process_kill(service->process); /* ours, with all rights */
    return 0;
}

static int64_t servers_start(struct qy_request *request, const char *name)
{
    (void)request;
    struct service *service = service_find(name);
    if (service == NULL) {
        return QY_SERVERS_FAILURE_NO_SUCH_SERVER;
    }
    if (service->state == SERVICE_RUNNING) {
        return QY_SERVERS_FAILURE_RUNNING;
    }
    restart_forgive(&service->restart);
    service_start(service);
    return service->state == SERVICE_RUNNING ? 0 : QY_SERVERS_FAILURE_NOT_RUNNING;
}

const struct qy_servers_handlers services_handlers = {
    .get = servers_get,
    .kill = servers_kill,
    .start = servers_start,
};
