/* SPDX-License-Identifier: MIT */
/*
 * The rings of all CPUs as one sequence in the order of time. Positions say how far a reader has
 * come, and move when a record was taken. Pure.
 */
#pragma once

#include <quay/trace_view.h>

#define WINDOW_RECORDS 64u /* of one CPU, looked at ahead */

struct window {
    uint32_t at, count;
    uint64_t base; /* position of the first */
    uint64_t next; /* behind the last */
    bool is_empty; /* there is nothing more in the ring */
    struct trace_record records[WINDOW_RECORDS];
};

struct merge {
    const struct qy_trace_ring *ring;
    struct window *windows; /* one for each CPU */
    uint64_t *positions;    /* the reader's */
    uint64_t *lost;         /* the same; added to */
    time_ns_t until;
};

/* Begins at the reader's positions. */
void merge_begin(struct merge *merge);

/* The oldest record, with its data behind it; NULL: there is none before `until`. */
const struct trace_record *merge_first(struct merge *merge);

/* It is taken. */
void merge_take(struct merge *merge, const struct trace_record *record);

/* The payload of a record, out of what lies behind it: how many bytes. */
uint32_t merge_payload(const struct trace_record *record, uint8_t to[QY_TRACE_PAYLOAD_MAX]);
