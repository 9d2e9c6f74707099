/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what lies between the keys of a terminal and the program that reads it, as
 * POSIX has it (IEEE 1003.1, chapter 11) and Linux does it.
 *
 *   keys --> discipline_receive --> [ lines that may be read | the line being edited ] --> _read
 *                  | echo           tail                      line                 head
 *                  v
 *   screen <-- send <-- discipline_write (output processing) <-- program
 *
 * In canonical mode `line` separates what may be read from what can still be erased; in raw mode
 * everything may be read. It makes no system calls, knows no time, and holds no pointers, so that
 * it can lie in memory that survives the server: after every instruction it is sound.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <idl/tty.h>

#define DISCIPLINE_INPUT 4096u /* bytes; a power of two */

/* Signals by their numbers of Linux. */
#define DISCIPLINE_SIGHUP   1
#define DISCIPLINE_SIGINT   2
#define DISCIPLINE_SIGQUIT  3
#define DISCIPLINE_SIGCONT  18
#define DISCIPLINE_SIGTSTP  20
#define DISCIPLINE_SIGTTIN  21
#define DISCIPLINE_SIGTTOU  22
#define DISCIPLINE_SIGWINCH 28

/* What it does to the outside. */
struct discipline_outside {
    /* Bytes for the screen. */
    void (*send)(void *context, const uint8_t *bytes, size_t count);
    /* Throws away what was sent and not shown. */
    void (*output_discard)(void *context);
    /* For the foreground group. */
    void (*signal)(void *context, int signal);
    void *context;
};

struct discipline {
    struct qy_tty_attributes attributes;

    /* Positions run freely; tail <= line <= head, head - tail <= DISCIPLINE_INPUT. */
    uint32_t tail, line, head;
    uint8_t input[DISCIPLINE_INPUT];
    uint8_t ends[DISCIPLINE_INPUT / 8]; /* bit: this byte ends a line */
    uint8_t eofs[DISCIPLINE_INPUT / 8]; /* bit: it does and is not part of it (EOF) */

    uint32_t column;      /* of the cursor, as far as output processing knows */
    uint32_t line_column; /* where the line being edited began */
    bool is_literal;      /* the next character is not special (LNEXT) */
    bool is_stopped;      /* output, by STOP */
    uint32_t lost;        /* bytes for which there was no room */
};

/* As a terminal is opened first: Linux's settings. */
void discipline_init(struct discipline *discipline);

/* New settings; what was typed stays. Without IXON output is not stopped any more. */
void discipline_set(struct discipline *discipline, const struct qy_tty_attributes *attributes);

static inline bool discipline_is_canonical(const struct discipline *discipline)
{
    return (discipline->attributes.local & QY_TTY_LOCAL_MODES_ICANON) != 0;
}

/* --- input --------------------------------------------------------------------------------- */

/* A byte from the keys. */
void discipline_receive(struct discipline *discipline, const struct discipline_outside *outside,
                        uint8_t byte);

/* How many bytes it can take for certain (for a writer that can wait). A line that nobody has ended
 * and that is full loses what follows, so that it can be ended. */
uint32_t discipline_room(const struct discipline *discipline);

/* How many bytes a read would give at most. */
uint32_t discipline_available(const struct discipline *discipline);

/* Whether a read would return at once: a line, or the end of file, or `min` bytes in raw mode. */
bool discipline_is_readable(const struct discipline *discipline, uint32_t min);

/* Takes up to `max` bytes, of one line in canonical mode; 0 for an end of file, or when there is
 * nothing. */
uint32_t discipline_read(struct discipline *discipline, uint8_t *to, uint32_t max);

/* When a raw read of `max` bytes that began at `started` and waits is due: true now, else *ret_due
 * is when (DEADLINE_NEVER: when more bytes come). The rules of MIN and TIME. */
bool discipline_is_due(const struct discipline *discipline, uint32_t max, int64_t started,
                       int64_t last_input, int64_t now, int64_t *ret_due);

void discipline_flush_input(struct discipline *discipline);

/* --- output -------------------------------------------------------------------------------- */

/* Output processing: writes what the byte becomes to `to`, which has room for DISCIPLINE_EXPANSION
 * bytes, and returns how many. */
#define DISCIPLINE_EXPANSION 8
uint32_t discipline_output(struct discipline *discipline, uint8_t byte, uint8_t *to);
