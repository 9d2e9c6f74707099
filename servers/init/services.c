/* SPDX-License-Identifier: MIT */
#include "services.h"
#include "boot_archive.h"
#include <quay/bootstrap.h>
#include <quay/exception.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/process.h>
#include <quay/text.h>

#define KEY_EXITED 100 /* and the index of the service */

/* Programs of the archive that the manifest does not name. */
#define FOUND_FOLDER "servers/"

#define MANIFEST_BYTES                                                                             \
    (sizeof(struct qy_manifest_head) + QY_MANIFEST_ENTRIES_MAX * sizeof(struct qy_manifest_entry))

static struct {
    struct service services[QY_MANIFEST_ENTRIES_MAX];
    uint32_t count; /* of services */
    struct qy_manifest manifest;
    handle_t manifest_memory;
    const char *command_line;
    /* Stopping: from the last to the first. */
    bool is_stopping;
    uint32_t left;           /* services below this index are still to be stopped */
    koid_t stopper;          /* job of who has asked for it */
    struct qy_pending asked; /* its call */
} services_state;

struct service *services_at(uint32_t index)
{
    return index < services_state.count ? &services_state.services[index] : NULL;
}

uint32_t services_index(const struct service *service)
{
    return (uint32_t)(service - services_state.services);
}

struct service *services_names(void)
{
    int index = qy_manifest_find_served(&services_state.manifest, "names");
    return index < 0 ? NULL : &services_state.services[index];
}

const char *services_command_line(void)
{
    return services_state.command_line;
}

handle_t services_manifest(uint64_t *ret_size_bytes)
{
    *ret_size_bytes = MANIFEST_BYTES;
    return services_state.manifest_memory;
}

/* --- the manifest -------------------------------------------------------------------------- */

static const char *found_name(const char *file)
{
    size_t length = sizeof FOUND_FOLDER - 1;
    return qy_strnlen(file, length) == length && memcmp(file, FOUND_FOLDER, length) == 0
               ? file + length
               : NULL;
}

static bool is_named(const struct qy_manifest *manifest, const char *program)
{
    if (qy_streq(program, SESSION_PROGRAM)) {
        return true; /* started for blocks `session`, or not at all */
    }
    for (uint32_t i = 0; i < manifest->count; i++) {
        if (qy_streq(manifest->entries[i].program, program)) {
            return true;
        }
    }
    return false;
}

/* Adds an entry like `found` for a program: it serves its own name. */
static void found_add(struct qy_manifest *manifest, struct qy_manifest_entry *entries,
                      const struct qy_manifest_entry *found, const char *program)
{
    const char *name = found_name(program);
    bool is_full = manifest->count == QY_MANIFEST_ENTRIES_MAX;
    if (is_full || name[0] == 0 || strlen(name) > QY_NAME_MAX ||
        qy_manifest_find(manifest, name) >= 0 || qy_manifest_find_served(manifest, name) >= 0) {
        qy_log("%s: not started: %s", program,
               is_full ? "too many servers" : "a name has 1 to 15 bytes, and is there once");
        return;
    }
    struct qy_manifest_entry *entry = &entries[manifest->count];
    *entry = *found;
    entry->kind = QY_MANIFEST_KIND_SERVER;
    entry->serves_count = 1;
    entry->serves[0].badge = QY_BADGE_DEFAULT;
    memset(entry->name, 0, sizeof entry->name);
    memset(entry->program, 0, sizeof entry->program);
    (void)qy_strlcpy(entry->name, name, sizeof entry->name);                     /* as long */
    (void)qy_strlcpy(entry->serves[0].name, name, sizeof entry->serves[0].name); /* the same */
    (void)qy_strlcpy(entry->program, program, sizeof entry->program);            /* an archive's */
    manifest->count++;
}

