/* SPDX-License-Identifier: MIT */
/*
 * A thread's registers. struct user_frame (arch_impl/frame.h) is the full set as entry code saves
 * it into the thread record; struct arch_thread is what is switched beside it (FS and GS bases, FPU
 * state). Inline, from arch_impl/frame.h:
 *
 *   uint64_t frame_number(const struct user_frame *)                 system call number
 *   void frame_set_result(struct user_frame *, int64_t)              rax
 *   void frame_set_result2/3(struct user_frame *, uint64_t)          rdx, rdi
 *   void frame_restart(struct user_frame *)         the system call instruction runs again
 *   uint64_t frame_ip(const struct user_frame *)
 *   void frame_set_ip(struct user_frame *, uint64_t)
 *   void frame_jump(struct user_frame *, ip, sp)    flags as at the entry of a function
 *   void frame_registers_get/set(frame, struct thread_registers *)   all but the bases; sanitized
 *   bool frame_registers_ok(const struct thread_registers *)     what user mode may have
 *   void frame_init(struct user_frame *, ip, sp, argument)           all else zero, user mode
 *   ipc: see ipc.h in include/abi for the registers
 *   void frame_ipc_copy_words(struct user_frame *to, const struct user_frame *from)  8 words
 *   void frame_ipc_set_words(struct user_frame *, uint64_t, uint64_t)     the others are 0
 *   void frame_ipc_result(struct user_frame *, int64_t status, uint64_t rdi, uint64_t rsi_header,
 *                         uint64_t rdx, uint64_t r10)
 */
#pragma once

#include <quay/abi/types.h>
#include "lib/compiler.h"
#include "lib/types.h"
#include <arch_impl/frame.h>
/*
 * Inline, from arch_impl/context.h (included by sched/thread.h after struct thread):
 *   void arch_thread_switch(struct cpu *, struct thread *from, struct thread *to)
 *       registers outside the frame: FS/GS bases, FPU, and where the next entry saves its frame.
 *       Does not touch the address space.
 */

struct thread;
struct arch_thread;
struct redirect;

/* A new thread's registers outside the frame. */
void arch_thread_init(struct arch_thread *thread);

/* Frees what arch_thread_init and the first use of the FPU allocated. */
void arch_thread_fini(struct arch_thread *thread);

/* What upcall_fpu_alloc has to give. */
size_t arch_fpu_state_size(void);
#define ARCH_FPU_STATE_MAX 1024u

/* Gives a thread that has FPU state, and does not run, another; false if the CPU could not load it.
 */
MUST_USE bool arch_fpu_set(struct arch_thread *thread, const void *state);

/* Sets the current thread's FS (0) or GS (1) base; the value is a user address. */
void arch_thread_set_base(struct arch_thread *thread, unsigned which, uint64_t base);

/* What the current thread's guest does goes to its library from now on; NULL: nothing is
 * redirected. struct arch_thread has it as `redirect`, which others may read. */
void arch_thread_set_redirect(struct arch_thread *thread, struct redirect *redirect);

/* The bases of a thread that does not run; what is 0 or becomes 0 may cost it time all the same. */
void arch_thread_set_bases(struct arch_thread *thread, uint64_t fs_base, uint64_t gs_base);

/* One of the hardware breakpoints of a thread that does not run: BREAKPOINT_*, in user space, size
 * 1, 2, 4 or 8 and aligned to it. They are in force while the thread is current. */
void arch_thread_set_breakpoint(struct arch_thread *thread, unsigned index, uint64_t address,
                                uint32_t kind, uint32_t size_bytes);

/* Restores the current thread's frame and leaves the kernel, or idles if it is the idle thread.
 * Called at the end of every entry that may have switched threads; what lies on the CPU's stack is
 * abandoned. */
NORETURN void arch_resume(void);

#define ARCH_FRAME_LINES 5u
#define ARCH_TRACE_MAX   17u

/* Prints one of ARCH_FRAME_LINES lines of registers. */
void arch_frame_print(const struct user_frame *frame, unsigned line);

/* Reads a word of a stack, or says false. */
typedef bool arch_trace_read(const void *context, uint64_t address, uint64_t *ret_value);

/* A thread's instruction pointer and return addresses (by frame pointers), 1 to ARCH_TRACE_MAX: how
 * many. */
unsigned arch_frame_trace(const struct user_frame *frame, arch_trace_read *read,
                          const void *context, uint64_t *ret_trace);
