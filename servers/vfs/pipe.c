/* SPDX-License-Identifier: MIT */
#include "pipe.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/text.h>
#include <quay/wall.h>
#include "pipe_ring.h"

#define READ     QY_FILE_FLAGS_READ
#define WRITE    QY_FILE_FLAGS_WRITE
#define NONBLOCK QY_FILE_FLAGS_NONBLOCK

/* A call that was put off. */
struct waiter {
    struct waiter *next;
    struct qy_pending call;
    bool is_writer, is_open, is_lent;
    uint32_t flags; /* of an open */
    struct qy_lease lease;
    uint8_t *copy; /* of what is written from a message */
    uint64_t size, done;
};

struct pipe {
    struct pipe *next;
    struct pipe_ring ring;
    struct spot spot;          /* of a FIFO; node 0: none */
    uint32_t readers, writers; /* sessions */
    uint64_t number;
    int64_t born;
    struct waiter *waiters; /* in the order of their coming */
};

/* What a session has. The events are the same for all sessions of an end, but each makes them for
 * itself: they are few, and it need not be known who has which. */
struct pipe_end {
    struct pipe_end *next;
    struct pipe *pipe;
    handle_t readable, writable; /* events; HANDLE_INVALID: nobody asked */
    uint32_t shown;
    uint32_t flags;
};

static struct {
    struct pipe *pipes;
    struct pipe_end *ends;
    uint64_t count;
} pipe_state;

/* --- what an end is ready for -------------------------------------------------------------- */

static uint32_t end_ready(const struct pipe_end *end)
{
    const struct pipe *pipe = end->pipe;
    uint32_t ready = 0;
    if ((end->flags & READ) != 0) {
        ready |= pipe->ring.count > 0 ? QY_FILE_READY_READABLE : 0;
        ready |= pipe->writers == 0 ? QY_FILE_READY_HANGUP : 0;
    }
    if ((end->flags & WRITE) != 0) {
        ready |= pipe_ring_room(&pipe->ring) >= PIPE_ATOMIC ? QY_FILE_READY_WRITABLE : 0;
        ready |= pipe->readers == 0 ? QY_FILE_READY_ERROR : 0;
    }
    return ready;
}

static void end_show(struct pipe_end *end)
{
    uint32_t ready = end_ready(end);
    if (end->readable == HANDLE_INVALID || ready == end->shown) {
        return;
    }
    end->shown = ready;
    uint64_t first = ready & ~QY_FILE_READY_WRITABLE, second = ready & ~QY_FILE_READY_READABLE;
    (void)qy_event_signal(end->readable, ~first, first); /* ours */
    (void)qy_event_signal(end->writable, ~second, second);
}

static void pipe_show(const struct pipe *pipe)
{
    for (struct pipe_end *end = pipe_state.ends; end != NULL; end = end->next) {
        if (end->pipe == pipe) {
            end_show(end);
        }
    }
}

/* --- moving bytes -------------------------------------------------------------------------- */

/* Puts up to `size` bytes from one of the two into the ring. Negative: the lent memory is bad. */
static int64_t ring_fill(struct pipe_ring *ring, const struct qy_lease *lease, const uint8_t *from,
                         uint64_t at, uint64_t size)
{
    uint64_t done = 0;
    while (done < size) {
        uint32_t piece, wanted = size - done < PIPE_LIMIT ? (uint32_t)(size - done) : PIPE_LIMIT;
        uint8_t *to = pipe_ring_tail(ring, wanted, &piece);
        if (to == NULL) {
            break;
        }
        if (lease == NULL) {
            memcpy(to, from + at + done, piece);
        } else if (qy_lease_get(lease, at + done, to, piece) != 0) {
            return -1;
        }
        pipe_ring_put(ring, piece);
        done += piece;
    }
    return (int64_t)done;
}

static int64_t ring_drain(struct pipe_ring *ring, const struct qy_lease *lease, uint8_t *to,
                          uint64_t size)
{
    uint64_t done = 0;
    while (done < size && ring->count > 0) {
        uint32_t piece;
        const uint8_t *from = pipe_ring_head(ring, &piece);
        piece = piece < size - done ? piece : (uint32_t)(size - done);
        if (lease == NULL) {
            memcpy(to + done, from, piece);
        } else if (qy_lease_put(lease, done, from, piece) != 0) {
            return -1;
        }
        pipe_ring_take(ring, piece);
        done += piece;
    }
    return (int64_t)done;
}

/* Whether a writer of `left` bytes of `size` in all may put some now. */
static bool may_write(const struct pipe *pipe, uint64_t size)
{
    uint32_t room = pipe_ring_room(&pipe->ring);
    return size <= PIPE_ATOMIC ? room >= size : room > 0;
}

/* --- who waits ----------------------------------------------------------------------------- */

