/* SPDX-License-Identifier: MIT */
/* The switch of what lies outside the frame. Included after struct thread is known. */
#pragma once

#include "core/cpu.h"
#include <arch_impl/frame.h>
#include <arch_impl/thread.h>

/* The frame is the first thing in a thread's record. */
static ALWAYS_INLINE void arch_thread_switch(struct cpu *cpu, struct thread *from,
                                             struct thread *to)
{
    cpu->arch.tss.rsp0 = (uint64_t)(&to->frame + 1);
    if (UNLIKELY((from->arch.extra | to->arch.extra) != 0)) {
        arch_thread_switch_extra(&from->arch, &to->arch);
    }
}
