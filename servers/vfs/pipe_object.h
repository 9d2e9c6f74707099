/* SPDX-License-Identifier: MIT */
/* What a pipe is made of; for pipe.c, which has the protocol, and pipe_wait.c, with the rest. */
#pragma once

#include "pipe.h"
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

/* So many calls are put off: some tokens are left for those that need not wait. Who comes beyond is
 * told that the call was interrupted, and makes it again. */
#define PIPE_WAITERS_MAX 120u

struct pipes {
    struct pipe *pipes;
    struct waiter *spare; /* a list, so that who waits needs nothing of the heap, mostly */
    struct pipe_end *ends;
    uint64_t count; /* that there were */
};

extern struct pipes pipe_state;

/* What an end is ready for, and that its events say so. */
uint32_t pipe_end_ready(const struct pipe_end *end);
void pipe_end_show(struct pipe_end *end);
void pipe_show(const struct pipe *pipe);

/* Moves up to `size` bytes between the ring and lent memory, or if that is NULL the other: how
 * many, or negative: the lent memory is bad, and the ring as it was. */
int64_t pipe_fill(struct pipe_ring *ring, const struct qy_lease *lease, const uint8_t *from,
                  uint64_t at, uint64_t size);
int64_t pipe_drain(struct pipe_ring *ring, const struct qy_lease *lease, uint8_t *to,
                   uint64_t size);

/* Whether some of a write of `size` bytes may be put now. */
bool pipe_may_write(const struct pipe *pipe, uint64_t size);

/* Whether others wait to do the same. */
bool pipe_is_waiting(const struct pipe *pipe, bool is_writer);

struct waiter *pipe_waiter_add(struct pipe *pipe); /* at the end; NULL: no memory */

/* A session of an end: 0 and its handle, or an error. */
int64_t pipe_end_open(struct qy_server *server, struct pipe *pipe, uint32_t flags,
                      handle_t *ret_handle);

/* Serves whoever can go on; of each kind the first comes first. */
void pipe_pump(struct qy_server *server, struct pipe *pipe);

/* Frees a pipe that nobody has open or waits for. */
void pipe_check(struct pipe *pipe);
