/* SPDX-License-Identifier: MIT */
#include "ring.h"
#include <quay/text.h>

#define RING_MAGIC 0x474f4c51u
#define ALIGN      8u

_Static_assert(RING_BYTES % ALIGN == 0, "records are aligned in the ring");

/* Where a line was found last, and the one behind it: who reads on finds it at once. */
static struct {
    const struct ring *ring;
    uint64_t number, position;
} found;

static void bytes_put(struct ring *ring, uint64_t position, const void *from, size_t size)
{
    const uint8_t *bytes = from;
    for (size_t i = 0; i < size; i++) {
        ring->bytes[(position + i) % RING_BYTES] = bytes[i];
    }
}

static void bytes_get(const struct ring *ring, uint64_t position, void *to, size_t size)
{
    uint8_t *bytes = to;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = ring->bytes[(position + i) % RING_BYTES];
    }
}

static uint32_t record_size(size_t program_length, size_t text_length)
{
    size_t size = sizeof(struct ring_record) + program_length + text_length;
    return (uint32_t)((size + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

/* Whether what stands there can be a record that ends before `head`. */
static bool record_get(const struct ring *ring, uint64_t position, struct ring_record *ret_record)
{
    if (ring->head - position < sizeof *ret_record) {
        return false;
    }
    bytes_get(ring, position, ret_record, sizeof *ret_record);
    return ret_record->program_length <= sizeof((struct qy_log_line *)NULL)->program - 1 &&
           ret_record->text_length <= QY_LOG_TEXT_MAX && ret_record->level <= QY_LOG_LEVEL_ERROR &&
           ret_record->size == record_size(ret_record->program_length, ret_record->text_length) &&
           ret_record->size <= ring->head - position;
}

static bool is_sound(const struct ring *ring)
{
    struct ring_record record;
    uint64_t position = ring->tail;
    if (ring->magic != RING_MAGIC || ring->tail > ring->head ||
        ring->head - ring->tail > RING_BYTES || ring->console_level > QY_LOG_LEVEL_ERROR) {
        return false;
    }
    uint64_t number = 0;
    while (position != ring->head) {
        if (!record_get(ring, position, &record) || record.number < number) {
            return false;
        }
        number = record.number + 1;
        position += record.size;
    }
    return number <= ring->next;
}

void ring_open(struct ring *ring)
{
    found.ring = NULL;
    if (is_sound(ring)) {
        return;
    }
    uint64_t next = ring->magic == RING_MAGIC ? ring->next : 0;
    ring->head = ring->tail = 0;
    ring->next = next;
    ring->limited = ring->lost_bytes = 0;
    ring->console_level = QY_LOG_LEVEL_WARNING;
    __atomic_store_n(&ring->magic, RING_MAGIC, __ATOMIC_RELEASE);
}

void ring_add(struct ring *ring, const struct qy_log_line *line, const char *text)
{
    struct ring_record record = {
        .number = ring->next,
        .time_ns = line->time_ns,
        .job = line->job,
        .cpu = line->cpu,
        .text_length = (uint16_t)qy_strnlen(text, QY_LOG_TEXT_MAX),
        .program_length = (uint8_t)strlen(line->program),
        .level = (uint8_t)line->level,
    };
    record.size = (uint16_t)record_size(record.program_length, record.text_length);
    uint64_t tail = ring->tail, head = ring->head;
    struct ring_record oldest;
    while (head + record.size - tail > RING_BYTES && record_get(ring, tail, &oldest)) {
        tail += oldest.size;
    }
    __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
    bytes_put(ring, head, &record, sizeof record);
    bytes_put(ring, head + sizeof record, line->program, record.program_length);
    bytes_put(ring, head + sizeof record + record.program_length, text, record.text_length);
    ring->next++; /* before it counts: a number is never used twice */
    __atomic_store_n(&ring->head, head + record.size, __ATOMIC_RELEASE);
}

/* Where a search for this number begins. */
static uint64_t search_start(const struct ring *ring, uint64_t number)
{
    bool is_near = found.ring == ring && found.number <= number && found.position >= ring->tail &&
                   found.position <= ring->head;
    return is_near ? found.position : ring->tail;
}

bool ring_find(const struct ring *ring, uint64_t number, struct qy_log_line *ret_line,
               char ret_text[QY_LOG_TEXT_MAX + 1])
{
    struct ring_record record = {0};
    uint64_t position = search_start(ring, number);
    while (record_get(ring, position, &record) && record.number < number) {
        position += record.size;
    }
    if (position == ring->head || !record_get(ring, position, &record)) {
        return false;
    }
    *ret_line = (struct qy_log_line){.number = record.number,
                                     .time_ns = record.time_ns,
                                     .job = record.job,
                                     .level = record.level,
                                     .cpu = record.cpu,
                                     .is_for_console = record.level >= ring->console_level};
    bytes_get(ring, position + sizeof record, ret_line->program, record.program_length);
    bytes_get(ring, position + sizeof record + record.program_length, ret_text, record.text_length);
    ret_text[record.text_length] = 0;
    found.ring = ring;
    found.number = record.number;
    found.position = position;
    return true;
}

uint64_t ring_first(const struct ring *ring)
{
    struct ring_record record;
    return record_get(ring, ring->tail, &record) ? record.number : ring->next;
}
