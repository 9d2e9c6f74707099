/* SPDX-License-Identifier: MIT */
/*
 * The last lines, in memory that survives the server: every instruction leaves it sound.
 *
 *        tail                          head
 *   .... | record | record | ... | record | ....      positions count bytes, and never go back
 *
 * A record is written behind head, and counts when head is moved; before that, tail is moved over
 * what it overwrites. What follows from a death in between is less room, never a broken record.
 */
#pragma once

#include <idl/log.h>

#define RING_BYTES (60 * 1024u)

struct ring_record {
    uint64_t number;
    int64_t time_ns;
    uint64_t job;
    uint32_t cpu;
    uint16_t size; /* of the record, in bytes, with what stands behind: program, text */
    uint16_t text_length;
    uint8_t program_length;
    uint8_t level;
    uint8_t reserved[6];
};

struct ring {
    uint64_t head, tail;
    uint64_t next; /* number of the next record */
    uint64_t limited, lost_bytes;
    uint32_t console_level;
    uint32_t magic; /* it was begun */
    uint8_t bytes[RING_BYTES];
};

/* Empties it, if it was not begun, or what lies there cannot be. Numbers go on if they can. */
void ring_open(struct ring *ring);

/* Adds a line; number is the ring's. */
void ring_add(struct ring *ring, const struct qy_log_line *line, const char *text);

/* The line with this number, or the first kept after it: whether there is one. */
bool ring_find(const struct ring *ring, uint64_t number, struct qy_log_line *ret_line,
               char ret_text[QY_LOG_TEXT_MAX + 1]);

/* Number of the first line that is kept; ring->next if there is none. */
uint64_t ring_first(const struct ring *ring);
