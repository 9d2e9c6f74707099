/* SPDX-License-Identifier: MIT */
/* Calls, counted by method. Pure. */
#include <quay/text.h>
#include <quay/trace_view.h>

#define FIRST_POWER 8u /* below 2^8 ns is the first bucket */

static uint32_t bucket_of(uint64_t ns)
{
    if (ns < 1u << FIRST_POWER) {
        return 0;
    }
    uint32_t power = 63 - (uint32_t)__builtin_clzl(ns);
    uint32_t bucket = (power - FIRST_POWER) * 4 + (uint32_t)(ns >> (power - 2) & 3);
    return bucket < QY_TRACE_BUCKETS ? bucket : QY_TRACE_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t bucket_ns(uint32_t bucket)
{
    uint64_t quarter = 1ul << (bucket / 4 + FIRST_POWER - 2);
    return (bucket % 4 + 4) * quarter + quarter / 2;
}

static struct qy_trace_method *method_find(struct qy_trace_summary *summary, uint32_t method)
{
    for (uint32_t i = 0; i < summary->count; i++) {
        if (summary->methods[i].method == method) {
            return &summary->methods[i];
        }
    }
    if (summary->count == QY_TRACE_METHODS_MAX) {
        summary->unlisted++;
        return NULL;
    }
    summary->methods[summary->count].method = method;
    return &summary->methods[summary->count++];
}

void qy_trace_summary_add(struct qy_trace_summary *summary, const struct qy_trace_call *call)
{
    if (call->sent == 0 || call->ended < call->sent) {
        return; /* a part of it is not in the trace: nobody knows how long it took */
    }
    struct qy_trace_method *method = method_find(summary, call->method);
    if (method == NULL) {
        return;
    }
    uint64_t took = (uint64_t)(call->ended - call->sent);
    method->calls++;
    method->errors += call->status != 0;
    method->total_ns += took;
    method->max_ns = took > method->max_ns ? took : method->max_ns;
    method->buckets[bucket_of(took)]++;
}

uint64_t qy_trace_percentile(const struct qy_trace_method *method, uint32_t percent)
{
    uint64_t wanted = (method->calls * percent + 99) / 100, seen = 0;
    if (method->calls == 1) {
        return method->max_ns;
    }
    for (uint32_t i = 0; i < QY_TRACE_BUCKETS; i++) {
        seen += method->buckets[i];
        if (seen >= wanted && seen > 0) {
            uint64_t ns = bucket_ns(i);
            return ns < method->max_ns ? ns : method->max_ns;
        }
    }
    return 0;
}
