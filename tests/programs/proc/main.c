/* SPDX-License-Identifier: MIT */
/*
 * In the place of init: starts proc and, as a process of proc, the suite. With the layer of the
 * tests that is suite.c, which has sessions to control and to inspect; with the POSIX layer it is
 * the program bin/suite of the archive, as memory: there are no files. The image proc-bench has
 * bin/bench, posixbench, in its place, and the rows are measured that need no files.
 */
#include <idl/proc.h>
#include <quay/archive.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/process_start.h>
#include <quay/spawn.h>
#include <quay/system.h>
#include <quay/text.h>
#include "../shared/tap.h"
#include "event.h"

#define TOKENS     32
#define KEPT_BYTES (256 * 1024ul)

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

static const void *archive;

/* As init starts a server: with a port and memory that outlive it. */
static int64_t server_start(const char *program, handle_t job, handle_t port, handle_t memory,
                            handle_t keeper, handle_t *ret_process)
{
    const struct archive_entry *entry = qy_archive_find(archive, program);
    if (entry == NULL) {
        return -ENOENT;
    }
    const struct qy_spawn_handle handles[] = {
        {job, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_JOB, 0, NULL},
        {port, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_PORT, 0, NULL},
        {qy_bootstrap_handle(BOOTSTRAP_ARCHIVE, NULL), RIGHTS_BASIC | RIGHT_READ, HANDLE_COPY,
         BOOTSTRAP_ARCHIVE, qy_bootstrap_value(BOOTSTRAP_ARCHIVE, NULL), NULL},
        {qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), RIGHTS_BASIC | RIGHT_SYSTEM_INFO,
         HANDLE_COPY, BOOTSTRAP_RESOURCE, 0, NULL},
        {memory, RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE, HANDLE_COPY, BOOTSTRAP_MEMORY, KEPT_BYTES,
         QY_KEPT_NAME},
        {keeper, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_SESSION, 0, "keeper"},
    };
    const struct qy_spawn spawn = {
        .job = job,
        .name = program,
        .image = (const uint8_t *)archive + entry->offset_bytes,
        .image_bytes = entry->size_bytes,
        .argument_count = 1,
        .arguments = &program,
        .handle_count = keeper != HANDLE_INVALID ? 6 : 5,
        .handles = handles,
    };
    return qy_spawn(&spawn, ret_process);
}

static struct {
    handle_t job, port, memory, keeper, process;
} server;

static int64_t proc_start(void)
{
    return server_start("servers/proc", server.job, server.port, server.memory, server.keeper,
                        &server.process);
}

static int64_t servers_start(void)
{
    int64_t keeper_port = qy_port_create(qy_self_job(), TOKENS);
    handle_t keeper;
    server.port = (handle_t)qy_port_create(qy_self_job(), TOKENS);
    server.job = (handle_t)qy_job_create(qy_self_job());
    server.memory = (handle_t)qy_memory_create(qy_self_job(), KEPT_BYTES, 0);
    server.keeper = session((handle_t)keeper_port, 1);
    int64_t status = server_start("servers/keeper", server.job, (handle_t)keeper_port,
                                  server.memory, HANDLE_INVALID, &keeper);
    return status >= 0 ? proc_start() : status;
}

/* For the suite, which asks for it by a bit of an event: proc dies, is dead for a while, and is
 * started again. */
static int64_t restart(handle_t event)
{
    (void)qy_process_kill(server.process);                               /* ours */
    (void)qy_object_wait(server.process, SIGNAL_EXITED, DEADLINE_NEVER); /* no deadline */
    (void)qy_handle_close(server.process);
    (void)qy_event_signal(event, 0, EVENT_DEAD);
    (void)qy_thread_sleep(qy_deadline_after(50 * QY_MILLISECOND)); /* what happens meanwhile */
    int64_t status = proc_start();
    (void)qy_event_signal(event, EVENT_DEAD, EVENT_DONE);
    return status;
}

static void suite_serve(handle_t process, handle_t event)
{
    while (qy_object_wait(process, SIGNAL_EXITED, DEADLINE_POLL) < 0) {
        struct qy_result result =
            qy_event_wait(event, EVENT_RESTART, 1, qy_deadline_after(20 * QY_MILLISECOND));
        int64_t status = result.status == 0 ? restart(event) : 0;
        if (status < 0) {
            qy_log("proc does not start again: %s", qy_error_text(status));
        }
    }
}

