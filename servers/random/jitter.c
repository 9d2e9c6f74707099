/* SPDX-License-Identifier: MIT */
#include "jitter.h"

void jitter_init(struct jitter *jitter)
{
    *jitter = (struct jitter){.passed_left = JITTER_WINDOW};
}

static bool is_stuck(struct jitter *jitter, uint64_t now)
{
    uint64_t delta = now - jitter->last_time;
    uint64_t change = delta - jitter->last_delta;
    uint64_t change_of_change = change - jitter->last_change;
    jitter->last_time = now;
    jitter->last_delta = delta;
    jitter->last_change = change;
    return delta == 0 || change == 0 || change_of_change == 0;
}

static bool repetition_passes(struct jitter *jitter, uint8_t sample)
{
    jitter->repetitions = sample == jitter->last ? jitter->repetitions + 1 : 1;
    jitter->last = sample;
    return jitter->repetitions < JITTER_REPETITIONS_MAX;
}

static bool proportion_passes(struct jitter *jitter, uint8_t sample)
{
    if (jitter->window_left == 0) {
        jitter->window_left = JITTER_WINDOW;
        jitter->window_count = 0;
        jitter->window_value = sample;
    }
    jitter->window_left--;
    jitter->window_count += sample == jitter->window_value;
    return jitter->window_count < JITTER_PROPORTION_MAX;
}

bool jitter_take(struct jitter *jitter, uint64_t now)
{
    bool stuck = is_stuck(jitter, now);
    uint8_t sample = (uint8_t)jitter->last_delta;
    bool passes = repetition_passes(jitter, sample);
    passes = proportion_passes(jitter, sample) && passes;
    jitter->samples++;
    if (!passes) {
        jitter->passed_left = JITTER_WINDOW;
    }
    if (!passes || stuck) {
        jitter->refused++;
        return false;
    }
    if (jitter->passed_left > 0) {
        jitter->passed_left--;
        return false;
    }
    return true;
}
