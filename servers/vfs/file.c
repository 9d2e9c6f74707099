/* SPDX-License-Identifier: MIT */
/* The protocol `file`, for what vfs has opened itself, and where calls and notices go. */
#include <quay/text.h>
#include "device.h"
#include "directory.h"
#include "pipe.h"
#include "text_file.h"
#include "watch.h"

#define KEPT_FLAGS (QY_FILE_FLAGS_APPEND | QY_FILE_FLAGS_NONBLOCK)

/* How many bytes there are behind `from`, which may be beyond the end. */
static uint64_t text_left(const struct session *session, uint64_t from)
{
    return from < session->text->size ? session->text->size - from : 0;
}

static int64_t file_read(struct qy_request *request, uint64_t offset, uint32_t count,
                         uint8_t *ret_data, uint32_t *ret_data_count)
{
    struct session *session = session_find(request->in.badge);
    *ret_data_count = 0;
    count = count < QY_FILE_INLINE_MAX ? count : QY_FILE_INLINE_MAX;
    switch ((enum session_kind)session->kind) {
    case SESSION_PIPE:
        return offset != QY_FILE_HERE
                   ? QY_FILE_FAILURE_NOT_SEEKABLE
                   : pipe_read(request, session, count, ret_data, ret_data_count);
    case SESSION_DEVICE:
        return device_read(session, count, ret_data, ret_data_count);
    case SESSION_TEXT:
        break;
    case SESSION_DIRECTORY:
    case SESSION_FREE:
        return QY_FILE_FAILURE_IS_A_DIRECTORY;
    }
    uint64_t from = offset == QY_FILE_HERE ? session->cursor : offset;
    uint64_t left = text_left(session, from);
    *ret_data_count = left < count ? (uint32_t)left : count;
    if (*ret_data_count > 0) {
        memcpy(ret_data, session->text->bytes + from, *ret_data_count);
    }
    session->cursor += offset == QY_FILE_HERE ? *ret_data_count : 0;
    return 0;
}

static int64_t file_read_lent(struct qy_request *request, uint64_t offset,
                              const struct qy_lease *data, uint64_t *ret_count)
{
    struct session *session = session_find(request->in.badge);
    if (session->kind == SESSION_PIPE && offset == QY_FILE_HERE) {
        return pipe_read_lent(request, session, data, ret_count);
    }
    if (session->kind == SESSION_DEVICE) {
        return device_read_lent(session, data, ret_count);
    }
    uint8_t piece[QY_FILE_INLINE_MAX];
    uint32_t count = data->size < sizeof piece ? (uint32_t)data->size : sizeof piece;
    int64_t status = file_read(request, offset, count, piece, &count);
    if (status == 0 && count > 0 && qy_lease_put(data, 0, piece, count) != 0) {
        status = QY_FILE_FAILURE_BAD_MEMORY;
    }
    *ret_count = count;
    return status;
}

static int64_t file_write(struct qy_request *request, uint64_t offset, const uint8_t *data,
                          uint32_t data_count, uint32_t *ret_count)
{
    struct session *session = session_find(request->in.badge);
    *ret_count = data_count;
    if (session->kind == SESSION_PIPE) {
        return offset != QY_FILE_HERE ? QY_FILE_FAILURE_NOT_SEEKABLE
                                      : pipe_write(request, session, data, data_count, ret_count);
    }
    return session->kind == SESSION_DEVICE ? device_write(session) : EBADF;
}

static int64_t file_write_lent(struct qy_request *request, uint64_t offset,
                               const struct qy_lease *data, uint64_t *ret_count)
{
    struct session *session = session_find(request->in.badge);
    *ret_count = data->size;
    if (session->kind == SESSION_PIPE) {
        return offset != QY_FILE_HERE ? QY_FILE_FAILURE_NOT_SEEKABLE
                                      : pipe_write_lent(request, session, data, ret_count);
    }
    return session->kind == SESSION_DEVICE ? device_write(session) : EBADF;
}

