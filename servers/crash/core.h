/* SPDX-License-Identifier: MIT */
/*
 * A core file as Linux writes it, which gdb opens: registers of all threads and FPU state as notes,
 * then memory. Pure, tested on the host.
 *
 *   ELF header | program headers | notes | contents of the segments, each on a page
 */
#pragma once

#include "backtrace.h"

#define CORE_THREADS_MAX  16
#define CORE_SEGMENTS_MAX 128
#define CORE_IMAGES_MAX   8
#define CORE_NAME_MAX     24
#define CORE_FPU_BYTES    512 /* as fxsave has it */

struct core_thread {
    uint64_t id;
    struct thread_registers registers;
    bool has_fpu;
    uint8_t fpu[CORE_FPU_BYTES];
};

/* Memory of the process; `file_bytes` of it, from its beginning, are in the file. */
struct core_segment {
    uint64_t address, size_bytes, file_bytes;
    uint32_t map_flags; /* MAP_READ and so on */
};

/* A program, for those who look for its symbols. */
struct core_image {
    uint64_t base, end;
    char name[CORE_NAME_MAX + 8];
};

struct core {
    char name[CORE_NAME_MAX];
    int32_t pid;
    uint32_t signal;
    uint32_t thread_count, segment_count, image_count;
    struct core_thread threads[CORE_THREADS_MAX]; /* the one that crashed is the first */
    struct core_segment segments[CORE_SEGMENTS_MAX];
    struct core_image images[CORE_IMAGES_MAX];
};

/* Shares out `size_bytes` of file among the segments, those with a thread's stack pointer first; a
 * segment then has what fits. What is not writable has its first page if an image begins there, and
 * the rest stands in the program. Returns how large the file becomes. */
uint64_t core_plan(struct core *core, uint64_t size_bytes);

/* Writes the file; memory that cannot be read is zeros. `file` is zeroed and as large as core_plan
 * has told. */
void core_write(const struct core *core, memory_read_fn *read, void *context, uint8_t *file);
