/* SPDX-License-Identifier: MIT */
#include "entropy.h"
#include <quay/text.h>

#define STEP_SAMPLES   1024
#define WORK_BYTES     (32 * 1024) /* as much as a cache of the first level has */
#define CPU_NUMBERS    16          /* of 64 bits, worth CPU_BITS each */
#define CPU_BITS       16
#define CPU_TEST_COUNT 8

/* Some work whose time varies: touches a buffer here and there, as the last time says. */
static void work(uint64_t seed)
{
    static volatile uint8_t buffer[WORK_BYTES];
    uint64_t place = seed;
    for (int i = 0; i < 32; i++) {
        place = place * 6364136223846793005u + 1442695040888963407u;
        buffer[(place >> 33) % WORK_BYTES]++;
    }
}

void entropy_init(struct entropy *entropy, const struct entropy_source *source)
{
    uint64_t numbers[CPU_TEST_COUNT];
    *entropy = (struct entropy){.source = source, .has_cpu = source->cpu != NULL};
    jitter_init(&entropy->jitter);
    for (int i = 0; entropy->has_cpu && i < CPU_TEST_COUNT; i++) {
        entropy->has_cpu = source->cpu(&numbers[i]);
        for (int j = 0; j < i; j++) {
            entropy->has_cpu = entropy->has_cpu && numbers[i] != numbers[j];
        }
    }
}

static void cpu_gather(struct entropy *entropy, struct generator *generator)
{
    uint64_t number;
    for (int i = 0; entropy->has_cpu && i < CPU_NUMBERS; i++) {
        if (entropy->source->cpu(&number)) {
            generator_add(generator, &number, sizeof number, CPU_BITS);
        }
    }
}

/* Of all samples, also where the CPU has a generator: nobody has to believe in it alone. */
void entropy_gather(struct entropy *entropy, struct generator *generator)
{
    uint64_t now = entropy->source->time();
    for (int i = 0; i < STEP_SAMPLES; i++) {
        work(now);
        now = entropy->source->time();
        bool counts = jitter_take(&entropy->jitter, now);
        entropy->counted += counts;
        uint32_t bits = entropy->counted / JITTER_SAMPLES_PER_BIT;
        entropy->counted %= JITTER_SAMPLES_PER_BIT;
        generator_add(generator, &now, sizeof now, bits);
    }
    cpu_gather(entropy, generator);
}
