/* SPDX-License-Identifier: MIT */
/*
 * The fake CPU's part of struct cpu. Which simulated CPU "this CPU" is changes whenever the
 * simulator switches fibers (fake.h), and never in between.
 */
#pragma once

#include <stdint.h>

struct cpu;
struct thread;

struct arch_cpu {
    uint64_t fs_base, gs_base; /* of the current thread, as arch_thread_switch loaded them */
};

/* The CPU whose fiber runs; the boot CPU outside all fibers. */
extern struct cpu *fake_cpu_record;

static inline struct cpu *arch_cpu_self(void)
{
    return fake_cpu_record;
}

struct thread *arch_current(void);

/* In a spin loop: lets another simulated CPU go on. */
void arch_cpu_relax(void);
