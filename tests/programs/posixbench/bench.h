/* SPDX-License-Identifier: MIT */
/* The rows of posixbench. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct row {
    const char *name;    /* NULL: the end of the table */
    bool (*begin)(void); /* may be NULL */
    bool (*run)(void);   /* one sample; false: errno says why */
    void (*end)(void);   /* may be NULL */
    unsigned samples;
    unsigned per_sample; /* how many operations one run makes */
};

extern const struct row rows_file[], rows_process[], rows_memory[];

/* A row of rows_file that is about processes. */
bool spawn_wait_run(void);

static inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}
