/* SPDX-License-Identifier: MIT */
#include "grants.h"
#include "services.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/device.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/text.h>

struct list {
    struct qy_spawn_handle *handles;
    int count; /* or a negative error number */
};

static void add(struct list *list, handle_t handle, rights_t rights, uint32_t kind, uint64_t value,
                const char *name)
{
    if (list->count < 0) {
        return;
    }
    if (list->count == QY_SPAWN_HANDLES_MAX) {
        list->count = -EMFILE;
        return;
    }
    list->handles[list->count++] =
        (struct qy_spawn_handle){handle, rights, HANDLE_COPY, kind, value, name};
}

/* Adds a handle that is made when it is needed first, and kept. */
static void add_made(struct list *list, handle_t *kept, int64_t made, rights_t rights,
                     uint32_t kind, uint64_t value, const char *name)
{
    if (made < 0) {
        list->count = list->count < 0 ? list->count : (int)made;
        return;
    }
    *kept = (handle_t)made;
    add(list, *kept, rights, kind, value, name);
}

static int64_t session_make(handle_t port, uint64_t badge)
{
    struct qy_result made = qy_session_create(port, badge, 0);
    if (made.status < 0) {
        return made.status;
    }
    (void)qy_handle_close((handle_t)made.status); /* this session is never revoked */
    return (int64_t)made.second;
}

/* A session of the name service that sees what entry `view` does. */
static int64_t view_make(uint32_t view)
{
    const struct service *names = services_names();
    return names == NULL
               ? -ENOENT
               : session_make(names->port, QY_NAMES_ACCESS_CONNECT | QY_NAMES_ACCESS_BIND |
                                               (uint64_t)(view + 1) << 32);
}

static void names_session_add(struct service *service, struct list *list)
{
    const struct service *names = services_names();
    if (names == NULL || names == service || names->port == HANDLE_INVALID) {
        return;
    }
    int64_t made = service->names != HANDLE_INVALID ? (int64_t)service->names
                                                    : view_make(services_index(service));
    add_made(list, &service->names, made, RIGHTS_SAME, BOOTSTRAP_SESSION, 0, "names");
}

/* For the name service: the port of everybody, under all its names, so that whoever asks for a
 * name need not wait for its server; and the manifest, which tells who sees what. */
static void ports_add(const struct service *names, struct list *list)
{
    struct service *service;
    for (uint32_t i = 0; (service = services_at(i)) != NULL; i++) {
        for (uint32_t j = 0; service->port != HANDLE_INVALID && service != names &&
                             j < service->entry->serves_count;
             j++) {
            const struct qy_manifest_served *served = &service->entry->serves[j];
            add(list, service->port, RIGHTS_BASIC | RIGHT_MINT, BOOTSTRAP_PORT, served->badge,
                served->name);
        }
    }
    add(list, names->init->port, RIGHTS_BASIC | RIGHT_MINT, BOOTSTRAP_PORT, BADGE_SERVERS,
        "servers");
    add(list, names->init->port, RIGHTS_BASIC | RIGHT_MINT, BOOTSTRAP_PORT, BADGE_MANIFEST,
        "manifest");
    uint64_t size_bytes;
    handle_t manifest = services_manifest(&size_bytes);
    add(list, manifest, RIGHTS_BASIC | RIGHT_READ, BOOTSTRAP_MEMORY, size_bytes, "manifest");
}

/* What the kernel gave us, passed on as it is; a machine may lack it. */
static void passed_add(struct list *list, uint32_t kind, rights_t rights)
{
    handle_t handle = qy_bootstrap_handle(kind, NULL);
    if (handle != HANDLE_INVALID) {
        add(list, handle, rights, kind, qy_bootstrap_value(kind, NULL), NULL);
    }
}

static void session_add(struct service *service, const struct qy_manifest_grant *grant,
                        handle_t *kept, struct list *list)
{
    struct service *owner = grant->entry == QY_MANIFEST_NONE ? NULL : services_at(grant->entry);
    handle_t port = owner == NULL ? service->init->port : owner->port;
    int64_t made = *kept != HANDLE_INVALID ? (int64_t)*kept : session_make(port, grant->value);
    add_made(list, kept, made, RIGHTS_SAME, BOOTSTRAP_SESSION, 0, grant->name);
}