static int64_t file_seek(struct qy_request *request, int64_t offset, qy_file_whence_t whence,
                         uint64_t *ret_position)
{
    struct session *session = session_find(request->in.badge);
    *ret_position = 0;
    if (session->kind == SESSION_PIPE) {
        return QY_FILE_FAILURE_NOT_SEEKABLE;
    }
    if (session->kind != SESSION_TEXT) {
        return session->kind == SESSION_DEVICE ? 0 : EINVAL;
    }
    int64_t base = whence == QY_FILE_WHENCE_START     ? 0
                   : whence == QY_FILE_WHENCE_CURRENT ? (int64_t)session->cursor
                   : whence == QY_FILE_WHENCE_END     ? (int64_t)session->text->size
                                                      : -1;
    int64_t position;
    if (base < 0 || __builtin_add_overflow(base, offset, &position) || position < 0) {
        return EINVAL;
    }
    session->cursor = (uint64_t)position;
    *ret_position = (uint64_t)position;
    return 0;
}

static int64_t file_get_flags(struct qy_request *request, qy_file_flags_t *ret_flags)
{
    *ret_flags = session_find(request->in.badge)->flags;
    return 0;
}

static int64_t file_set_flags(struct qy_request *request, qy_file_flags_t flags)
{
    struct session *session = session_find(request->in.badge);
    session->flags = (session->flags & ~KEPT_FLAGS) | (flags & KEPT_FLAGS);
    return 0;
}

static int64_t device_stat(struct qy_request *request, const struct session *session,
                           struct qy_file_stat *ret_stat)
{
    static const char *const names[] = {[DEVICE_NULL] = "dev/null",
                                        [DEVICE_ZERO] = "dev/zero",
                                        [DEVICE_FULL] = "dev/full",
                                        [DEVICE_RANDOM] = "dev/random",
                                        [DEVICE_URANDOM] = "dev/urandom"};
    const char *name = names[session->device];
    struct qy_fs_place place;
    int64_t status = mount_lookup(request, (struct spot){0, NODE_ROOT}, 0, false,
                                  (const uint8_t *)name, (uint32_t)strlen(name), ret_stat, &place);
    if (status != 0) { /* its node was removed meanwhile */
        *ret_stat = (struct qy_file_stat){.mode = MODE_CHARACTER | 0666,
                                          .special = MAKEDEV(MAJOR_MEMORY, session->device)};
    }
    return 0;
}

static int64_t file_stat(struct qy_request *request, struct qy_file_stat *ret_stat)
{
    struct session *session = session_find(request->in.badge);
    struct qy_fs_place place;
    switch ((enum session_kind)session->kind) {
    case SESSION_DIRECTORY:
        return mount_lookup(request, session->directory.view.here, 0, false, NULL, 0, ret_stat,
                            &place);
    case SESSION_PIPE:
        return pipe_stat(session, ret_stat);
    case SESSION_TEXT:
        *ret_stat = session->text->stat;
        return 0;
    case SESSION_DEVICE:
        return device_stat(request, session, ret_stat);
    case SESSION_FREE:
        break;
    }
    return EBADF;
}

static int64_t file_change(struct qy_request *request, const struct qy_file_change *change)
{
    struct session *session = session_find(request->in.badge);
    if ((change->what & QY_FILE_CHANGE_WHAT_SIZE) != 0) {
        return EINVAL;
    }
    if (session->kind == SESSION_DIRECTORY) {
        return mount_change(session->directory.view.here, change);
    }
    return session->kind == SESSION_TEXT ? EPERM : 0; /* of a pipe it means nothing */
}

static int64_t file_sync(struct qy_request *request)
{
    struct session *session = session_find(request->in.badge);
    return session->kind == SESSION_DIRECTORY ? mount_sync(session->directory.view.here)
           : session->kind == SESSION_TEXT    ? 0
                                              : EINVAL;
}

