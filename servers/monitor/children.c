/* SPDX-License-Identifier: MIT */
#include "children.h"
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/spawn.h>
#include <quay/text.h>

#define CHILDREN_MAX 64
#define MEMORY_MAX   (16ul << 20) /* of each */

struct child {
    koid_t id;
    handle_t process, job;
    char name[ARCHIVE_NAME_MAX];
};

static struct {
    const void *archive; /* NULL until it was checked */
    struct child children[CHILDREN_MAX];
    uint32_t count;
} children_state;

static int archive_open(void)
{
    if (children_state.archive != NULL) {
        return 0;
    }
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    size_t mapped_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    void *archive;
    int error = qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), 0, mapped_bytes,
                              MAP_READ, &archive);
    if (error == 0) {
        error = qy_archive_check(archive, size_bytes, NULL);
    }
    if (error == 0) {
        children_state.archive = archive;
    }
    return error;
}

/* A job of its own below ours, with limits. A program may call servers that have a name, and serve
 * under one itself. */
static int64_t job_make(void)
{
    int64_t job = qy_job_create(qy_bootstrap_handle(BOOTSTRAP_JOB, "programs"));
    if (job >= 0) {
        (void)qy_job_set_limit((handle_t)job, JOB_MEMORY, MEMORY_MAX); /* a fresh job takes any */
    }
    return job;
}

static int child_spawn(struct child *child, const struct archive_entry *entry)
{
    int64_t job = job_make();
    if (job < 0) {
        return (int)job;
    }
    const char *name = child->name;
    const struct qy_spawn_handle handles[] = {
        {(handle_t)job, RIGHTS_BASIC | RIGHT_CREATE, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL},
        {qy_bootstrap_handle(BOOTSTRAP_SESSION, "names"), RIGHTS_SAME, HANDLE_COPY,
         BOOTSTRAP_SESSION, 0, "names"},
    };
    const struct qy_spawn spawn = {
        .job = (handle_t)job,
        .name = name,
        .image = (const uint8_t *)children_state.archive + entry->offset_bytes,
        .image_bytes = entry->size_bytes,
        .argument_count = 1,
        .arguments = &name,
        .handle_count = sizeof handles / sizeof handles[0],
        .handles = handles,
    };
    int error = qy_spawn(&spawn, &child->process);
    if (error < 0) {
        (void)qy_handle_close((handle_t)job); /* nothing in it */
        return error;
    }
    child->job = (handle_t)job;
    child->id = qy_process_info(child->process).third;
    return 0;
}

int children_start(const char *name, koid_t *ret_id)
{
    int error = archive_open();
    if (error < 0) {
        return error;
    }
    if (children_state.count == CHILDREN_MAX) {
        return -EAGAIN;
    }
    const struct archive_entry *entry = qy_archive_find(children_state.archive, name);
    if (entry == NULL) {
        return -ENOENT;
    }
    struct child *child = &children_state.children[children_state.count];
    (void)qy_strlcpy(child->name, name, sizeof child->name); /* as long as the entry's */
    error = child_spawn(child, entry);
    if (error == 0) {
        children_state.count++;
        *ret_id = child->id;
    }
    return error;
}

static struct child *child_find(koid_t id)
{
    for (uint32_t i = 0; i < children_state.count; i++) {
        if (children_state.children[i].id == id) {
            return &children_state.children[i];
        }
    }
    return NULL;
}

int children_kill(koid_t id)
{
    struct child *child = child_find(id);
    return child != NULL ? (int)qy_process_kill(child->process) : -ESRCH;
}

void children_report(void)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < children_state.count; i++) {
        struct child *child = &children_state.children[i];
        struct qy_result info = qy_process_info(child->process);
        if (info.status != 1) {
            children_state.children[kept++] = *child;
            continue;
        }
        qy_printf("%s (id %lu) ended with code %ld\n", child->name, child->id, (long)info.second);
        (void)qy_handle_close(child->process);
        (void)qy_job_kill(child->job); /* what it may have started itself */
        (void)qy_handle_close(child->job);
    }
    children_state.count = kept;
}

void children_wait(koid_t id, time_ns_t deadline)
{
    struct child *child = child_find(id);
    if (child != NULL) {
        (void)qy_object_wait(child->process, SIGNAL_EXITED, deadline); /* either way we go on */
    }
}

void children_names_print(void)
{
    if (archive_open() < 0) {
        return;
    }
    qy_printf("there are:");
    const struct archive_entry *entry;
    for (uint32_t i = 0; (entry = qy_archive_entry(children_state.archive, i)) != NULL; i++) {
        qy_printf(" %s", entry->name);
    }
    qy_printf("\n");
}
