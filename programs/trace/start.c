/* SPDX-License-Identifier: MIT */
#include "start.h"
#include <idl/dir.h>
#include <idl/proc.h>
#include <idl/tty.h>
#include <quay/bootstrap.h>
#include <quay/files.h>
#include <quay/process_start.h>
#include <quay/text.h>

#define BLOCK_BYTES        32768u
#define PATH_BYTES         1024u
#define LINUX_RDWR         2u
#define LINUX_MODE_TYPE    0170000u
#define LINUX_MODE_REGULAR 0100000u
#define LINUX_MODE_PIPE    0010000u
#define STANDARD           3u /* descriptors that it gets */

struct writer {
    char *at, *end;
    bool is_full;
};

static _Alignas(8) uint8_t block[BLOCK_BYTES];

static void put(struct writer *writer, const char *text)
{
    size_t size = strlen(text) + 1;
    writer->is_full = writer->is_full || size > (size_t)(writer->end - writer->at);
    if (!writer->is_full) {
        memcpy(writer->at, text, size);
        writer->at += size;
    }
}

/* What the descriptor is, as its new owner has to know. */
static uint32_t kind_of(handle_t file)
{
    struct qy_tty_size size;
    struct qy_file_stat stat;
    if (qy_tty_get_size(file, &size, DEADLINE_NEVER) == 0) {
        return QY_DIR_KIND_TERMINAL;
    }
    if (qy_file_stat(file, &stat, DEADLINE_NEVER) != 0) {
        return QY_DIR_KIND_DEVICE;
    }
    switch (stat.mode & LINUX_MODE_TYPE) {
    case LINUX_MODE_REGULAR:
        return QY_DIR_KIND_REGULAR;
    case LINUX_MODE_PIPE:
        return QY_DIR_KIND_PIPE;
    default:
        return QY_DIR_KIND_DEVICE;
    }
}

static int64_t block_make(const char *path, int count, char **arguments)
{
    struct process_start *start = (void *)block;
    struct writer writer = {(char *)(start + 1), (char *)block + sizeof block, false};
    const char *string;
    *start =
        (struct process_start){.magic = PROCESS_START_MAGIC, .argument_count = (uint32_t)count};
    start->files[0].number = PROCESS_FILE_ROOT;
    start->files[1].number = PROCESS_FILE_DIRECTORY;
    start->files[2].number = PROCESS_FILE_NAMES;
    for (uint32_t i = 3; i < PROCESS_HANDLES_MAX; i++) {
        handle_t file = i - 3 < STANDARD ? qy_files_handle(i - 3) : HANDLE_INVALID;
        start->files[i].number = PROCESS_FILE_NONE;
        if (file != HANDLE_INVALID) {
            start->files[i].number = (int32_t)i - 3;
            start->files[i].flags = kind_of(file) << PROCESS_FILE_KIND_SHIFT;
            start->files[i].open_flags = LINUX_RDWR;
        }
    }
    put(&writer, path);
    for (int i = 0; i < count; i++) {
        put(&writer, arguments[i]);
    }
    while ((string = qy_bootstrap_environment(start->environment_count)) != NULL) {
        put(&writer, string);
        start->environment_count++;
    }
    start->size_bytes = (uint32_t)(writer.at - (char *)block);
    return writer.is_full ? -E2BIG : (int64_t)start->size_bytes;
}

static handle_t given(const char *name)
{
    return qy_bootstrap_handle(BOOTSTRAP_SESSION, name);
}

static int64_t spawn(const char *path, int count, char **arguments, int32_t *ret_pid)
{
    int64_t size = block_make(path, count, arguments);
    if (size < 0) {
        return size;
    }
    return qy_proc_spawn(given("proc"), 0, 0, block, (uint64_t)size, given("root"), given("cwd"),
                         given("names"), qy_files_handle(0), qy_files_handle(1), qy_files_handle(2),
                         HANDLE_INVALID, HANDLE_INVALID, ret_pid, DEADLINE_NEVER);
}

static bool has_slash(const char *text)
{
    while (*text != 0 && *text != '/') {
        text++;
    }
    return *text != 0;
}

static const char *search_path(void)
{
    const char *string;
    for (uint32_t i = 0; (string = qy_bootstrap_environment(i)) != NULL; i++) {
        if (qy_strnlen(string, 5) == 5 && memcmp(string, "PATH=", 5) == 0) {
            return string + 5;
        }
    }
    return "/bin";
}

int64_t start_program(int count, char **arguments, int32_t *ret_pid)
{
    char path[PATH_BYTES];
    int64_t status = QY_PROC_FAILURE_NO_SUCH_FILE;
    if (has_slash(arguments[0])) {
        return spawn(arguments[0], count, arguments, ret_pid);
    }
    for (const char *at = search_path(); status == QY_PROC_FAILURE_NO_SUCH_FILE && *at != 0;) {
        size_t length = 0;
        while (at[length] != 0 && at[length] != ':') {
            length++;
        }
        size_t needed = qy_snprintf(path, sizeof path, "%.*s/%s", (int)length, at, arguments[0]);
        status = needed < sizeof path ? spawn(path, count, arguments, ret_pid)
                                      : QY_PROC_FAILURE_NO_SUCH_FILE;
        at += length + (at[length] == ':');
    }
    return status;
}
