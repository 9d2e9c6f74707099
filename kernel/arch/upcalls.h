/* SPDX-License-Identifier: MIT */
/*
 * What the CPU layer calls back. Each is an entry into the kernel with interrupts off, on the CPU's
 * kernel stack, with nothing held; if the thread that was interrupted is a user thread its frame
 * is complete in its record. Each returns, and the CPU layer then calls arch_resume: what runs next
 * is cpu_self()->current, whichever that is by then.
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/compiler.h"
#include "lib/types.h"

struct arch_thread;
struct boot_info;
struct thread;

#define FAULT_READ    (1u << 0)
#define FAULT_WRITE   (1u << 1)
#define FAULT_EXEC    (1u << 2)
#define FAULT_PRESENT (1u << 3) /* a permission was violated; else nothing was mapped */

/* The first CPU, after arch set-up: direct map, boot_info, console, interrupts, time. */
NORETURN void kernel_main(const struct boot_info *info);

/* Another CPU, ready in every way; it enters the scheduler. */
NORETURN void kernel_cpu_main(void);

/* The idle thread is current and arch_resume was called: looks for work, else arch_idle_wait. */
NORETURN void upcall_idle(void);

/*
 * System calls. The entry code saves the whole frame into the current thread's record, looks the
 * number up in syscall_index (SYSCALL_NUMBER_MAX + 1 entries, for the numbers are sparse) and calls
 * the door with that index, number 0 for those that are no call, with the six arguments. What it
 * returns goes to rax and the thread continues, with all other registers as in its frame;
 * SYSCALL_RESUME means that everything is already in the frame of whichever thread is current now:
 * arch_resume.
 */
#define SYSCALL_RESUME ((int64_t)INT32_MIN)

typedef int64_t syscall_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern const uint8_t syscall_index[];
extern syscall_fn *const syscall_doors[];

/* The current user thread touched an address it may not, or that is not there yet. */
void upcall_page_fault(uint64_t address, unsigned access);

/* Any other exception of user code: CPU's vector and error code. */
void upcall_exception(unsigned vector, uint64_t error_code);

void upcall_timer(void);
void upcall_irq(uint32_t line); /* masked already */
void upcall_reschedule(void);
void upcall_sync(void);

/* Frames for page tables: one zeroed frame that belongs to the CPU layer until it is freed; false
 * if there is no memory. Called under the lock of an address space or none. */
MUST_USE bool upcall_table_alloc(struct paddr *ret_frame);
void upcall_table_free(struct paddr frame);

/* Memory for the current thread's FPU state: arch_fpu_state_size() bytes, aligned to 64 and zeroed,
 * charged to its job; NULL if there is none. Free gives a thread's fpu_state back. */
MUST_USE void *upcall_fpu_alloc(void);
void upcall_fpu_free(struct arch_thread *thread);

/* The part of a thread's record that is ours. */
struct arch_thread *upcall_arch_thread(struct thread *thread);