static int64_t file_memory(struct qy_request *request, qy_file_access_t access, uint64_t offset,
                           uint64_t size, handle_t *ret_memory, uint64_t *ret_position)
{
    (void)request, (void)access, (void)offset, (void)size;
    *ret_memory = HANDLE_INVALID;
    *ret_position = 0;
    return ENODEV;
}

static int64_t file_lock(struct qy_request *request, const struct qy_file_lock *lock, bool wait)
{
    (void)request, (void)lock, (void)wait;
    return ENOTSUP;
}

static int64_t file_lock_test(struct qy_request *request, const struct qy_file_lock *lock,
                              struct qy_file_lock *ret_blocking, uint64_t *ret_job)
{
    (void)request, (void)lock;
    *ret_blocking = (struct qy_file_lock){0};
    *ret_job = 0;
    return ENOTSUP;
}

static int64_t file_ready(struct qy_request *request, qy_file_ready_t *ret_ready)
{
    struct session *session = session_find(request->in.badge);
    *ret_ready = session->kind == SESSION_PIPE ? pipe_ready(session)
                                               : QY_FILE_READY_READABLE | QY_FILE_READY_WRITABLE;
    return 0;
}

static int64_t file_readiness(struct qy_request *request, handle_t *ret_readable,
                              handle_t *ret_writable)
{
    struct session *session = session_find(request->in.badge);
    *ret_readable = *ret_writable = HANDLE_INVALID;
    return session->kind == SESSION_PIPE ? pipe_readiness(session, ret_readable, ret_writable)
                                         : EPERM;
}

static int64_t file_available(struct qy_request *request, uint64_t *ret_count)
{
    const struct session *session = session_find(request->in.badge);
    *ret_count = session->kind == SESSION_PIPE   ? pipe_available(session)
                 : session->kind == SESSION_TEXT ? text_left(session, session->cursor)
                                                 : 0;
    return 0;
}

static int64_t file_copy(struct qy_request *request, uint64_t offset, handle_t *target,
                         uint64_t target_offset, uint64_t count, uint64_t *ret_count_done)
{
    (void)request, (void)offset, (void)target, (void)target_offset, (void)count;
    *ret_count_done = 0;
    return ENOTSUP;
}

static int64_t file_capacity(struct qy_request *request, uint32_t size, uint32_t *ret_now)
{
    struct session *session = session_find(request->in.badge);
    *ret_now = 65536;
    return session->kind != SESSION_PIPE ? EBADF : size > 65536 ? EPERM : 0;
}

static const struct qy_file_handlers file_handlers = {
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

/* --- where things go ----------------------------------------------------------------------- */

int64_t vfs_dispatch(struct qy_request *request)
{
    uint32_t method = IPC_HEADER_METHOD(request->in.message.header);
    const struct session *session = session_find(request->in.badge);
    if (session == NULL && method < QY_METHOD_RESERVED) {
        return qy_request_refuse(request, ESESSION_STALE);
    }
    if (QY_METHOD_PROTOCOL(method) == QY_FILE_PROTOCOL && session != NULL) {
        request->handlers = &file_handlers;
        return qy_file_dispatch(request);
    }
    request->handlers = &dir_handlers;
    return qy_dir_dispatch(request);
}

void vfs_session_closed(struct qy_server *server, uint64_t badge)
{
    struct session *session = session_find(badge);
    watch_drop(badge);
    if (session == NULL || session->badge != badge) {
        return; /* by name, or of a former instance */
    }
    struct session closed = *session;
    session_free(session);
    switch ((enum session_kind)closed.kind) {
    case SESSION_DIRECTORY:
        mount_release(closed.directory.view.here);
        break;
    case SESSION_PIPE:
        pipe_close(server, &closed);
        break;
    case SESSION_TEXT:
        text_file_free(closed.text);
        break;
    case SESSION_DEVICE:
    case SESSION_FREE:
        break;
    }
}

void vfs_cancelled(struct qy_server *server, uint64_t token)
{
    pipe_cancel(server, token); /* nothing else waits */
}

void vfs_cancel_requested(struct qy_server *server, uint64_t token)
{
    pipe_interrupt(server, token);
}
