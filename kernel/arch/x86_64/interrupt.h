/* SPDX-License-Identifier: MIT */
/* What the entries in entry.S call, with interrupts off on the CPU's kernel stack. */
#pragma once

#include <stdbool.h>
#include "lib/compiler.h"

struct user_frame;

/* From user mode; the frame is the current thread's. arch_resume follows. */
void x86_interrupt_user(struct user_frame *frame);

/* From the kernel itself; the frame lies on the stack. True: go on there; false: arch_resume. */
bool x86_interrupt_kernel(struct user_frame *frame);

void x86_nmi(struct user_frame *frame);

/* Of the kernel itself: panics. */
NORETURN void x86_fatal_exception(const struct user_frame *frame);

/* The current thread's frame holds a rip outside user space. */
void x86_resume_refuse(void);
