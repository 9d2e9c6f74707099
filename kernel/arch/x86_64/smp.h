/* SPDX-License-Identifier: MIT */
/* The CPUs: their records and stacks, and how they start. */
#pragma once

#include "arch/boot_info.h"
#include "arch/x86_64/acpi.h"
#include "core/cpu.h"

/* Gives a CPU that has a record and an id its stacks, from boot memory. */
void x86_cpu_stacks_make(struct cpu *cpu);

/* Everything that a CPU does for itself, with its stacks and the final page tables in place. */
void x86_cpu_setup(struct cpu *cpu);

/* Makes ready what arch_cpus_start needs: records and stacks of the other CPUs in the MADT, and
 * the page below 1 MiB where they wake up, which leaves the memory map. */
void x86_smp_prepare(const struct madt *madt, struct boot_info *info);
