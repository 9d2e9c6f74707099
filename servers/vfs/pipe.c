/* SPDX-License-Identifier: MIT */
/* What the protocols do with pipes. */
#include "pipe.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/text.h>
#include <quay/wall.h>
#include "pipe_object.h"

static struct pipe *pipe_new(struct spot spot)
{
    struct pipe *pipe = qy_alloc_zeroed(1, sizeof *pipe);
    if (pipe != NULL) {
        *pipe = (struct pipe){.next = pipe_state.pipes,
                              .spot = spot,
                              .number = ++pipe_state.count,
                              .born = qy_wall_now()};
        pipe_state.pipes = pipe;
    }
    return pipe;
}

int64_t pipe_make(struct qy_request *request, uint32_t flags, handle_t *ret_read_end,
                  handle_t *ret_write_end)
{
    struct pipe *pipe = pipe_new((struct spot){0});
    if (pipe == NULL) {
        return ENOMEM;
    }
    uint32_t kept = flags & NONBLOCK;
    int64_t error = pipe_end_open(request->server, pipe, READ | kept, ret_read_end);
    if (error != 0) {
        pipe_check(pipe);
        return error;
    }
    error = pipe_end_open(request->server, pipe, WRITE | kept, ret_write_end);
    if (error != 0) {
        qy_handle_discard(*ret_read_end); /* that is noticed, and the rest goes */
    }
    return error;
}

int64_t pipe_open_fifo(struct qy_request *request, struct spot spot, uint32_t flags,
                       handle_t *ret_description)
{
    struct pipe *pipe = pipe_state.pipes;
    uint32_t kept = flags & (READ | WRITE | NONBLOCK);
    while (pipe != NULL && !spot_is(pipe->spot, spot)) {
        pipe = pipe->next;
    }
    if (pipe == NULL) {
        int64_t error = mount_hold(spot);
        pipe = error == 0 ? pipe_new(spot) : NULL;
        if (pipe == NULL && error == 0) {
            mount_release(spot);
            error = ENOMEM;
        }
        if (error != 0) {
            return error;
        }
    }
    int64_t error;
    bool is_both = (kept & (READ | WRITE)) == (READ | WRITE);
    bool is_there = (kept & READ) != 0 ? pipe->writers > 0 : pipe->readers > 0;
    bool is_at_once = is_both || is_there || ((kept & READ) != 0 && (kept & NONBLOCK) != 0);
    if ((kept & (READ | WRITE)) == 0) {
        error = EINVAL;
    } else if (is_at_once) {
        error = pipe_end_open(request->server, pipe, kept, ret_description);
        pipe_pump(request->server, pipe);
    } else if ((kept & NONBLOCK) != 0) {
        error = ENXIO;
    } else if (request->server->deferred >= PIPE_WAITERS_MAX) {
        error = EINTR;
    } else {
        struct waiter *waiter = pipe_waiter_add(pipe);
        if (waiter != NULL) {
            waiter->is_open = true;
            waiter->flags = kept;
            error = qy_defer(request, &waiter->call);
            pipe_pump(request->server, pipe);
            return error;
        }
        error = ENOMEM;
    }
    pipe_check(pipe);
    return error;
}

/* Puts a read or write off. */
static int64_t put_off(struct qy_request *request, struct pipe *pipe, bool is_writer,
                       const struct qy_lease *lease, uint8_t *copy, uint64_t size, uint64_t done)
{
    bool is_full = request->server->deferred >= PIPE_WAITERS_MAX;
    struct waiter *waiter = is_full ? NULL : pipe_waiter_add(pipe);
    if (waiter == NULL) {
        qy_free(copy);
        return is_full ? EINTR : ENOMEM;
    }
    waiter->is_writer = is_writer;
    waiter->is_lent = lease != NULL;
    waiter->lease = lease != NULL ? *lease : (struct qy_lease){0};
    waiter->copy = copy;
    waiter->size = size;
    waiter->done = done;
    int64_t status = qy_defer(request, &waiter->call);
    pipe_show(pipe);
    return status;
}

/* 0 and how much was read, or an error, or put off. */
static int64_t read_from(struct qy_request *request, struct session *session,
                         const struct qy_lease *lease, uint8_t *to, uint64_t size,
                         uint64_t *ret_count)
{
    struct pipe *pipe = session->pipe->pipe;
    *ret_count = 0;
    if ((session->flags & READ) == 0) {
        return EBADF;
    }
    if (size == 0) {
        return 0;
    }
    if (pipe->ring.count == 0 || pipe_is_waiting(pipe, false)) {
        if (pipe->writers == 0 && pipe->ring.count == 0) {
            return 0;
        }
        if ((session->flags & NONBLOCK) != 0) {
            return EAGAIN;
        }
        return put_off(request, pipe, false, lease, NULL, size, 0);
    }
    int64_t done = pipe_drain(&pipe->ring, lease, to, size);
    if (done < 0) {
        return QY_FILE_FAILURE_BAD_MEMORY;
    }
    *ret_count = (uint64_t)done;
    pipe_pump(request->server, pipe);
    return 0;
}

int64_t pipe_read(struct qy_request *request, struct session *session, uint32_t count,
                  uint8_t *ret_data, uint32_t *ret_count)
{
    uint64_t done;
    count = count < QY_FILE_INLINE_MAX ? count : QY_FILE_INLINE_MAX;
    int64_t status = read_from(request, session, NULL, ret_data, count, &done);
    *ret_count = (uint32_t)done;
    return status;
}

