/* SPDX-License-Identifier: MIT */
/*
 * Random choices for tests that compare a module with a simple model of it.
 *
 * Each run draws another seed and prints it; QUAY_TEST_SEED=number repeats a run.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

struct random {
    uint64_t state;
};

static inline void random_init(struct random *random)
{
    const char *chosen = getenv("QUAY_TEST_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    random->state = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (chosen != NULL) {
        random->state = strtoull(chosen, NULL, 0);
    }
    print_message("QUAY_TEST_SEED=%llu\n", (unsigned long long)random->state);
}

/* A linear congruential generator whose output is mixed; quality matters little here. */
static inline uint64_t random_u64(struct random *random)
{
    uint64_t value;

    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    value = random->state;
    value ^= value >> 32;
    value *= 0xd6e8feb86659fd93u;
    return value ^ (value >> 32);
}

/* A number in [0, limit). */
static inline size_t random_below(struct random *random, size_t limit)
{
    return (size_t)(random_u64(random) % limit);
}

/* True `percent` times out of 100. */
static inline bool random_chance(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}
