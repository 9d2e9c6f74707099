/* SPDX-License-Identifier: MIT */
/* The protocol file, as far as terminals have it. */
#include "console.h"
#include "handlers.h"

#define MODE_TERMINAL 0020620u /* S_IFCHR, for the user and the group */
#define BLOCK_SIZE    1024u

static struct description *own(const struct qy_request *request)
{
    return description_of(request->in.badge); /* main.c has looked: it is there */
}

/* Whether it was opened for this, and is used as a stream. */
static int64_t transfer_check(const struct description *description, qy_file_flags_t needed,
                              uint64_t offset)
{
    if ((description->flags & needed) == 0) {
        return QY_FILE_FAILURE_BAD_USE;
    }
    return offset == QY_FILE_HERE ? 0 : QY_FILE_FAILURE_NOT_SEEKABLE;
}

static int64_t file_read(struct qy_request *request, uint64_t offset, uint32_t count,
                         uint8_t *ret_data, uint32_t *ret_count)
{
    struct description *description = own(request);
    int64_t status = transfer_check(description, QY_FILE_FLAGS_READ, offset);
    if (status != 0) {
        return status;
    }
    status = wait_read(request, description, count, ret_data, ret_count);
    terminal_changed(description_terminal(description));
    return status;
}

static int64_t file_read_lent(struct qy_request *request, uint64_t offset,
                              const struct qy_lease *data, uint64_t *ret_count)
{
    struct description *description = own(request);
    int64_t status = transfer_check(description, QY_FILE_FLAGS_READ, offset);
    if (status != 0) {
        return status;
    }
    status = wait_read_lent(request, description, data, ret_count);
    terminal_changed(description_terminal(description));
    return status;
}

static int64_t file_write(struct qy_request *request, uint64_t offset, const uint8_t *data,
                          uint32_t data_count, uint32_t *ret_count)
{
    struct description *description = own(request);
    int64_t status = transfer_check(description, QY_FILE_FLAGS_WRITE, offset);
    if (status != 0) {
        return status;
    }
    status = wait_write(request, description, data, data_count, ret_count);
    terminal_changed(description_terminal(description));
    return status;
}

static int64_t file_write_lent(struct qy_request *request, uint64_t offset,
                               const struct qy_lease *data, uint64_t *ret_count)
{
    struct description *description = own(request);
    int64_t status = transfer_check(description, QY_FILE_FLAGS_WRITE, offset);
    if (status != 0) {
        return status;
    }
    status = wait_write_lent(request, description, data, ret_count);
    terminal_changed(description_terminal(description));
    return status;
}

static int64_t file_seek(struct qy_request *request, int64_t offset, qy_file_whence_t whence,
                         uint64_t *ret_position)
{
    (void)request;
    (void)offset;
    (void)whence;
    (void)ret_position;
    return QY_FILE_FAILURE_NOT_SEEKABLE;
}

static int64_t file_get_flags(struct qy_request *request, qy_file_flags_t *ret_flags)
{
    *ret_flags = own(request)->flags;
    return 0;
}

static int64_t file_set_flags(struct qy_request *request, qy_file_flags_t flags)
{
    struct description *description = own(request);
    uint32_t may_change = QY_FILE_FLAGS_APPEND | QY_FILE_FLAGS_NONBLOCK;
    description->flags = (description->flags & ~may_change) | (flags & may_change);
    return 0;
}

static int64_t file_stat(struct qy_request *request, struct qy_file_stat *ret_stat)
{
    const struct description *description = own(request);
    const struct terminal *terminal = description_terminal(description);
    bool is_master = description->side == SIDE_MASTER;
    *ret_stat = (struct qy_file_stat){
        .inode = 3 + terminal_number(terminal),
        .mode = MODE_TERMINAL,
        .links = 1,
        .special = is_master ? 5u << 8 | 2 : terminal_device(terminal), /* /dev/ptmx */
        .block_size = BLOCK_SIZE,
    };
    return 0;
}

static int64_t file_sync(struct qy_request *request)
{
    (void)request;
    return QY_FILE_FAILURE_INVALID;
}

static int64_t file_change(struct qy_request *request, const struct qy_file_change *change)
{
    (void)request;
    (void)change;
    return QY_FILE_FAILURE_NOT_PERMITTED;
}

static int64_t file_memory(struct qy_request *request, qy_file_access_t access, uint64_t offset,
                           uint64_t size, handle_t *ret_memory, uint64_t *ret_position)
{
    (void)request;
    (void)access;
    (void)offset;
    (void)size;
    (void)ret_memory;
    (void)ret_position;
    return QY_FILE_FAILURE_NO_DEVICE;
}

static int64_t file_lock(struct qy_request *request, const struct qy_file_lock *lock, bool wait)
{
    (void)request;
    (void)lock;
    (void)wait;
    return QY_FILE_FAILURE_NOT_SUPPORTED;
}

static int64_t file_lock_test(struct qy_request *request, const struct qy_file_lock *lock,
                              struct qy_file_lock *ret_blocking, uint64_t *ret_job)
{
    (void)request;
    (void)lock;
    (void)ret_blocking;
    (void)ret_job;
    return QY_FILE_FAILURE_NOT_SUPPORTED;
}

static int64_t file_ready(struct qy_request *request, qy_file_ready_t *ret_ready)
{
    const struct description *description = own(request);
    *ret_ready = description->is_hung_up
                     ? QY_FILE_READY_READABLE | QY_FILE_READY_HANGUP
                     : terminal_ready(description_terminal(description), description->side);
    return 0;
}

static int64_t file_readiness(struct qy_request *request, handle_t *ret_readable,
                              handle_t *ret_writable)
{
    return events_get(own(request), ret_readable, ret_writable);
}

static int64_t file_available(struct qy_request *request, uint64_t *ret_count)
{
    const struct description *description = own(request);
    const struct terminal *terminal = description_terminal(description);
    *ret_count = description->side == SIDE_MASTER ? output_used(&terminal->output)
                                                  : discipline_available(&terminal->discipline);
    return 0;
}

static int64_t file_copy(struct qy_request *request, uint64_t offset, handle_t *target,
                         uint64_t target_offset, uint64_t count, uint64_t *ret_count_done)
{
    (void)request;
    (void)offset;
    (void)target;
    (void)target_offset;
    (void)count;
    (void)ret_count_done;
    return QY_FILE_FAILURE_NOT_SUPPORTED;
}

static int64_t file_capacity(struct qy_request *request, uint32_t size, uint32_t *ret_now)
{
    (void)request;
    (void)size;
    (void)ret_now;
    return QY_FILE_FAILURE_BAD_USE;
}

const struct qy_file_handlers file_handlers = {
    .read = file_read,
    .write = file_write,
    .read_lent = file_read_lent,
    .write_lent = file_write_lent,
    .seek = file_seek,
    .get_flags = file_get_flags,
    .set_flags = file_set_flags,
    .stat = file_stat,
    .change = file_change,
    .sync = file_sync,
    .memory = file_memory,
    .lock = file_lock,
    .lock_test = file_lock_test,
    .ready = file_ready,
    .readiness = file_readiness,
    .available = file_available,
    .copy = file_copy,
    .capacity = file_capacity,
};
