/* SPDX-License-Identifier: MIT */
/* The last operations, kept in a ring and printed when a run fails. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sim.h"

#define LINES     80
#define LINE_SIZE 160

static struct {
    char lines[LINES][LINE_SIZE];
    uint64_t count;
} ring;

void log_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ring.lines[ring.count++ % LINES], LINE_SIZE, format, arguments);
    va_end(arguments);
}

/* Formatting costs more than the call itself: only the facts are kept. */
static struct record {
    bool is_end;
    uint64_t id, number, argument[4];
    int64_t result;
    time_ns_t time;
} records[LINES];
static uint64_t record_count;

static struct record *record_new(const struct sim_thread *thread)
{
    struct record *record = &records[record_count++ % LINES];

    record->id = thread->fake->id;
    record->number = thread->number;
    record->time = fake_now();
    return record;
}

void log_begin_call(const struct sim_thread *thread)
{
    struct record *record = record_new(thread);

    record->is_end = false;
    memcpy(record->argument, thread->argument, sizeof(record->argument));
}

void log_end_call(const struct sim_thread *thread, int64_t result)
{
    struct record *record = record_new(thread);

    record->is_end = true;
    record->result = result;
}

void log_dump(void)
{
    uint64_t first = record_count > LINES ? record_count - LINES : 0;

    fprintf(stderr, "--- last operations\n");
    for (uint64_t i = first; i < record_count; i++) {
        const struct record *r = &records[i % LINES];

        if (r->is_end) {
            fprintf(stderr, "%10ld t%lu   %s -> %ld (%s)\n", (long)r->time, (unsigned long)r->id,
                    table_call_name(r->number), (long)r->result,
                    r->result < 0 ? table_error_name(r->result) : "ok");
        } else {
            fprintf(stderr, "%10ld t%lu %s(%lx, %lx, %lx, %lx)\n", (long)r->time,
                    (unsigned long)r->id, table_call_name(r->number), (unsigned long)r->argument[0],
                    (unsigned long)r->argument[1], (unsigned long)r->argument[2],
                    (unsigned long)r->argument[3]);
        }
    }
    first = ring.count > LINES ? ring.count - LINES : 0;
    for (uint64_t i = first; i < ring.count; i++) {
        fprintf(stderr, "note: %s\n", ring.lines[i % LINES]);
    }
}
