/* SPDX-License-Identifier: MIT */
/*
 * How much one program may write: LIMIT_BURST lines at once, and LIMIT_PER_SECOND in the long run.
 * What is beyond is counted, and told with the next line that passes. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_PROGRAMS   64 /* that are watched; of more, the one silent longest is let go */
#define LIMIT_BURST      200
#define LIMIT_PER_SECOND 50

struct limit_program {
    char name[24];
    uint64_t job;
    int64_t time_ns; /* of its last line */
    uint32_t left;   /* lines it may write now */
    uint32_t held;   /* left out since the last that passed */
    bool is_used;
};

struct limit {
    struct limit_program programs[LIMIT_PROGRAMS];
};

/* Whether a line of this program passes; *ret_held: how many were left out before it. */
bool limit_pass(struct limit *limit, const char *name, uint64_t job, int64_t now,
                uint32_t *ret_held);
