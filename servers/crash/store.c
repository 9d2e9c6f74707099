/* SPDX-License-Identifier: MIT */
#include "store.h"
#include <idl/dir.h>
#include <idl/file.h>
#include <idl/trace.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/handle.h>
#include <quay/text.h>
#include <quay/trace_view.h>

#define PATIENCE (10 * QY_SECOND)
#define PATH_MAX 64

/* A line that carries a trace as well takes its time. */
#define TRACE_PATIENCE (10 * QY_SECOND)

/* After files could not be written, nobody tries again for so long. */
#define PAUSE (30 * QY_SECOND)

static struct {
    struct store *kept;
    time_ns_t paused_until;
} store_state;

static struct qy_connection vfs = QY_CONNECTION("vfs");
static struct qy_connection trace = QY_CONNECTION("trace");

/* Chunks of a trace that carry a core file (docs/trace-format.md). */
#define CHUNK_BYTES_MAX 16384

struct chunk_begin {
    uint64_t process;
    uint32_t id, reserved;
    char name[24];
};

struct chunk_data {
    uint32_t id, reserved;
    uint64_t offset;
    uint8_t bytes[CHUNK_BYTES_MAX];
};

struct chunk_end {
    uint32_t id, reserved;
    uint64_t size_bytes;
};

void store_open(struct store *kept)
{
    store_state.kept = kept;
    for (uint32_t i = 0; i < CORES_MAX; i++) {
        kept->files[i].name[sizeof kept->files[i].name - 1] = 0;
    }
    if (kept->count > CORES_MAX) {
        kept->count = 0;
    }
}

static uint32_t path_make(char *ret_path, const char *name)
{
    (void)qy_snprintf(ret_path, PATH_MAX, CORES_FOLDER "/%s", name); /* a name of ours fits */
    return (uint32_t)strlen(ret_path);
}

static void oldest_remove(void)
{
    struct store *kept = store_state.kept;
    char path[PATH_MAX];
    uint32_t length = path_make(path, kept->files[0].name);
    /* Somebody may have removed it. */
    (void)qy_dir_remove_on(&vfs, false, (const uint8_t *)path, length, qy_deadline_after(PATIENCE));
    for (uint32_t i = 1; i < kept->count; i++) {
        kept->files[i - 1] = kept->files[i];
    }
    kept->count--;
}

static void room_make(uint64_t size_bytes)
{
    const struct store *kept = store_state.kept;
    for (;;) {
        uint64_t sum = size_bytes;
        for (uint32_t i = 0; i < kept->count; i++) {
            sum += kept->files[i].size_bytes;
        }
        if (kept->count == 0 || (kept->count < CORES_MAX && sum <= CORES_BYTES_MAX)) {
            return;
        }
        oldest_remove();
    }
}

static int64_t write_all(handle_t description, const uint8_t *file, uint64_t size_bytes)
{
    uint64_t done = 0;
    while (done < size_bytes) {
        uint64_t count;
        int64_t status = qy_file_write_lent(description, QY_FILE_HERE, file + done,
                                            size_bytes - done, &count, qy_deadline_after(PATIENCE));
        if (status != 0 || count == 0) {
            return status != 0 ? status : ENOSPC;
        }
        done += count;
    }
    return 0;
}

static int64_t file_write(const char *path, uint32_t length, const uint8_t *file,
                          uint64_t size_bytes)
{
    const char folder[] = CORES_FOLDER;
    handle_t description;
    qy_dir_kind_t kind;
    /* It may be there. */
    (void)qy_dir_make_directory_on(&vfs, 0700, (const uint8_t *)folder, sizeof folder - 1,
                                   qy_deadline_after(PATIENCE));
    int64_t status = qy_dir_open_on(&vfs,
                                    QY_DIR_OPEN_FLAGS_WRITE | QY_DIR_OPEN_FLAGS_CREATE |
                                        QY_DIR_OPEN_FLAGS_TRUNCATE | QY_DIR_OPEN_FLAGS_NO_FOLLOW,
                                    0600, (const uint8_t *)path, length, &description, &kind,
                                    qy_deadline_after(PATIENCE));
    if (status != 0) {
        return status;
    }
    status = write_all(description, file, size_bytes);
    (void)qy_handle_close(description);
    return status;
}

static void keep(const char *name, const uint8_t *file, uint64_t size_bytes)
{
    struct store *kept = store_state.kept;
    char path[PATH_MAX];
    uint32_t length = path_make(path, name);
    room_make(size_bytes);
    int64_t status = file_write(path, length, file, size_bytes);
    if (status != 0) {
        qy_log("no core in /" CORES_FOLDER ": %s", qy_error_text(status));
        store_state.paused_until = qy_deadline_after(PAUSE);
        return;
    }
    (void)qy_strlcpy(kept->files[kept->count].name, name, sizeof kept->files[0].name); /* it fits */
    kept->files[kept->count].size_bytes = size_bytes;
    kept->count++;
    qy_log("error: core: /%s, %lu KiB", path, (unsigned long)(size_bytes / 1024));
}

/* --- the second serial port ---------------------------------------------------------------- */

static int64_t chunk_put(uint32_t type, const void *chunk, uint64_t size_bytes)
{
    return qy_trace_put_on(&trace, type, chunk, size_bytes, qy_deadline_after(TRACE_PATIENCE));
}

/* There may be no such port, nor anybody at its other end: nobody misses it then. */
static void stream(const struct core *core, koid_t process, const uint8_t *file,
                   uint64_t size_bytes)
{
    static struct chunk_data data; /* too large for a stack */
    static uint32_t last_id;
    uint32_t id = ++last_id;
    struct chunk_begin begin = {.process = process, .id = id};
    (void)qy_strlcpy(begin.name, core->name, sizeof begin.name); /* as long */
    int64_t status = chunk_put(QY_TRACE_CORE_BEGIN, &begin, sizeof begin);
    data.id = id;
    for (uint64_t done = 0; status == 0 && done < size_bytes; done += CHUNK_BYTES_MAX) {
        uint64_t left = size_bytes - done;
        uint64_t count = left < CHUNK_BYTES_MAX ? left : CHUNK_BYTES_MAX;
        data.offset = done;
        memcpy(data.bytes, file + done, count);
        status = chunk_put(QY_TRACE_CORE_DATA, &data, offsetof(struct chunk_data, bytes) + count);
    }
    const struct chunk_end end = {.id = id, .size_bytes = size_bytes};
    if (status == 0) {
        status = chunk_put(QY_TRACE_CORE_END, &end, sizeof end);
    }
    if (status != 0 && status != QY_TRACE_FAILURE_NO_PORT) {
        qy_log("not all of the core went to the second serial port: %s", qy_error_text(status));
    }
}

void store_put(const struct core *core, koid_t process, const uint8_t *file, uint64_t size_bytes)
{
    char name[40];
    (void)qy_snprintf(name, sizeof name, "%s.%d", core->name, core->pid); /* it fits */
    for (char *at = name; *at != 0; at++) {
        *at = *at == '/' ? '_' : *at; /* processes choose their names */
    }
    stream(core, process, file, size_bytes); /* first: who reads of the file finds it there too */
    if (qy_clock_read() >= store_state.paused_until) {
        keep(name, file, size_bytes);
    }
}