/* `kept` was made for an instance before, or is HANDLE_INVALID. */
static void grant_add(struct service *service, const struct qy_manifest_grant *grant,
                      handle_t *kept, struct list *list)
{
    handle_t root = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    bool is_made = *kept != HANDLE_INVALID;
    switch (grant->kind) {
    case QY_MANIFEST_GRANT_KIND_IO:
        add_made(list, kept,
                 is_made ? (int64_t)*kept
                         : qy_io_create(root, service->job, (uint32_t)grant->value,
                                        (uint32_t)grant->count),
                 RIGHTS_SAME, BOOTSTRAP_IO, grant->value, grant->name);
        break;
    case QY_MANIFEST_GRANT_KIND_IRQ:
        add_made(list, kept,
                 is_made ? (int64_t)*kept
                         : qy_irq_create(root, service->job, (uint32_t)grant->value),
                 RIGHTS_SAME, BOOTSTRAP_IRQ, grant->value, grant->name);
        break;
    case QY_MANIFEST_GRANT_KIND_PHYSICAL:
        add_made(list, kept,
                 is_made ? (int64_t)*kept
                         : qy_memory_physical(root, service->job, grant->value, grant->count),
                 RIGHTS_SAME, BOOTSTRAP_MEMORY, grant->count, grant->name);
        break;
    case QY_MANIFEST_GRANT_KIND_JOB:
        add_made(list, kept, is_made ? (int64_t)*kept : qy_job_create(service->job), RIGHTS_SAME,
                 BOOTSTRAP_JOB, 0, grant->name);
        break;
    case QY_MANIFEST_GRANT_KIND_VIEW:
        add_made(list, kept, is_made ? (int64_t)*kept : view_make(grant->entry), RIGHTS_SAME,
                 BOOTSTRAP_SESSION, 0, grant->name);
        break;
    case QY_MANIFEST_GRANT_KIND_SESSION:
        session_add(service, grant, kept, list);
        break;
    case QY_MANIFEST_GRANT_KIND_RESOURCE:
        add(list, root, RIGHTS_BASIC | (rights_t)grant->value, BOOTSTRAP_RESOURCE, 0, NULL);
        break;
    case QY_MANIFEST_GRANT_KIND_FRAMEBUFFER:
        passed_add(list, BOOTSTRAP_FRAMEBUFFER, RIGHTS_SAME);
        break;
    case QY_MANIFEST_GRANT_KIND_ACPI:
        passed_add(list, BOOTSTRAP_ACPI, RIGHTS_BASIC | RIGHT_READ);
        break;
    case QY_MANIFEST_GRANT_KIND_ARCHIVE:
        passed_add(list, BOOTSTRAP_ARCHIVE, RIGHTS_BASIC | RIGHT_READ | RIGHT_EXEC);
        break;
    case QY_MANIFEST_GRANT_KIND_NAMES:
        ports_add(service, list);
        break;
    case QY_MANIFEST_GRANT_KIND_EXCEPTIONS: /* services.c binds them */
    case QY_MANIFEST_GRANT_KIND_NOTHING:
    default: /* the manifest was checked */
        break;
    }
}

int grants_collect(struct service *service, struct qy_spawn_handle *ret_handles)
{
    const struct qy_manifest_entry *entry = service->entry;
    struct list list = {.handles = ret_handles};
    add(&list, service->job, RIGHTS_SAME, BOOTSTRAP_JOB, 0, NULL);
    if (service->port != HANDLE_INVALID) {
        add(&list, service->port, RIGHTS_SAME, BOOTSTRAP_PORT, 0, NULL);
    }
    if (service->memory != HANDLE_INVALID) {
        add(&list, service->memory, RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE, BOOTSTRAP_MEMORY,
            entry->kept_bytes, QY_KEPT_NAME);
    }
    names_session_add(service, &list);
    for (uint32_t i = 0; list.count >= 0 && i < entry->grants_count; i++) {
        grant_add(service, &entry->grants[i], &service->granted[i], &list);
        if (list.count < 0) {
            qy_log("%s: grant %u of its manifest: %s", entry->name, i + 1,
                   qy_error_text(list.count));
        }
    }
    return list.count;
}
