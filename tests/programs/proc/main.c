/* SPDX-License-Identifier: MIT */
/*
 * In the place of init: starts proc and, as a process of proc, the suite. With the layer of the
 * tests that is suite.c, which has sessions to control and to inspect; with the POSIX layer it is
 * the program bin/suite of the archive, as memory: there are no files.
 */
#include <idl/proc.h>
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/process_start.h>
#include <quay/spawn.h>
#include <quay/text.h>
#include "../shared/tap.h"

#define TOKENS 32

static const void *archive_open(void)
{
    size_t size_bytes = qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL);
    void *archive;
    int error = qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), 0,
                              (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), MAP_READ, &archive);
    return error == 0 && qy_archive_check(archive, size_bytes, NULL) == 0 ? archive : NULL;
}

static handle_t session(handle_t port, uint64_t badge)
{
    struct qy_result made = qy_session_create(port, badge, 0);
    return made.status >= 0 ? made.second : HANDLE_INVALID;
}

static int64_t server_start(const void *archive, handle_t port)
{
    const struct archive_entry *entry = qy_archive_find(archive, "servers/proc");
    int64_t job = qy_job_create(qy_self_job());
    if (entry == NULL || job < 0) {
        return entry == NULL ? -ENOENT : job;
    }
    const struct qy_spawn_handle handles[] = {
        {(handle_t)job, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL},
        {port, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_PORT, 0, NULL},
        {qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), RIGHTS_BASIC | RIGHT_READ, HANDLE_COPY,
         BOOTSTRAP_ARCHIVE, qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL), NULL},
        {qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), RIGHTS_BASIC | RIGHT_SYSTEM_INFO,
         HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
    };
    const char *name = "proc";
    const struct qy_spawn spawn = {
        .job = (handle_t)job,
        .name = name,
        .image = (const uint8_t *)archive + entry->offset_bytes,
        .image_bytes = entry->size_bytes,
        .argument_count = 1,
        .arguments = &name,
        .handle_count = sizeof handles / sizeof handles[0],
        .handles = handles,
    };
    return qy_spawn(&spawn, NULL);
}

/* A copy of a file of the archive; HANDLE_INVALID if there is none. */
static handle_t file_copy(const void *archive, const char *name)
{
    const struct archive_entry *entry = qy_archive_find(archive, name);
    void *view;
    if (entry == NULL) {
        return HANDLE_INVALID;
    }
    uint64_t size_bytes = (entry->size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int64_t memory = qy_memory_create(qy_self_job(), size_bytes, 0);
    if (memory < 0 ||
        qy_memory_map((handle_t)memory, 0, size_bytes, MAP_READ | MAP_WRITE, &view) != 0) {
        return HANDLE_INVALID;
    }
    memcpy(view, (const uint8_t *)archive + entry->offset_bytes, entry->size_bytes);
    return (handle_t)memory;
}

static int64_t suite_start(handle_t control, handle_t first, handle_t second, int32_t *ret_pid)
{
    static const char strings[] = "suite\0suite"; /* path, argument 0 */
    static _Alignas(8) uint8_t block[sizeof(struct process_start) + sizeof strings];
    struct process_start *start = (struct process_start *)(void *)block;
    *start = (struct process_start){
        .magic = PROCESS_START_MAGIC, .size_bytes = (uint32_t)sizeof block, .argument_count = 1};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number = PROCESS_FILE_NONE;
    }
    memcpy(start + 1, strings, sizeof strings);
    return qy_proc_spawn(control, QY_PROC_SPAWN_FLAGS_SESSION, 0, start, sizeof block, first,
                         second, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                         HANDLE_INVALID, HANDLE_INVALID, ret_pid, DEADLINE_NEVER);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    const void *archive = archive_open();
    int64_t port = qy_port_create(qy_self_job(), TOKENS);
    int32_t pid = 0;
    handle_t process = HANDLE_INVALID;
    int64_t status = archive == NULL ? -EINVAL : server_start(archive, (handle_t)port);
    handle_t control = session((handle_t)port, QY_PROC_ACCESS_INSPECT | QY_PROC_ACCESS_CONTROL);
    if (status >= 0) {
        handle_t file = file_copy(archive, "bin/suite");
        status = suite_start(control, file != HANDLE_INVALID ? file : control,
                             session((handle_t)port, QY_PROC_ACCESS_INSPECT), &pid);
    }
    if (status == 0) {
        status = qy_proc_open(control, pid, &process, DEADLINE_NEVER);
    }
    if (status != 0) {
        qy_log("the suite does not start: %s", qy_error_text(status));
        tap_leave();
    }
    (void)qy_object_wait(process, SIGNAL_EXITED, DEADLINE_NEVER); /* no deadline */
    qy_log("the suite ended with code %ld", (long)qy_process_info(process).second);
    tap_leave();
}
