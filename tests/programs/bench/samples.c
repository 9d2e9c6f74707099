/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

uint64_t samples[SAMPLES_MAX];

uint64_t sample_overhead(void)
{
    static uint64_t least;
    if (least == 0) {
        least = UINT64_MAX;
        for (int i = 0; i < 16; i++) {
            uint64_t start = qy_tsc_read();
            uint64_t end = qy_tsc_read();
            if (end - start < least) {
                least = end - start;
            }
        }
    }
    return least;
}

/* Shell's sort: short, and quick enough for some thousand numbers. */
static void sort(uint64_t *numbers, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (uint32_t i = gap; i < count; i++) {
            uint64_t number = numbers[i];
            uint32_t at = i;
            for (; at >= gap && numbers[at - gap] > number; at -= gap) {
                numbers[at] = numbers[at - gap];
            }
            numbers[at] = number;
        }
    }
}

void samples_print(const char *name, uint32_t count, uint64_t operations)
{
    sort(samples, count);
    qy_printf("BENCH %s %lu %lu %u\n", name, samples[count / 2] / operations,
              samples[(uint64_t)count * 99 / 100] / operations, count);
}

void must(int64_t status, const char *what)
{
    if (status < 0) {
        qy_printf("bench: %s: %s\n", what, qy_error_text(status));
        for (;;) {
            (void)qy_thread_sleep(DEADLINE_NEVER); /* whoever measures gives up and shows this */
        }
    }
}