static void found_add_all(struct qy_manifest *manifest, struct qy_manifest_entry *entries)
{
    int index = qy_manifest_find(manifest, "found");
    const char *file;
    if (index < 0 || entries[index].kind != QY_MANIFEST_KIND_FOUND) {
        return;
    }
    for (uint32_t i = 0; (file = boot_archive_name(i)) != NULL; i++) {
        if (found_name(file) != NULL && !is_named(manifest, file)) {
            found_add(manifest, entries, &entries[index], file);
        }
    }
}

static int manifest_refuse(const char *reason, int error)
{
    qy_log("the manifest of the boot archive: %s", reason);
    return error;
}

/* Our own copy, in memory that the name service sees too. */
static int manifest_open(void)
{
    const void *file;
    size_t size_bytes;
    const char *reason = "";
    void *view;
    struct qy_manifest manifest;
    int error = boot_archive_find("manifest", &file, &size_bytes);
    if (error == 0) {
        error = qy_manifest_read(file, size_bytes, &manifest, &reason);
    } else {
        reason = "there is none";
    }
    if (error < 0) {
        return manifest_refuse(reason, error);
    }
    uint64_t mapped = (MANIFEST_BYTES + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int64_t memory = qy_memory_create(qy_self_job(), mapped, 0);
    error = memory < 0 ? (int)memory
                       : qy_memory_map((handle_t)memory, 0, mapped, MAP_READ | MAP_WRITE, &view);
    if (error < 0) {
        return manifest_refuse(qy_error_text(error), error);
    }
    struct qy_manifest_head *head = view;
    struct qy_manifest_entry *entries = (void *)(head + 1);
    memcpy(head, file, sizeof *head);
    memcpy(entries, manifest.entries, manifest.count * sizeof *entries);
    manifest.entries = entries;
    found_add_all(&manifest, entries);
    head->entry_count = manifest.count;
    head->checksum = qy_crc32(0, entries, manifest.count * sizeof *entries);
    services_state.manifest = manifest;
    services_state.manifest_memory = (handle_t)memory;
    return 0;
}

static bool has_exceptions(const struct service *service)
{
    for (uint32_t i = 0; service->entry != NULL && i < service->entry->grants_count; i++) {
        if (service->entry->grants[i].kind == QY_MANIFEST_GRANT_KIND_EXCEPTIONS) {
            return true;
        }
    }
    return false;
}

/* Its own it would wait for itself. Ours are nobody's: the kernel has to hear of our death. */
static void exceptions_bind(const struct service *handler)
{
    for (uint32_t i = 0; i < services_state.count; i++) {
        const struct service *service = &services_state.services[i];
        if (service != handler && service->job != HANDLE_INVALID) {
            int64_t error = qy_exception_bind(service->job, handler->port, QY_KEY_EXCEPTIONS);
            if (error < 0) {
                qy_log("%s: its exceptions: %s", service->entry->name, qy_error_text(error));
            }
        }
    }
}

int services_start(struct qy_server *init, const char *command_line)
{
    int error = manifest_open();
    if (error < 0) {
        return error;
    }
    services_state.command_line = command_line;
    services_state.count = services_state.manifest.count;
    for (uint32_t i = 0; i < services_state.count; i++) {
        if (services_state.manifest.entries[i].kind == QY_MANIFEST_KIND_FOUND) {
            continue; /* only what others are made from */
        }
        (void)service_init(&services_state.services[i], &services_state.manifest.entries[i], init,
                           KEY_EXITED + i); /* it has said so; the start below fails */
    }
    for (uint32_t i = 0; i < services_state.count; i++) {
        if (has_exceptions(&services_state.services[i])) {
            exceptions_bind(&services_state.services[i]);
        }
    }
    for (uint32_t i = 0; i < services_state.count; i++) {
        if (services_state.manifest.entries[i].kind != QY_MANIFEST_KIND_FOUND) {
            service_start(&services_state.services[i]);
        }
    }
    return 0;
}

/* --- stopping ------------------------------------------------------------------------------ */

/* Goes on with the next one that runs; answers when there is none. */
static void stopping_continue(struct qy_server *server)
{
    while (services_state.left > 0) {
        struct service *service = &services_state.services[services_state.left - 1];
        if (service->entry != NULL && service->job_id != services_state.stopper) {
            if (!service->is_stopping) {
                service_stop(service);
            }
            if (service->state == SERVICE_RUNNING) {
                return; /* service_died brings us here again */
            }
        }
        services_state.left--;
    }
    if (qy_is_pending(&services_state.asked)) {
        /* It fails only if the caller has gone. */
        (void)qy_servers_stop_all_answer(server, &services_state.asked);
    }
}

void services_notice(struct qy_server *server, uint64_t key)
{
    if (key >= KEY_EXITED && key < KEY_EXITED + services_state.count) {
        service_died(&services_state.services[key - KEY_EXITED]);
        if (services_state.is_stopping) {
            stopping_continue(server);
        }
    }
}

void services_cancelled(struct qy_server *server, uint64_t token)
{
    (void)qy_pending_cancel(server, &services_state.asked, token); /* the stopping goes on */
}

static bool may_control(const struct qy_request *request)
{
    return (request->in.badge & QY_SERVERS_ACCESS_CONTROL) != 0;
}

static int64_t servers_stop_all(struct qy_request *request)
{
    if (!may_control(request)) {
        return QY_SERVERS_FAILURE_NO_ACCESS;
    }
    if (qy_is_pending(&services_state.asked)) {
        return QY_SERVERS_FAILURE_STOPPING;
    }
    if (!services_state.is_stopping) {
        qy_log("stopping all servers");
        services_state.is_stopping = true;
        services_state.left = services_state.count;
    }
    services_state.stopper = request->in.sender_job;
    struct qy_server *server = request->server;
    int64_t status = qy_defer(request, &services_state.asked);
    stopping_continue(server);
    return status;
}

/* --- the protocols ------------------------------------------------------------------------- */

/* The entry of what is found in the archive is no server. */
static const struct service *service_shown(uint32_t index)
{
    for (uint32_t i = 0; i < services_state.count; i++) {
        const struct service *service = &services_state.services[i];
        if (service->entry != NULL && index-- == 0) {
            return service;
        }
    }
    return NULL;
}

static int64_t servers_get(struct qy_request *request, uint32_t index,
                           struct qy_servers_record *ret_record)
{
    (void)request;
    const struct service *service = service_shown(index);
    if (service == NULL) {
        return QY_SERVERS_FAILURE_NO_SUCH_SERVER;
    }
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
    (void)qy_strlcpy(ret_record->name, service->entry->name, sizeof ret_record->name);
    if (service->entry->serves_count > 0) {
        (void)qy_strlcpy(ret_record->serves, service->entry->serves[0].name,
                         sizeof ret_record->serves);
    }
    return 0;
}

static struct service *service_find(const char *name)
{
    int index = qy_manifest_find(&services_state.manifest, name);
    return index < 0 || services_state.manifest.entries[index].kind == QY_MANIFEST_KIND_FOUND
               ? NULL
               : &services_state.services[index];
}

static int64_t servers_kill(struct qy_request *request, const char *name)
{
    struct service *service = service_find(name);
    if (!may_control(request)) {
        return QY_SERVERS_FAILURE_NO_ACCESS;
    }
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
    struct service *service = service_find(name);
    if (!may_control(request)) {
        return QY_SERVERS_FAILURE_NO_ACCESS;
    }
    if (service == NULL) {
        return QY_SERVERS_FAILURE_NO_SUCH_SERVER;
    }
    if (services_state.is_stopping) {
        return QY_SERVERS_FAILURE_STOPPING;
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
    .stop_all = servers_stop_all,
};

static int64_t manifest_get(struct qy_request *request, uint32_t index,
                            struct qy_manifest_entry *ret_entry)
{
    (void)request;
    if (index >= services_state.count) {
        return QY_MANIFEST_FAILURE_NO_SUCH_ENTRY;
    }
    *ret_entry = services_state.manifest.entries[index];
    return 0;
}

const struct qy_manifest_handlers manifest_handlers = {.get = manifest_get};