/* A copy of a file of the archive; HANDLE_INVALID if there is none. */
static handle_t file_copy(const char *name)
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

/* A process that runs `strings`: path and arguments, each with a zero. */
static int64_t program_start(handle_t control, const char *strings, size_t size, uint32_t arguments,
                             handle_t first, handle_t second, handle_t third, int32_t *ret_pid)
{
    static _Alignas(8) uint8_t block[sizeof(struct process_start) + 64];
    struct process_start *start = (struct process_start *)(void *)block;
    *start = (struct process_start){.magic = PROCESS_START_MAGIC,
                                    .size_bytes = (uint32_t)(sizeof *start + size),
                                    .argument_count = arguments};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number = PROCESS_FILE_NONE;
    }
    memcpy(start + 1, strings, size);
    return qy_proc_spawn(control, QY_PROC_SPAWN_FLAGS_SESSION, 0, start, start->size_bytes, first,
                         second, third, HANDLE_INVALID, HANDLE_INVALID, HANDLE_INVALID,
                         HANDLE_INVALID, HANDLE_INVALID, ret_pid, DEADLINE_NEVER);
}

static void end_wait(handle_t control, int32_t pid)
{
    handle_t process;
    if (qy_proc_open(control, pid, &process, DEADLINE_NEVER) == 0) {  /* or it has ended */
        (void)qy_object_wait(process, SIGNAL_EXITED, DEADLINE_NEVER); /* no deadline */
        (void)qy_handle_close(process);
    }
}

/* --- bad files ----------------------------------------------------------------------------- */

#define BAD_FILES 150u
#define HEAD      512u /* ELF and program headers; what lies behind is code */

static uint32_t process_count(handle_t inspect)
{
    struct qy_proc_record record;
    uint32_t count = 0;
    int64_t status = 0;
    for (uint32_t i = 0; status != QY_PROC_FAILURE_INVALID; i++) {
        status = qy_proc_get(inspect, i, &record, DEADLINE_NEVER);
        count += status == 0;
    }
    return count;
}

static uint64_t memory_free(void)
{
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    struct qy_result result = {.status = -ENO_BUFFER};
    if (qy_buffer() != NULL) {
        result = qy_system_info(resource, SYSTEM_MEMORY, 0);
    }
    return result.status > 0
               ? ((const struct system_memory *)(const void *)qy_buffer()->payload)->free_bytes
               : 0;
}

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Breaks some bytes of the head, runs what comes of it, and mends them. */
static void bad_file_run(handle_t control, handle_t file, uint8_t *view, uint32_t seed,
                         uint32_t *ret_refused)
{
    static const char strings[] = "bad\0bad\0exit";
    uint8_t head[HEAD];
    uint32_t state = seed;
    int32_t pid;
    memcpy(head, view, HEAD);
    for (uint32_t count = 1 + random_next(&state) % 4; count > 0; count--) {
        uint32_t at = random_next(&state) % (count % 2 == 0 ? HEAD : 64);
        view[at] = (uint8_t)random_next(&state);
    }
    int64_t status = program_start(control, strings, sizeof strings, 2, file, HANDLE_INVALID,
                                   HANDLE_INVALID, &pid);
    *ret_refused += status == QY_PROC_FAILURE_NOT_EXECUTABLE;
    if (status == 0) {                                       /* it was sound, or as good as that */
        (void)qy_proc_kill(control, pid, 9, DEADLINE_NEVER); /* or it has ended */
        end_wait(control, pid);
    } else if (status < 0) {
        qy_log("bad file %u: %s", seed, qy_error_text(status));
    }
    memcpy(view, head, HEAD);
}

