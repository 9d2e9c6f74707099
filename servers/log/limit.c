/* SPDX-License-Identifier: MIT */
#include "limit.h"
#include <quay/text.h>

#define SECOND_NS 1000000000

static struct limit_program *program_find(struct limit *limit, const char *name, uint64_t job,
                                          int64_t now)
{
    struct limit_program *oldest = &limit->programs[0];
    for (uint32_t i = 0; i < LIMIT_PROGRAMS; i++) {
        struct limit_program *program = &limit->programs[i];
        if (program->is_used && program->job == job && qy_streq(program->name, name)) {
            return program;
        }
        oldest = program->time_ns < oldest->time_ns ? program : oldest;
    }
    *oldest =
        (struct limit_program){.is_used = true, .job = job, .time_ns = now, .left = LIMIT_BURST};
    (void)qy_strlcpy(oldest->name, name, sizeof oldest->name); /* cut is good enough */
    return oldest;
}

/* What it has earned since. */
static void refill(struct limit_program *program, int64_t now)
{
    int64_t passed = now - program->time_ns;
    if (passed >= SECOND_NS / LIMIT_PER_SECOND) {
        int64_t earned = passed / (SECOND_NS / LIMIT_PER_SECOND);
        int64_t room = LIMIT_BURST - (int64_t)program->left;
        program->left += (uint32_t)(earned < room ? earned : room);
        program->time_ns = now;
    }
}

bool limit_pass(struct limit *limit, const char *name, uint64_t job, int64_t now,
                uint32_t *ret_held)
{
    struct limit_program *program = program_find(limit, name, job, now);
    refill(program, now);
    if (program->left == 0) {
        program->held++;
        return false;
    }
    program->left--;
    *ret_held = program->held;
    program->held = 0;
    return true;
}
