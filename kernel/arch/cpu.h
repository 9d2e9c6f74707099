/* SPDX-License-Identifier: MIT */
/*
 * What the kernel asks of a CPU beside memory and time. Inline parts come from arch_impl/cpu.h:
 *
 *   struct arch_cpu                            per-CPU data of the CPU layer, inside struct cpu
 *   struct cpu *arch_cpu_self(void)            this CPU's record
 *   struct thread *arch_current(void)          cpu_self()->current in one load
 *   void arch_cpu_relax(void)                  in a spin loop
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/compiler.h"
#include <arch_impl/cpu.h>

enum arch_ipi {
    ARCH_IPI_RESCHEDULE, /* look at the run queue: upcall_reschedule */
    ARCH_IPI_SYNC,       /* a sync round: upcall_sync */
    ARCH_IPI_STOP,       /* panic on another CPU: halt for good */
};

/* Starts all other CPUs, one after the other; each registers and goes to kernel_cpu_main. Called
 * once, when the scheduler is ready for them. Returns the number of CPUs that run now. */
uint32_t arch_cpus_start(void);

/* For test=wx: checks page tables and guard pages, now and at every interrupt to come. Panics if
 * something is wrong. */
void arch_selftest(void);

/* Interrupts the given CPUs (bits by id; may include this one). Does not wait. An IPI sent to a CPU
 * that is in the kernel is taken when it leaves it. */
void arch_ipi_send(uint64_t cpu_mask, enum arch_ipi kind);

/* Waits for an interrupt with interrupts on. Only for the idle thread, with nothing held. Does not
 * return: the interrupt is an entry like any other, after which arch_resume decides what runs. */
NORETURN void arch_idle_wait(void);

/* Stops this CPU for good. */
NORETURN void arch_halt(void);

/* Resets the machine; the last resort of reboot. */
NORETURN void arch_reset(void);

/* I/O ports: width 1, 2 or 4 bytes. */
uint32_t arch_port_read(uint16_t port, unsigned width_bytes);
void arch_port_write(uint16_t port, unsigned width_bytes, uint32_t value);

/* Interrupt lines by ISA number (0-15, with the firmware's overrides applied) or global system
 * interrupt. A line is set up masked, level or edge as the firmware says, to this CPU. */
int arch_irq_setup(uint32_t line);
void arch_irq_mask(uint32_t line);
void arch_irq_unmask(uint32_t line);
uint32_t arch_irq_count(void); /* lines are 0 to count - 1 */