int64_t pipe_read_lent(struct qy_request *request, struct session *session,
                       const struct qy_lease *data, uint64_t *ret_count)
{
    return read_from(request, session, data, NULL, data->size, ret_count);
}

static int64_t write_to(struct qy_request *request, struct session *session,
                        const struct qy_lease *lease, const uint8_t *from, uint64_t size,
                        uint64_t *ret_count)
{
    struct pipe *pipe = session->pipe->pipe;
    int64_t done = 0;
    *ret_count = 0;
    if ((session->flags & WRITE) == 0) {
        return EBADF;
    }
    if (size == 0) {
        return 0;
    }
    if (pipe->readers == 0) {
        return QY_FILE_FAILURE_BROKEN_PIPE;
    }
    if (pipe_may_write(pipe, size) && !pipe_is_waiting(pipe, true)) {
        done = pipe_fill(&pipe->ring, lease, from, 0, size);
        if (done < 0) {
            return QY_FILE_FAILURE_BAD_MEMORY;
        }
        pipe_pump(request->server, pipe);
    }
    if ((uint64_t)done == size || ((session->flags & NONBLOCK) != 0 && done > 0)) {
        *ret_count = (uint64_t)done;
        return 0;
    }
    if ((session->flags & NONBLOCK) != 0) {
        return EAGAIN;
    }
    uint8_t *copy = lease == NULL ? qy_alloc(size) : NULL;
    if (lease == NULL && copy == NULL) {
        return ENOMEM;
    }
    if (copy != NULL) {
        memcpy(copy, from, size);
    }
    int64_t status = put_off(request, pipe, true, lease, copy, size, (uint64_t)done);
    if (status != QY_DEFER && done > 0) {
        *ret_count = (uint64_t)done; /* what is written is written */
        return 0;
    }
    return status;
}

int64_t pipe_write(struct qy_request *request, struct session *session, const uint8_t *data,
                   uint32_t count, uint32_t *ret_count)
{
    uint64_t done;
    int64_t status = write_to(request, session, NULL, data, count, &done);
    *ret_count = (uint32_t)done;
    return status;
}

int64_t pipe_write_lent(struct qy_request *request, struct session *session,
                        const struct qy_lease *data, uint64_t *ret_count)
{
    return write_to(request, session, data, NULL, data->size, ret_count);
}

uint32_t pipe_ready(const struct session *session)
{
    return pipe_end_ready(session->pipe);
}

int64_t pipe_readiness(struct session *session, handle_t *ret_readable, handle_t *ret_writable)
{
    struct pipe_end *end = session->pipe;
    *ret_readable = *ret_writable = HANDLE_INVALID;
    if (end->readable == HANDLE_INVALID) {
        int64_t one = qy_event_create(qy_self_job()), other = qy_event_create(qy_self_job());
        if (one < 0 || other < 0) {
            qy_handle_discard(one < 0 ? HANDLE_INVALID : (handle_t)one);
            qy_handle_discard(other < 0 ? HANDLE_INVALID : (handle_t)other);
            return ENOMEM;
        }
        end->readable = (handle_t)one;
        end->writable = (handle_t)other;
        end->shown = 0;
        pipe_end_show(end);
    }
    int64_t readable = qy_handle_dup(end->readable, RIGHTS_BASIC);
    int64_t writable = readable < 0 ? readable : qy_handle_dup(end->writable, RIGHTS_BASIC);
    if (writable < 0) {
        qy_handle_discard(readable < 0 ? HANDLE_INVALID : (handle_t)readable);
        return ENOMEM;
    }
    *ret_readable = (handle_t)readable;
    *ret_writable = (handle_t)writable;
    return 0;
}

uint32_t pipe_available(const struct session *session)
{
    return session->pipe->pipe->ring.count;
}

int64_t pipe_stat(struct session *session, struct qy_file_stat *ret_stat)
{
    const struct pipe *pipe = session->pipe->pipe;
    if (pipe->spot.node != 0) {
        struct qy_fs_place place;
        return mount_lookup(NULL, pipe->spot, 0, false, NULL, 0, ret_stat, &place);
    }
    *ret_stat = (struct qy_file_stat){
        .device = 0xd,
        .inode = pipe->number,
        .mode = MODE_FIFO | 0600,
        .links = 1,
        .accessed = pipe->born,
        .modified = pipe->born,
        .changed = pipe->born,
        .born = pipe->born,
        .block_size = PAGE_SIZE,
    };
    return 0;
}

void pipe_close(struct qy_server *server, struct session *session)
{
    struct pipe_end *end = session->pipe;
    struct pipe *pipe = end->pipe;
    struct pipe_end **link = &pipe_state.ends;
    while (*link != end) {
        link = &(*link)->next;
    }
    *link = end->next;
    pipe->readers -= (end->flags & READ) != 0;
    pipe->writers -= (end->flags & WRITE) != 0;
    if (end->readable != HANDLE_INVALID) {
        (void)qy_handle_close(end->readable); /* ours */
        (void)qy_handle_close(end->writable);
    }
    qy_free(end);
    pipe_pump(server, pipe);
    pipe_check(pipe);
}
