/* SPDX-License-Identifier: MIT */
/*
 * A session without a person: runs the program that its arguments name, with the root directory of
 * vfs, and tells the kernel's log what it writes and how it ends.
 */
#include <idl/dir.h>
#include <idl/file.h>
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/process_start.h>
#include <quay/text.h>

#define WITHIN (20 * QY_SECOND)

static struct qy_connection proc = QY_CONNECTION("proc_control");
static struct qy_connection vfs = QY_CONNECTION("vfs");

static int fail(const char *what, int64_t status)
{
    qy_printf("%s: %s\n", what, qy_error_text(status));
    return 1;
}

static size_t block_make(uint8_t *block, size_t size, int count, char **arguments)
{
    static const int32_t numbers[] = {PROCESS_FILE_ROOT, PROCESS_FILE_DIRECTORY, 0, 1, 2,
                                      PROCESS_FILE_NAMES};
    static const char *const environment[] = {"PATH=/bin", "HOME=/root", "TERM=dumb"};
    struct process_start *start = (void *)block;
    char *to = (char *)(start + 1);
    char *end = (char *)block + size;

    *start = (struct process_start){.magic = PROCESS_START_MAGIC,
                                    .argument_count = (uint32_t)count - 1,
                                    .environment_count = 3};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number =
            i < sizeof numbers / sizeof numbers[0] ? numbers[i] : PROCESS_FILE_NONE;
        start->files[i].open_flags = numbers[i % 6] == 0 ? 0 : 1;
    }
    to += qy_strlcpy(to, arguments[1], (size_t)(end - to)) + 1;
    for (int i = 1; i < count; i++) {
        to += qy_strlcpy(to, arguments[i], (size_t)(end - to)) + 1;
    }
    for (uint32_t i = 0; i < start->environment_count; i++) {
        to += qy_strlcpy(to, environment[i], (size_t)(end - to)) + 1;
    }
    start->size_bytes = (uint32_t)(to - (char *)block);
    return start->size_bytes;
}

/* Its output, until nobody can write any more. */
static void output_show(handle_t pipe)
{
    uint8_t data[QY_FILE_INLINE_MAX];
    uint32_t count = 1;

    while (qy_file_read(pipe, QY_FILE_HERE, 256, data, &count, DEADLINE_NEVER) == 0 && count > 0) {
        qy_printf("%.*s", (int)count, (const char *)data);
    }
}

static int run(handle_t root, int count, char **arguments)
{
    static _Alignas(8) uint8_t block[4096];
    const size_t size = block_make(block, sizeof block, count, arguments);
    const time_ns_t deadline = qy_deadline_after(WITHIN);
    handle_t session, null, read_end, write_end, process;
    qy_dir_kind_t kind;
    int32_t pid;

    int64_t status = qy_connection_session(&proc, &session, deadline);
    if (status != 0) {
        return fail("proc", status);
    }
    status = qy_dir_open(root, QY_DIR_OPEN_FLAGS_READ, 0, (const uint8_t *)"/dev/null", 9, &null,
                         &kind, deadline);
    if (status == 0) {
        status = qy_dir_pipe(root, 0, &read_end, &write_end, deadline);
    }
    if (status != 0) {
        return fail("files", status);
    }
    status = qy_proc_spawn(session, QY_PROC_SPAWN_FLAGS_SESSION, 0, block, size, root, root, null,
                           write_end, write_end, qy_bootstrap_handle(BOOTSTRAP_SESSION, "names"),
                           HANDLE_INVALID, HANDLE_INVALID, &pid, deadline);
    (void)qy_handle_close(write_end); /* ours */
    if (status != 0) {
        return fail(arguments[1], status);
    }
    status = qy_proc_open(session, pid, &process, deadline);
    output_show(read_end);
    if (status == 0) {
        (void)qy_object_wait(process, SIGNAL_EXITED, DEADLINE_NEVER);
        qy_printf("%s ended with %lu\n", arguments[1], qy_process_info(process).second);
    } else {
        qy_printf("%s has ended\n", arguments[1]);
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    handle_t root;
    const int64_t status = qy_connection_session(&vfs, &root, qy_deadline_after(WITHIN));

    if (status != 0) {
        return fail("vfs", status);
    }
    return argument_count > 1 ? run(root, argument_count, arguments) : 1;
}
