/* SPDX-License-Identifier: MIT */
/* Who waits at pipes, and what they are ready for. */
#include <quay/event.h>
#include <quay/heap.h>
#include <quay/text.h>
#include "pipe_object.h"

struct pipes pipe_state;

/* --- what an end is ready for -------------------------------------------------------------- */

uint32_t pipe_end_ready(const struct pipe_end *end)
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

void pipe_end_show(struct pipe_end *end)
{
    if (end->readable == HANDLE_INVALID) {
        return; /* nobody asked */
    }
    uint32_t ready = pipe_end_ready(end);
    if (ready == end->shown) {
        return;
    }
    end->shown = ready;
    uint64_t first = ready & ~QY_FILE_READY_WRITABLE, second = ready & ~QY_FILE_READY_READABLE;
    (void)qy_event_signal(end->readable, ~first, first); /* ours */
    (void)qy_event_signal(end->writable, ~second, second);
}

void pipe_show(const struct pipe *pipe)
{
    for (struct pipe_end *end = pipe_state.ends; end != NULL; end = end->next) {
        if (end->pipe == pipe) {
            pipe_end_show(end);
        }
    }
}

/* --- moving bytes -------------------------------------------------------------------------- */

int64_t pipe_fill(struct pipe_ring *ring, const struct qy_lease *lease, const uint8_t *from,
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
            ring->count -= (uint32_t)done; /* nobody has seen it yet */
            return -1;
        }
        pipe_ring_put(ring, piece);
        done += piece;
    }
    return (int64_t)done;
}

int64_t pipe_drain(struct pipe_ring *ring, const struct qy_lease *lease, uint8_t *to, uint64_t size)
{
    const struct pipe_ring before = *ring;
    uint64_t done = 0;
    while (done < size && ring->count > 0) {
        uint32_t piece;
        const uint8_t *from = pipe_ring_head(ring, &piece);
        piece = piece < size - done ? piece : (uint32_t)(size - done);
        if (lease == NULL) {
            memcpy(to + done, from, piece);
        } else if (qy_lease_put(lease, done, from, piece) != 0) {
            *ring = before;
            return -1;
        }
        pipe_ring_take(ring, piece);
        done += piece;
    }
    return (int64_t)done;
}

bool pipe_may_write(const struct pipe *pipe, uint64_t size)
{
    uint32_t room = pipe_ring_room(&pipe->ring);
    return size <= PIPE_ATOMIC ? room >= size : room > 0;
}

/* --- who waits ----------------------------------------------------------------------------- */

bool pipe_is_waiting(const struct pipe *pipe, bool is_writer)
{
    for (const struct waiter *waiter = pipe->waiters; waiter != NULL; waiter = waiter->next) {
        if (!waiter->is_open && waiter->is_writer == is_writer) {
            return true;
        }
    }
    return false;
}

struct waiter *pipe_waiter_add(struct pipe *pipe)
{
    struct waiter **link = &pipe->waiters;
    struct waiter *waiter = pipe_state.spare;
    if (waiter != NULL) {
        pipe_state.spare = waiter->next;
        *waiter = (struct waiter){0};
    } else {
        waiter = qy_alloc_zeroed(1, sizeof *waiter);
    }
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = waiter;
    return waiter;
}

static void waiter_free(struct waiter *waiter)
{
    qy_free(waiter->copy);
    waiter->next = pipe_state.spare;
    pipe_state.spare = waiter; /* there are never more than wait at a time */
}

/* Whether a reader is done with. */
static bool reader_serve(struct qy_server *server, struct pipe *pipe, struct waiter *waiter)
{
    uint8_t data[QY_FILE_INLINE_MAX];
    if (pipe->ring.count == 0 && pipe->writers > 0) {
        return false;
    }
    int64_t done =
        pipe_drain(&pipe->ring, waiter->is_lent ? &waiter->lease : NULL, data, waiter->size);
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
    if (!pipe_may_write(pipe, waiter->size)) {
        return false;
    }
    int64_t done = pipe_fill(&pipe->ring, waiter->is_lent ? &waiter->lease : NULL, waiter->copy,
                             waiter->done, waiter->size - waiter->done);
    waiter->done += done > 0 ? (uint64_t)done : 0;
    if (done < 0 || waiter->done == waiter->size) {
        writer_answer(server, waiter, done < 0 ? QY_FILE_FAILURE_BAD_MEMORY : 0);
        return true;
    }
    return false;
}

int64_t pipe_end_open(struct qy_server *server, struct pipe *pipe, uint32_t flags,
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
    int64_t error = pipe_end_open(server, pipe, waiter->flags, &description);
    if (error != 0) {
        (void)qy_pending_refuse(server, &waiter->call, (uint32_t)error);
    } else {
        /* If its caller has gone the session is closed again. */
        (void)qy_dir_open_answer(server, &waiter->call, description, QY_DIR_KIND_PIPE);
    }
    return true;
}

void pipe_pump(struct qy_server *server, struct pipe *pipe)
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

void pipe_check(struct pipe *pipe)
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

/* --- calls that end otherwise -------------------------------------------------------------- */

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

void pipe_cancel(struct qy_server *server, uint64_t token)
{
    struct pipe *pipe;
    struct waiter *waiter = waiter_take(token, &pipe);
    if (waiter != NULL) {
        (void)qy_pending_cancel(server, &waiter->call, token);
        waiter_gone(server, pipe, waiter);
    }
}

void pipe_interrupt(struct qy_server *server, uint64_t token)
{
    struct pipe *pipe;
    struct waiter *waiter = waiter_take(token, &pipe);
    if (waiter == NULL) {
        return;
    }
    if (waiter->is_writer && !waiter->is_open) {
        writer_answer(server, waiter, EINTR);
    } else {
        (void)qy_pending_refuse(server, &waiter->call, EINTR); /* it may have gone */
    }
    waiter_gone(server, pipe, waiter);
}