static void bad_files_run(handle_t control, handle_t inspect, handle_t file)
{
    uint32_t before = process_count(inspect), refused = 0;
    void *view;
    int error = qy_memory_map(file, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view);
    if (error < 0) {
        qy_log("the file cannot be mapped: %s", qy_error_text(error));
        return;
    }
    uint64_t free_bytes = 0;
    for (uint32_t seed = 0; seed < BAD_FILES; seed++) {
        if (seed == BAD_FILES / 2) { /* tables and slabs have their size by then */
            (void)qy_thread_sleep(qy_deadline_after(100 * QY_MILLISECOND)); /* the last has gone */
            free_bytes = memory_free();
        }
        bad_file_run(control, file, view, seed, &refused);
    }
    (void)qy_thread_sleep(qy_deadline_after(100 * QY_MILLISECOND)); /* until the last has gone */
    /* A page for each would be 300 KiB; CPUs keep some for themselves. */
    int64_t lost = (int64_t)(free_bytes - memory_free());
    qy_log("%u of %u bad files are refused, %u processes are left, and %s memory", refused,
           BAD_FILES, process_count(inspect) - before, lost < 64 * 1024 ? "no" : "too much");
    qy_pages_unmap(view, PAGE_SIZE);
}

#define SPAWN_SAMPLES 51u

static void sort(uint64_t *samples, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t at = i; at > 0 && samples[at] < samples[at - 1]; at--) {
            uint64_t other = samples[at];
            samples[at] = samples[at - 1];
            samples[at - 1] = other;
        }
    }
}

/* From the call until proc has heard of the program's start: the row spawn_64k of tools/bench. */
static int64_t spawn_measure(handle_t control, handle_t file)
{
    static const char strings[] = "bench\0bench\0exit";
    uint64_t samples[SPAWN_SAMPLES];
    for (uint32_t i = 0; i < SPAWN_SAMPLES + 3; i++) { /* the first are not counted */
        int32_t pid;
        uint64_t before = qy_tsc_read();
        int64_t status = program_start(control, strings, sizeof strings, 2, file, HANDLE_INVALID,
                                       HANDLE_INVALID, &pid);
        samples[i < 3 ? 0 : i - 3] = qy_tsc_read() - before;
        if (status != 0) {
            return status;
        }
        end_wait(control, pid);
    }
    sort(samples, SPAWN_SAMPLES);
    qy_printf("BENCH spawn_64k %lu %lu %u\n", samples[SPAWN_SAMPLES / 2],
              samples[SPAWN_SAMPLES * 99 / 100], SPAWN_SAMPLES);
    return 0;
}

/* Rows of posixbench that need no files. */
static int64_t rows_measure(handle_t control, handle_t file)
{
    static const char *const rows[] = {"fork_wait",    "thread_join", "signal_self",
                                       "linux_getpid", "mmap_munmap", "mmap_touch"};
    int64_t status = spawn_measure(control, file);
    for (uint32_t i = 0; status == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        char strings[32] = "bench\0bench";
        int32_t pid;
        (void)qy_strlcpy(strings + 12, rows[i], sizeof strings - 12);
        status = program_start(control, strings, sizeof strings, 2, file, HANDLE_INVALID,
                               HANDLE_INVALID, &pid);
        end_wait(control, pid);
    }
    return status;
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    static const char strings[] = "suite\0suite";
    archive = archive_open();
    int32_t pid = 0;
    handle_t process = HANDLE_INVALID;
    int64_t event = qy_event_create(qy_self_job());
    int64_t status = archive == NULL ? -EINVAL : servers_start();
    handle_t control = session(server.port, QY_PROC_ACCESS_INSPECT | QY_PROC_ACCESS_CONTROL);
    handle_t inspect = session(server.port, QY_PROC_ACCESS_INSPECT);
    handle_t first = control;
    if (status >= 0 && qy_archive_find(archive, "bin/bench") != NULL) {
        status = rows_measure(control, file_copy("bin/bench"));
        qy_log("rows: %s", qy_error_text(status));
        tap_leave();
    } else if (status >= 0 && qy_archive_find(archive, "bin/suite") != NULL) {
        first = file_copy("bin/suite");
        bad_files_run(control, inspect, first);
    }
    if (status >= 0) {
        status = program_start(control, strings, sizeof strings, 1, first, inspect, (handle_t)event,
                               &pid);
    }
    if (status == 0) {
        status = qy_proc_open(control, pid, &process, DEADLINE_NEVER);
    }
    if (status != 0) {
        qy_log("the suite does not start: %s", qy_error_text(status));
        tap_leave();
    }
    suite_serve(process, (handle_t)event);
    qy_log("the suite ended with code %ld", (long)qy_process_info(process).second);
    tap_leave();
}
