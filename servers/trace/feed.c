/* SPDX-License-Identifier: MIT */
#include "feed.h"
#include <quay/text.h>

void feed_begin(struct feed *feed, const struct qy_trace_ring *ring, uint32_t kinds)
{
    *feed = (struct feed){.kinds = kinds};
    for (uint32_t cpu = 0; cpu < ring->cpu_count; cpu++) {
        feed->positions[cpu] = qy_trace_ring_written(ring, cpu);
    }
}

static bool is_followed(const struct feed *feed, koid_t process)
{
    for (uint32_t i = 0; i < feed->followed_count; i++) {
        if (feed->followed[i] == process) {
            return true;
        }
    }
    return feed->followed_count == 0;
}

bool feed_follow(struct feed *feed, koid_t process)
{
    if (feed->followed_count > 0 && is_followed(feed, process)) {
        return true;
    }
    if (feed->followed_count == FOLLOWED_MAX) {
        return false;
    }
    feed->followed[feed->followed_count++] = process;
    return true;
}

bool feed_is_own(const struct feed_own *own, const struct trace_record *record)
{
    bool has_port = record->kind >= TRACE_CALL && record->kind <= TRACE_NOTICE;
    bool has_client = record->kind == TRACE_CALL_RECEIVED || record->kind == TRACE_REPLY;
    return record->thread == own->thread || (has_port && record->object == own->port) ||
           (has_client && record->value == own->thread);
}

bool feed_wants(struct feed *feed, const struct trace_record *record)
{
    if (!is_followed(feed, qy_trace_flow_owner(record->flow))) {
        return false;
    }
    if (record->kind == TRACE_PROCESS_START && feed->followed_count > 0) {
        (void)feed_follow(feed, record->object); /* of too many the first ones are followed */
    }
    return record->kind < TRACE_KIND_COUNT && (feed->kinds & TRACE_KIND(record->kind)) != 0;
}

/* At the end of the last chunk if that has records of the same CPU, else in one of its own. */
static bool record_write(struct qy_trace_writer *writer, struct qy_trace_chunk **open,
                         const struct trace_record *record, uint32_t bytes)
{
    struct qy_trace_source *source = *open != NULL ? (void *)(*open + 1) : NULL;
    if (source != NULL && source->cpu == record->cpu) {
        if (writer->size - writer->length < bytes) {
            return false;
        }
        memcpy(writer->bytes + writer->length, record, bytes);
        writer->length += bytes;
        (*open)->length += bytes;
        return true;
    }
    struct qy_trace_chunk *chunk = (void *)(writer->bytes + writer->length);
    source = qy_trace_chunk_add(writer, QY_TRACE_RECORDS, (uint32_t)sizeof *source + bytes);
    if (source == NULL) {
        return false;
    }
    source->cpu = record->cpu;
    memcpy(source + 1, record, bytes);
    *open = chunk;
    return true;
}

static void lost_write(struct feed *feed, uint32_t cpu_count, struct qy_trace_writer *writer)
{
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        if (feed->lost[cpu] > 0) {
            struct qy_trace_lost *lost = qy_trace_chunk_add(writer, QY_TRACE_LOST, sizeof *lost);
            if (lost == NULL) {
                return;
            }
            *lost = (struct qy_trace_lost){.cpu = cpu, .count = feed->lost[cpu]};
            feed->lost[cpu] = 0;
        }
    }
}

void feed_write(struct feed *feed, struct merge *merge, const struct feed_own *own,
                const struct qy_trace_names *names, const struct qy_trace_start *start,
                struct qy_trace_writer *writer)
{
    const struct trace_record *record;
    struct qy_trace_chunk *open = NULL;
    if (!feed->is_begun) {
        struct qy_trace_start *begun = qy_trace_chunk_add(writer, QY_TRACE_START, sizeof *begun);
        feed->is_begun = begun != NULL;
        if (begun == NULL) {
            return;
        }
        *begun = *start;
    }
    while (qy_trace_names_write(names, &feed->change, writer)) {
    }
    merge->positions = feed->positions;
    merge->lost = feed->lost;
    merge_begin(merge);
    /* Names that did not fit come first, the next time. */
    while (feed->change == names->change && (record = merge_first(merge)) != NULL) {
        uint32_t count = record->data_count <= TRACE_DATA_MAX ? record->data_count : 0;
        if (!feed_is_own(own, record) && feed_wants(feed, record) &&
            !record_write(writer, &open, record, (1 + count) * (uint32_t)sizeof *record)) {
            break;
        }
        merge_take(merge, record);
    }
    lost_write(feed, merge->ring->cpu_count, writer);
}
