/* SPDX-License-Identifier: MIT */
#include "merge.h"
#include <quay/text.h>

void merge_begin(struct merge *merge)
{
    for (uint32_t cpu = 0; cpu < merge->ring->cpu_count; cpu++) {
        struct window *window = &merge->windows[cpu];
        window->at = window->count = 0;
        window->base = window->next = merge->positions[cpu];
        window->is_empty = false;
    }
}

static void fill(struct merge *merge, uint32_t cpu)
{
    struct window *window = &merge->windows[cpu];
    uint64_t position = window->next;
    window->at = 0;
    window->count = qy_trace_ring_read(merge->ring, cpu, &position, merge->until, window->records,
                                       WINDOW_RECORDS, &merge->lost[cpu]);
    window->is_empty = window->count == 0;
    window->next = position;
    window->base = position - window->count;
    merge->positions[cpu] = window->base;
}

const struct trace_record *merge_first(struct merge *merge)
{
    const struct trace_record *first = NULL;
    for (uint32_t cpu = 0; cpu < merge->ring->cpu_count; cpu++) {
        struct window *window = &merge->windows[cpu];
        if (window->at == window->count && !window->is_empty) {
            fill(merge, cpu);
        }
        if (window->at < window->count) {
            const struct trace_record *record = &window->records[window->at];
            first = first == NULL || record->time < first->time ? record : first;
        }
    }
    return first;
}

void merge_take(struct merge *merge, const struct trace_record *record)
{
    for (uint32_t cpu = 0; cpu < merge->ring->cpu_count; cpu++) {
        struct window *window = &merge->windows[cpu];
        if (window->at < window->count && record == &window->records[window->at]) {
            window->at += 1 + (record->data_count <= TRACE_DATA_MAX ? record->data_count : 0u);
            window->at = window->at < window->count ? window->at : window->count;
            merge->positions[cpu] = window->base + window->at;
            return;
        }
    }
}

uint32_t merge_payload(const struct trace_record *record, uint8_t to[QY_TRACE_PAYLOAD_MAX])
{
    const struct trace_data *data = (const void *)(record + 1);
    uint32_t length = 0;
    for (uint32_t i = 0; i < record->data_count && i < TRACE_DATA_MAX; i++) {
        uint32_t count = data[i].count < TRACE_DATA_BYTES ? data[i].count : TRACE_DATA_BYTES;
        memcpy(to + length, data[i].bytes, count);
        length += count;
    }
    return length;
}
