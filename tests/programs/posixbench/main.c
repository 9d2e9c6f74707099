/* SPDX-License-Identifier: MIT */
/*
 * What POSIX programs pay, in instructions: the same binary runs as a program of Quay and as the
 * first process of Linux (tools/bench --linux). Under -icount the time-stamp counter advances by
 * one per guest instruction. Prints `BENCH name median p99 count` per row, `BENCH skip name why`
 * for one that could not be measured, and `BENCH end`.
 */
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLES_MAX 1000u

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static const struct row *const groups[] = {rows_file, rows_process, rows_memory};

/* As arguments, in place of a row's name: the images in which Quay measures them. */
static const char *const group_names[] = {"files-bench", "proc-bench", "memory-bench"};

/* Whether every sample could be taken. */
static bool row_run(const struct row *row, uint64_t *samples)
{
    const unsigned warm_up = 3;
    errno = 0;
    if (row->begin != NULL && !row->begin()) {
        return false;
    }
    bool is_good = true;
    for (unsigned i = 0; is_good && i < row->samples + warm_up; i++) {
        uint64_t start = tsc_read();
        is_good = row->run();
        uint64_t end = tsc_read();
        if (i >= warm_up) {
            samples[i - warm_up] = (end - start) / row->per_sample;
        }
    }
    int error = errno;
    if (row->end != NULL) {
        row->end();
    }
    errno = error;
    return is_good;
}

static void row_print(const struct row *row)
{
    static uint64_t samples[SAMPLES_MAX];
    if (!row_run(row, samples)) {
        printf("BENCH skip %s %s\n", row->name, strerror(errno));
        return;
    }
    qsort(samples, row->samples, sizeof samples[0], compare);
    printf("BENCH %s %llu %llu %u\n", row->name, (unsigned long long)samples[row->samples / 2],
           (unsigned long long)samples[row->samples * 99 / 100], row->samples);
}

/* As the first process of Linux there is nothing yet; elsewhere these fail, and are not needed. */
static void world_make(void)
{
    (void)mkdir("/tmp", 0777);
    (void)mkdir("/proc", 0777);
    (void)mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    (void)mount("proc", "/proc", "proc", 0, NULL);
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && strcmp(arguments[1], "exit") == 0) {
        return 0; /* what spawn_wait starts */
    }
    const uint64_t begun = tsc_read();
    const bool is_first = getpid() == 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (is_first) {
        world_make();
    }
    if (argument_count == 1) { /* what it took from the reset, if nothing came before */
        printf("BENCH boot %llu %llu 1\n", (unsigned long long)begun, (unsigned long long)begun);
    }
    for (size_t group = 0; group < sizeof groups / sizeof groups[0]; group++) {
        for (const struct row *row = groups[group]; row->name != NULL; row++) {
            const char *wanted = argument_count > 1 ? arguments[1] : row->name;
            if (strcmp(wanted, row->name) == 0 || strcmp(wanted, group_names[group]) == 0) {
                row_print(row);
            }
        }
    }
    printf("BENCH end\n");
    if (is_first) {
        (void)reboot(RB_POWER_OFF);
    }
    return 0;
}
