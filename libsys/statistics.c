/* SPDX-License-Identifier: MIT */
#include <quay/clock.h>
#include <quay/server.h>
#include <quay/statistics.h>

/* --- the server ---------------------------------------------------------------------------- */

/* The method's entry, or a new one; NULL: there is no room. Several threads may look at a time. */
static struct qy_method_statistics *entry_get(struct qy_server *server, uint32_t method)
{
    for (uint32_t i = 0; i < server->statistics_max; i++) {
        struct qy_method_statistics *entry = &server->statistics[i];
        uint32_t own = 0; /* becomes what is there, if that is not 0 */
        if (__atomic_compare_exchange_n(&entry->method, &own, method, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED) ||
            own == method) {
            return entry;
        }
    }
    return NULL;
}

static uint32_t bucket_of(uint64_t ticks)
{
    uint32_t bucket = ticks < 2 ? 0 : 63 - (uint32_t)__builtin_clzll(ticks);
    return bucket < QY_LATENCY_BUCKETS ? bucket : QY_LATENCY_BUCKETS - 1;
}

static void count(struct qy_server *server, uint32_t method, uint64_t begun, bool is_error)
{
    struct qy_method_statistics *entry = entry_get(server, method);
    if (entry == NULL) {
        return;
    }
    /* Read while they are written; each by itself is right. */
    uint64_t *bucket = &entry->latency[bucket_of(qy_tsc_read() - begun)];
    (void)__atomic_fetch_add(&entry->calls, 1, __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&entry->errors, is_error, __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(bucket, 1, __ATOMIC_RELAXED);
}

static int64_t tell(struct qy_request *request)
{
    const struct qy_server *server = request->server;
    uint64_t index;
    if (!qy_message_get(&request->in.message, &index, sizeof index)) {
        return qy_request_refuse(request, EBAD_MESSAGE);
    }
    if (index >= server->statistics_max || server->statistics[index].method == 0) {
        return ENOENT;
    }
    return qy_message_set_long(&request->in.message, 0, &server->statistics[index],
                               sizeof server->statistics[index]);
}

int64_t qy_statistics_counted(struct qy_request *request, qy_dispatch_fn *dispatch)
{
    if (request->server->statistics_max == 0) {
        return dispatch(request);
    }
    request->method = IPC_HEADER_METHOD(request->in.message.header);
    request->begun = qy_tsc_read();
    int64_t status = dispatch(request);
    if (status != QY_DEFER && status != ENO_METHOD && request->method < QY_METHOD_RESERVED) {
        count(request->server, request->method, request->begun, status != 0);
    }
    return status;
}

int64_t qy_statistics_dispatch(struct qy_request *request)
{
    return IPC_HEADER_METHOD(request->in.message.header) == QY_METHOD_STATISTICS
               ? tell(request)
               : qy_statistics_counted(request, request->server->dispatch);
}

void qy_statistics_answered(struct qy_server *server, const struct qy_pending *pending,
                            bool is_error)
{
    if (pending->begun != 0) {
        count(server, pending->method, pending->begun, is_error);
    }
}

/* --- the client ---------------------------------------------------------------------------- */

int64_t qy_statistics_get(handle_t session, uint32_t index,
                          struct qy_method_statistics *ret_statistics, time_ns_t deadline)
{
    uint64_t fixed = index;
    struct qy_message message;
    qy_message_set(&message, QY_METHOD_STATISTICS, &fixed, sizeof fixed);
    if (!qy_message_buffer()) {
        return -ENO_BUFFER;
    }
    int64_t status = qy_message_call(session, &message, deadline);
    if (status != 0) {
        return status;
    }
    struct qy_method_statistics got;
    if (!qy_message_get_long(&message, &got, sizeof got)) {
        return qy_message_reject(&message);
    }
    *ret_statistics = got;
    return 0;
}

uint64_t qy_statistics_latency(const struct qy_method_statistics *statistics, uint32_t percent)
{
    uint64_t total = 0, seen = 0;
    for (uint32_t i = 0; i < QY_LATENCY_BUCKETS; i++) {
        total += statistics->latency[i];
    }
    for (uint32_t i = 0; i < QY_LATENCY_BUCKETS && total > 0; i++) {
        seen += statistics->latency[i];
        if (seen >= total / 100 * percent + total % 100 * percent / 100 && seen > 0) {
            return 2ull << i;
        }
    }
    return 0;
}
