/* SPDX-License-Identifier: MIT */
/*
 * Starts /bin/suite of the archive as a process with the whole tree of files, and with the kernel
 * log as descriptors 1 and 2; restarts the machine when it has ended. Its argument is the kernel's
 * command line.
 */
#include <idl/dir.h>
#include <idl/file.h>
#include <idl/proc.h>
#include <quay/bootstrap.h>
#include <quay/connection.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/process_start.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>
#include "../shared/tap.h"

#define KEY_ENDED 1

/* --- the log as an open file ----------------------------------------------------------------- */

static int64_t file_write(struct qy_request *request, uint64_t offset, const uint8_t *data,
                          uint32_t data_count, uint32_t *ret_count)
{
    (void)request, (void)offset;
    for (uint32_t done = 0; done < data_count;) {
        uint32_t piece = data_count - done < 256 ? data_count - done : 256;
        (void)qy_debug_log((const char *)data + done, piece); /* what is lost is lost */
        done += piece;
    }
    *ret_count = data_count;
    return 0;
}

static int64_t file_write_lent(struct qy_request *request, uint64_t offset,
                               const struct qy_lease *data, uint64_t *ret_count)
{
    uint8_t piece[256];
    uint32_t count;
    for (uint64_t done = 0; done < data->size; done += count) {
        count = data->size - done < sizeof piece ? (uint32_t)(data->size - done) : sizeof piece;
        if (qy_lease_get(data, done, piece, count) != 0) {
            return QY_FILE_FAILURE_BAD_MEMORY;
        }
        (void)file_write(request, offset, piece, count, &count); /* always all of it */
    }
    *ret_count = data->size;
    return 0;
}

static int64_t file_stat(struct qy_request *request, struct qy_file_stat *ret_stat)
{
    (void)request;
    *ret_stat = (struct qy_file_stat){.mode = 0020600, .links = 1};
    return 0;
}

static const struct qy_file_handlers log_handlers = {
    .write = file_write,
    .write_lent = file_write_lent,
    .stat = file_stat,
};

static void ended(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)server, (void)signals;
    if (key == KEY_ENDED) {
        tap_leave();
    }
}

/* --- the suite ------------------------------------------------------------------------------- */

static struct qy_connection vfs = QY_CONNECTION("vfs"), proc = QY_CONNECTION("proc_control");

static handle_t directory_open(const char *path)
{
    handle_t directory = HANDLE_INVALID;
    qy_dir_kind_t kind;
    int64_t status = qy_dir_open_on(&vfs, QY_DIR_OPEN_FLAGS_READ | QY_DIR_OPEN_FLAGS_DIRECTORY, 0,
                                    (const uint8_t *)path, (uint32_t)strlen(path), &directory,
                                    &kind, DEADLINE_NEVER);
    if (status != 0) {
        qy_log("%s cannot be opened: error %ld", path, status);
    }
    return directory;
}

/* Starts it, with this argument if it is not NULL. */
static int64_t suite_start(handle_t log, const char *argument, int32_t *ret_pid)
{
    static const char front[] = "/bin/suite\0/bin/suite", behind[] = "PATH=/bin";
    static _Alignas(8) uint8_t block[sizeof(struct process_start) + 256];
    size_t used = sizeof(struct process_start);
    memcpy(block + used, front, sizeof front); /* path, argument 0 */
    used += sizeof front;
    if (argument != NULL) {
        used += qy_strlcpy((char *)block + used, argument, 200) + 1;
    }
    memcpy(block + used, behind, sizeof behind);
    used += sizeof behind;
    const handle_t root = directory_open("/"), working = directory_open("/tmp");
    handle_t session;
    struct process_start *start = (struct process_start *)(void *)block;
    *start = (struct process_start){.magic = PROCESS_START_MAGIC,
                                    .size_bytes = (uint32_t)used,
                                    .argument_count = argument != NULL ? 2 : 1,
                                    .environment_count = 1};
    for (uint32_t i = 0; i < PROCESS_HANDLES_MAX; i++) {
        start->files[i].number = PROCESS_FILE_NONE;
    }
    start->files[0].number = PROCESS_FILE_ROOT;
    start->files[1].number = PROCESS_FILE_DIRECTORY;
    start->files[2] = (struct process_start_file){.number = 1, .open_flags = 1};
    start->files[3] = (struct process_start_file){.number = 2, .open_flags = 1};
    int64_t status = qy_connection_session(&proc, &session, DEADLINE_NEVER);
    return status != 0 ? status
                       : qy_proc_spawn(session, QY_PROC_SPAWN_FLAGS_SESSION, 0, start, used, root,
                                       working, log, log, HANDLE_INVALID, HANDLE_INVALID,
                                       HANDLE_INVALID, HANDLE_INVALID, ret_pid, DEADLINE_NEVER);
}

int main(int argument_count, char **arguments)
{
    const char *argument = argument_count > 1 && strlen(arguments[1]) < 200 && arguments[1][0] != 0
                               ? arguments[1]
                               : NULL;
    struct qy_server server = {
        .dispatch = qy_file_dispatch, .handlers = &log_handlers, .notice = ended};
    int32_t pid;
    handle_t process;
    server.port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL);
    struct qy_result log = qy_session_create(server.port, 1, 0);
    int64_t status = log.status < 0 ? log.status : suite_start(log.second, argument, &pid);
    if (status == 0) {
        status = qy_proc_open_on(&proc, pid, &process, DEADLINE_NEVER);
    }
    if (status == 0) {
        status = qy_port_bind(server.port, process, SIGNAL_EXITED, KEY_ENDED);
    }
    if (status != 0) {
        qy_log("the suite does not start: error %ld", status);
        tap_leave();
    }
    (void)qy_server_run(&server); /* until the suite has ended */
    return 1;
}
