/* SPDX-License-Identifier: MIT */
/* Where entropy comes from: the CPU's generator, and the jitter of time. */
#pragma once

#include "generator.h"
#include "jitter.h"

/* Where the samples come from; tests have their own. */
struct entropy_source {
    uint64_t (*time)(void);
    bool (*cpu)(uint64_t *ret_number); /* RDRAND; NULL: the CPU has none */
};

struct entropy {
    const struct entropy_source *source;
    struct jitter jitter;
    uint32_t counted; /* samples of jitter that make the next bit */
    bool has_cpu;     /* the CPU's generator has passed its test */
};

/* This machine's. */
const struct entropy_source *entropy_machine_find(void);

/* Tests the CPU's generator: some that are broken give the same number again and again. */
void entropy_init(struct entropy *entropy, const struct entropy_source *source);

/* One step of some milliseconds at most: adds samples until the generator has enough, or the step
 * is over. */
void entropy_gather(struct entropy *entropy, struct generator *generator);
