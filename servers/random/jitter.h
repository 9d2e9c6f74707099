/* SPDX-License-Identifier: MIT */
/*
 * Unpredictability of how long the same work takes: caches, interrupts, clocks that are not in
 * step. What a sample is worth is taken low (JITTER_SAMPLES_PER_BIT), and samples that could be
 * computed are worth nothing. The tests are those of SP 800-90B, 4.4, for one bit per sample:
 *
 *   stuck        the time, its change or the change of that is the same as before
 *   repetition   too many samples in a row are the same: the source has failed
 *   proportion   one value is too frequent in a window: the source has failed
 *
 * A source that failed gives nothing until it has passed a whole window. Pure, but for the source.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define JITTER_SAMPLES_PER_BIT 4
#define JITTER_REPETITIONS_MAX 31  /* 1 + 30 / H, for a false alarm in 2^30 and H = 1 */
#define JITTER_WINDOW          512 /* samples */
#define JITTER_PROPORTION_MAX  325

struct jitter {
    uint64_t last_time, last_delta, last_change;
    uint8_t last; /* sample */
    uint32_t repetitions;
    uint8_t window_value;
    uint32_t window_left, window_count;
    uint32_t passed_left; /* samples that a source which failed has to pass yet */
    uint64_t samples, refused;
};

/* All zero: the first window passes nothing, so a source that is stuck from the beginning gives
 * nothing. */
void jitter_init(struct jitter *jitter);

/* Judges a sample, the time `now` of a fast clock: whether it counts. */
bool jitter_take(struct jitter *jitter, uint64_t now);