static bool is_waiting(const struct pipe *pipe, bool is_writer)
{
    for (const struct waiter *waiter = pipe->waiters; waiter != NULL; waiter = waiter->next) {
        if (!waiter->is_open && waiter->is_writer == is_writer) {
            return true;
        }
    }
    return false;
}

static struct waiter *waiter_add(struct pipe *pipe)
{
    struct waiter **link = &pipe->waiters;
    struct waiter *waiter = qy_alloc_zeroed(1, sizeof *waiter);
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = waiter;
    return waiter;
}

static void waiter_free(struct waiter *waiter)
{
    qy_free(waiter->copy);
    qy_free(waiter);
}

/* Whether a reader is done with. */
static bool reader_serve(struct qy_server *server, struct pipe *pipe, struct waiter *waiter)
{
    uint8_t data[QY_FILE_INLINE_MAX];
    if (pipe->ring.count == 0 && pipe->writers > 0) {
        return false;
    }
    int64_t done =
        ring_drain(&pipe->ring, waiter->is_lent ? &waiter->lease : NULL, data, waiter->size);
    if (done < 0) {
        (void)qy_pending_refuse(server, &waiter->call, QY_FILE_FAILURE_BAD_MEMORY);
    } else if (waiter->is_lent) {
        (void)qy_file_read_lent_answer(server, &waiter->call, (uint64_t)done);
    } else {
        (void)qy_file_read_answer(server, &waiter->call, data, (uint32_t)done);
    }
    return true;
}

static void writer_answer(struct qy_server *server, struct waiter *waiter, uint32_t error)
{
    if (waiter->done == 0 && error != 0) {
        (void)qy_pending_refuse(server, &waiter->call, error);
    } else if (waiter->is_lent) {
        (void)qy_file_write_lent_answer(server, &waiter->call, waiter->done);
    } else {
        (void)qy_file_write_answer(server, &waiter->call, (uint32_t)waiter->done);
    }
}

static bool writer_serve(struct qy_server *server, struct pipe *pipe, struct waiter *waiter)
{
    if (pipe->readers == 0) {
        writer_answer(server, waiter, QY_FILE_FAILURE_BROKEN_PIPE);
        return true;
    }
    if (!may_write(pipe, waiter->size)) {
        return false;
    }
    int64_t done = ring_fill(&pipe->ring, waiter->is_lent ? &waiter->lease : NULL, waiter->copy,
                             waiter->done, waiter->size - waiter->done);
    waiter->done += done > 0 ? (uint64_t)done : 0;
    if (done < 0 || waiter->done == waiter->size) {
        writer_answer(server, waiter, done < 0 ? QY_FILE_FAILURE_BAD_MEMORY : 0);
        return true;
    }
    return false;
}

static int64_t end_open(struct qy_server *server, struct pipe *pipe, uint32_t flags,
                        handle_t *ret_handle)
{
    struct session *session;
    struct pipe_end *end = qy_alloc_zeroed(1, sizeof *end);
    int64_t error =
        end == NULL ? ENOMEM : session_open(server, SESSION_PIPE, flags, &session, ret_handle);
    if (error != 0) {
        qy_free(end);
        return error;
    }
    *end = (struct pipe_end){.next = pipe_state.ends, .pipe = pipe, .flags = flags};
    pipe_state.ends = end;
    session->pipe = end;
    pipe->readers += (flags & READ) != 0;
    pipe->writers += (flags & WRITE) != 0;
    return 0;
}

/* An open that waits for the other side. */
static bool open_serve(struct qy_server *server, struct pipe *pipe, struct waiter *waiter)
{
    handle_t description;
    uint32_t other = (waiter->flags & READ) != 0 ? WRITE : READ;
    bool is_there = other == WRITE ? pipe->writers > 0 : pipe->readers > 0;
    for (struct waiter *peer = pipe->waiters; peer != NULL; peer = peer->next) {
        is_there |= peer->is_open && (peer->flags & other) != 0;
    }
    if (!is_there) {
        return false;
    }
    int64_t error = end_open(server, pipe, waiter->flags, &description);
    if (error != 0) {
        (void)qy_pending_refuse(server, &waiter->call, (uint32_t)error);
    } else {
        /* If its caller has gone the session is closed again. */
        (void)qy_dir_open_answer(server, &waiter->call, description, QY_DIR_KIND_PIPE);
    }
    return true;
}

