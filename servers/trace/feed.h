/* SPDX-License-Identifier: MIT */
/* What one reader gets of the trace: its kinds, its flows, from its place on. Pure. */
#pragma once

#include "merge.h"

#define FOLLOWED_MAX 16u

struct feed {
    uint32_t kinds; /* 0: it reads nothing */
    uint32_t followed_count;
    koid_t followed[FOLLOWED_MAX]; /* processes; none: all flows */
    uint64_t change;               /* of the names it knows */
    bool is_begun;                 /* it was told how the stream begins */
    uint64_t positions[TRACE_CPUS_MAX];
    uint64_t lost[TRACE_CPUS_MAX]; /* not told yet */
};

/* What belongs to the tracing itself, and is nobody's business: the server's thread and its port.
 * (Its flow does not tell: that of a thread is the flow of the last call it has received.) */
struct feed_own {
    koid_t thread, port;
};

/* From the records that are written from now on. */
void feed_begin(struct feed *feed, const struct qy_trace_ring *ring, uint32_t kinds);

/* False: there are too many. */
bool feed_follow(struct feed *feed, koid_t process);

/* Whether a record is noted for the tracing's own sake. */
bool feed_is_own(const struct feed_own *own, const struct trace_record *record);

/* Whether it is for this reader. A process that was made for one that is followed is followed. */
bool feed_wants(struct feed *feed, const struct trace_record *record);

/* Puts chunks with what is new, as much as there is room for; `merge` is set up but for the
 * positions. */
void feed_write(struct feed *feed, struct merge *merge, const struct feed_own *own,
                const struct qy_trace_names *names, const struct qy_trace_start *start,
                struct qy_trace_writer *writer);
