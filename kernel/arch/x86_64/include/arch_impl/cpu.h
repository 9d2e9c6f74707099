/* SPDX-License-Identifier: MIT */
/* The CPU layer's part of struct cpu, and what must be inline. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/compiler.h"
#include <arch_impl/layout.h>

struct cpu;
struct thread;
struct user_frame;

/* SDM Vol. 3A, 8.7 "Task management in 64-bit mode". */
struct PACKED tss {
    uint32_t reserved0;
    uint64_t rsp0; /* end of the current thread's struct user_frame */
    uint64_t rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
};

/* Interrupt stack table slots. */
#define IST_NMI           1
#define IST_DOUBLE_FAULT  2
#define IST_MACHINE_CHECK 3

struct arch_cpu {
    struct tss tss;
    uint64_t gdt[GDT_ENTRIES];

    /* This CPU only. */
    int64_t timer_deadline;               /* what upcall_timer is due at; INT64_MAX: nothing */
    struct redirect *redirect;            /* the current thread's, if it has one */
    const struct user_frame *panic_frame; /* of the exception that panics, for the print */

    /* Atomic: set by a CPU once it is ready, read by the one that started it. */
    uint32_t online;
};

/* The record never changes under a running function: the kernel is not preempted. */
static inline struct cpu *arch_cpu_self(void)
{
    struct cpu *cpu;
    __asm__("movq %%gs:0, %0" : "=r"(cpu)); /* offset checked in offsets.c */
    return cpu;
}

static inline struct thread *arch_current(void)
{
    struct thread *thread;
    __asm__ volatile("movq %%gs:8, %0" : "=r"(thread) : : "memory");
    return thread;
}

static inline void arch_cpu_relax(void)
{
    __asm__ volatile("pause");
}
