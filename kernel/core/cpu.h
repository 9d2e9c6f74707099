/* SPDX-License-Identifier: MIT */
/*
 * One record per CPU, reached by one instruction (arch_cpu_self). It holds what entry code and
 * every layer need at once; a layer's own per-CPU data stands in that layer, indexed by cpu->id.
 *
 * The kernel runs with interrupts off and never blocks, so a CPU's record needs no lock for what
 * only that CPU writes.
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/compiler.h"
#include <arch_impl/cpu.h> /* struct arch_cpu, arch_cpu_self, arch_current */

#define MAX_CPUS 16

struct thread;

struct cpu {
    /* First: entry code finds these by offset. */
    struct cpu *self;
    struct thread *current; /* never NULL once the scheduler runs: idle is a thread too */
    uint64_t kernel_stack_top;
    uint64_t entry_scratch;

    /* Highest priority ready here beside the current thread, -1: none. Kept by the run queue. */
    int32_t ready_top;

    /* Fixed once the CPU runs. */
    uint32_t id;
    uint32_t hardware_id; /* local APIC id */
    uint64_t bit;         /* 1 << id */
    uint64_t fast_bit;    /* the same; 0 closes the fast path of IPC */
    uint16_t on_cpu_tag;  /* thread.on_cpu_and_cpu of a thread that runs here */

    /* This CPU only. */
    uint64_t interrupt_count;
    uint32_t locks_held; /* debug builds: how many, and their ranks */
    uint8_t lock_ranks[12];
    uint64_t lock_waits; /* debug builds: how often a lock was not free */

    struct arch_cpu arch;
} CACHE_ALIGNED;

/* The record of any CPU that is up; NULL for others. */
struct cpu *cpu_get(uint32_t id);

/* Makes a record known under its id; once per CPU, before it enters the scheduler. */
void cpu_register(struct cpu *cpu);

/* Number of CPUs registered; their ids are 0 to count - 1. */
uint32_t cpu_count(void);

static inline struct cpu *cpu_self(void)
{
    return arch_cpu_self();
}

static inline uint32_t cpu_id(void)
{
    return arch_cpu_self()->id;
}
