/* SPDX-License-Identifier: MIT */
/* Reading the kernel's rings of trace records. Pure. */
#include <quay/text.h>
#include <quay/trace_view.h>

/* A CPU writes a record and its data before it counts them: so many more than it says may have been
 * overwritten. */
#define UNCOUNTED (1 + TRACE_DATA_MAX)

bool qy_trace_ring_open(struct qy_trace_ring *ret_ring, const void *memory, uint64_t bytes)
{
    const struct trace_head *head = memory;
    if (bytes < PAGE_SIZE || head->cpu_count == 0 || head->cpu_count > TRACE_CPUS_MAX ||
        head->capacity <= 2 * UNCOUNTED || (head->capacity & (head->capacity - 1)) != 0 ||
        (bytes - PAGE_SIZE) / sizeof(struct trace_record) / head->cpu_count < head->capacity) {
        return false;
    }
    *ret_ring = (struct qy_trace_ring){
        .head = head, .capacity = head->capacity, .cpu_count = head->cpu_count};
    return true;
}

uint64_t qy_trace_ring_written(const struct qy_trace_ring *ring, uint32_t cpu)
{
    /* Pairs with the release by which the kernel counts. */
    return __atomic_load_n(&ring->head->written[cpu], __ATOMIC_ACQUIRE);
}

/* Numbers below this one may be overwritten. */
static uint64_t first_safe(const struct qy_trace_ring *ring, uint32_t cpu)
{
    uint64_t end = qy_trace_ring_written(ring, cpu) + UNCOUNTED;
    return end > ring->capacity ? end - ring->capacity : 0;
}

/* How many of these begin with data whose record is not there. */
static uint32_t orphans(const struct trace_record *records, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && records[i].kind == TRACE_DATA) {
        i++;
    }
    return i;
}

/* How many of these are whole and old enough: the last one may have data that is not among them. */
static uint32_t whole(const struct trace_record *records, uint32_t count, time_ns_t until)
{
    uint32_t i = 0;
    while (i < count && (records[i].kind == TRACE_DATA || records[i].time <= until)) {
        uint32_t group = 1 + (records[i].kind != TRACE_DATA ? records[i].data_count : 0u);
        group = group <= UNCOUNTED ? group : 1;
        if (group > count - i) {
            break;
        }
        i += group;
    }
    return i;
}

uint32_t qy_trace_ring_read(const struct qy_trace_ring *ring, uint32_t cpu, uint64_t *position,
                            time_ns_t until, struct trace_record *to, uint32_t room, uint64_t *lost)
{
    const struct trace_record *records =
        (const void *)((const uint8_t *)ring->head + PAGE_SIZE +
                       (uint64_t)cpu * ring->capacity * sizeof *records);
    uint64_t end = qy_trace_ring_written(ring, cpu);
    uint64_t first = first_safe(ring, cpu);
    uint64_t at = *position > first ? *position : first;
    uint32_t count = end > at ? (end - at < room ? (uint32_t)(end - at) : room) : 0;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&to[i], &records[(at + i) % ring->capacity], sizeof *to);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* what was copied is older than what is read now */
    first = first_safe(ring, cpu);
    uint64_t skipped = first > at ? first - at : 0;
    skipped = skipped < count ? skipped : count;
    if (at + skipped != *position) { /* it begins anywhere */
        skipped += orphans(to + skipped, count - (uint32_t)skipped);
    }
    uint32_t kept = whole(to + skipped, count - (uint32_t)skipped, until);
    memmove(to, to + skipped, kept * sizeof *to);
    if (at + skipped > *position) {
        *lost += at + skipped - *position;
        *position = at + skipped;
    }
    *position += kept;
    return kept;
}
