/* SPDX-License-Identifier: MIT */
/*
 * What a server has done, method by method. A server that gives its struct qy_server room for it is
 * counted, and tells whoever has a session (QY_METHOD_STATISTICS); others pay nothing.
 */
#pragma once

#include <quay/protocol.h>

#define QY_LATENCY_BUCKETS   32
#define QY_METHOD_STATISTICS 0x7ffffffdu

/* All zero: nothing was counted yet. */
struct qy_method_statistics {
    uint32_t method;
    uint32_t reserved;
    uint64_t calls;  /* answered, late ones too */
    uint64_t errors; /* of them, with anything but results */

    /* Calls by the time from their arrival to their answer: [0] took less than 2 ticks of the
     * time-stamp counter, [1] less than 4 ... , the last one that or more. */
    uint64_t latency[QY_LATENCY_BUCKETS];
};

QY_C_BEGIN

/* The entry of this number, from 0 on. ENOENT behind the last; -ENO_METHOD: nothing is counted. */
int64_t qy_statistics_get(handle_t session, uint32_t index,
                          struct qy_method_statistics *ret_statistics, time_ns_t deadline);

/* So many ticks were not reached by `percent` of the calls: the end of a bucket. 0: no calls. */
uint64_t qy_statistics_latency(const struct qy_method_statistics *statistics, uint32_t percent);

/* --- for the server loop -------------------------------------------------------------------- */

/* Makes the answer with this function, and counts it if the server counts. */
int64_t qy_statistics_counted(struct qy_request *request,
                              int64_t (*dispatch)(struct qy_request *request));

/* server->dispatch, counted. */
int64_t qy_statistics_dispatch(struct qy_request *request);

/* A call that had been put off was answered. */
void qy_statistics_answered(struct qy_server *server, const struct qy_pending *pending,
                            bool is_error);

QY_C_END
