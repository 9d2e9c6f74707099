/* SPDX-License-Identifier: MIT */
/*
 * What the server itself makes of the records, as they come: who is who, the summary, lines for the
 * log. Its memory is there from the first use on.
 */
#pragma once

#include "feed.h"
#include "filter.h"

#define WATCHED_CALLS     256u
#define LINES_AT_ONCE_MAX 40u /* in the log, for each look at the rings */

struct watch {
    struct qy_trace_names *names;
    struct qy_trace_summary *summary;
    struct qy_trace_calls calls;
    struct merge merge;
    uint64_t positions[TRACE_CPUS_MAX], lost[TRACE_CPUS_MAX];
    uint64_t calls_ended, errors;

    bool has_started; /* a process, since somebody has set this to false */
    bool is_counting; /* for the summary */
    bool is_logging;
    struct filter filter;
    uint32_t lines;          /* since the last look */
    uint64_t left_out, told; /* lines that were too many, and of them those that were told */
    uint64_t lost_told;      /* records */
};

/* Makes its memory, windows of `merge` included: 0 or -ENOMEM. */
int64_t watch_open(struct watch *watch, const struct qy_trace_ring *ring);

/* From now on. */
void watch_begin(struct watch *watch);

/* Takes what was written until then. */
void watch_take(struct watch *watch, const struct feed_own *own, time_ns_t until);

uint64_t watch_lost(const struct watch *watch);

/* Everything that was counted is forgotten. */
void watch_reset(struct watch *watch);
