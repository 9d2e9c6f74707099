/* SPDX-License-Identifier: MIT */
/* Segments, task state and interrupt gates, and the registers of SYSCALL, on the CPU that calls. */
#pragma once

struct cpu;

/* Fills the one interrupt table that all CPUs use. */
void x86_idt_build(void);

/* Loads this CPU's tables and system call registers; `cpu` has its stacks already. */
void x86_descriptors_load(struct cpu *cpu);

/* GS: makes arch_cpu_self work. The very first thing a CPU does. */
void x86_cpu_self_set(struct cpu *cpu);