/* Serves whoever can go on; of each kind the first comes first. */
static void pipe_pump(struct qy_server *server, struct pipe *pipe)
{
    bool is_moving = true;
    while (is_moving) {
        bool is_reader_blocked = false, is_writer_blocked = false;
        is_moving = false;
        for (struct waiter **link = &pipe->waiters; *link != NULL;) {
            struct waiter *waiter = *link;
            bool *is_blocked = waiter->is_writer ? &is_writer_blocked : &is_reader_blocked;
            uint32_t before = pipe->ring.count;
            bool is_done = waiter->is_open     ? open_serve(server, pipe, waiter)
                           : *is_blocked       ? false
                           : waiter->is_writer ? writer_serve(server, pipe, waiter)
                                               : reader_serve(server, pipe, waiter);
            is_moving |= is_done || pipe->ring.count != before;
            if (is_done) {
                *link = waiter->next;
                waiter_free(waiter);
            } else {
                *is_blocked |= !waiter->is_open;
                link = &waiter->next;
            }
        }
    }
    pipe_show(pipe);
}

static void pipe_check(struct pipe *pipe)
{
    if (pipe->readers > 0 || pipe->writers > 0 || pipe->waiters != NULL) {
        return;
    }
    struct pipe **link = &pipe_state.pipes;
    while (*link != pipe) {
        link = &(*link)->next;
    }
    *link = pipe->next;
    if (pipe->spot.node != 0) {
        mount_release(pipe->spot);
    }
    pipe_ring_fini(&pipe->ring);
    qy_free(pipe);
}

/* --- the protocol -------------------------------------------------------------------------- */

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
    int64_t error = end_open(request->server, pipe, READ | kept, ret_read_end);
    if (error != 0) {
        pipe_check(pipe);
        return error;
    }
    error = end_open(request->server, pipe, WRITE | kept, ret_write_end);
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
        if (pipe == NULL) {
            return error == 0 ? ENOMEM : error;
        }
    }
    int64_t error;
    bool is_both = (kept & (READ | WRITE)) == (READ | WRITE);
    bool is_there = (kept & READ) != 0 ? pipe->writers > 0 : pipe->readers > 0;
    bool is_at_once = is_both || is_there || ((kept & READ) != 0 && (kept & NONBLOCK) != 0);
    if ((kept & (READ | WRITE)) == 0) {
        error = EINVAL;
    } else if (is_at_once) {
        error = end_open(request->server, pipe, kept, ret_description);
        pipe_pump(request->server, pipe);
    } else if ((kept & NONBLOCK) != 0) {
        error = ENXIO;
    } else {
        struct waiter *waiter = waiter_add(pipe);
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
    struct waiter *waiter = waiter_add(pipe);
    if (waiter == NULL) {
        qy_free(copy);
        return ENOMEM;
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
    if (pipe->ring.count == 0 || is_waiting(pipe, false)) {
        if (pipe->writers == 0 && pipe->ring.count == 0) {
            return 0;
        }
        if ((session->flags & NONBLOCK) != 0) {
            return EAGAIN;
        }
        return put_off(request, pipe, false, lease, NULL, size, 0);
    }
    int64_t done = ring_drain(&pipe->ring, lease, to, size);
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
    if (may_write(pipe, size) && !is_waiting(pipe, true)) {
        done = ring_fill(&pipe->ring, lease, from, 0, size);
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
    return put_off(request, pipe, true, lease, copy, size, (uint64_t)done);
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
    return end_ready(session->pipe);
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
        end_show(end);
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

/* Takes the waiter of a token out of its pipe; NULL: there is none. */
static struct waiter *waiter_take(uint64_t token, struct pipe **ret_pipe)
{
    for (struct pipe *pipe = pipe_state.pipes; pipe != NULL; pipe = pipe->next) {
        for (struct waiter **link = &pipe->waiters; *link != NULL; link = &(*link)->next) {
            struct waiter *waiter = *link;
            if (qy_pending_is(&waiter->call, token)) {
                *link = waiter->next;
                *ret_pipe = pipe;
                return waiter;
            }
        }
    }
    return NULL;
}

static void waiter_gone(struct qy_server *server, struct pipe *pipe, struct waiter *waiter)
{
    waiter_free(waiter);
    pipe_pump(server, pipe); /* who stood behind it may go on */
    pipe_check(pipe);
}

bool pipe_cancel(struct qy_server *server, uint64_t token)
{
    struct pipe *pipe;
    struct waiter *waiter = waiter_take(token, &pipe);
    if (waiter == NULL) {
        return false;
    }
    (void)qy_pending_cancel(server, &waiter->call, token);
    waiter_gone(server, pipe, waiter);
    return true;
}

bool pipe_interrupt(struct qy_server *server, uint64_t token)
{
    struct pipe *pipe;
    struct waiter *waiter = waiter_take(token, &pipe);
    if (waiter == NULL) {
        return false;
    }
    if (waiter->is_writer && !waiter->is_open) {
        writer_answer(server, waiter, EINTR);
    } else {
        (void)qy_pending_refuse(server, &waiter->call, EINTR); /* it may have gone */
    }
    waiter_gone(server, pipe, waiter);
    return true;
}
