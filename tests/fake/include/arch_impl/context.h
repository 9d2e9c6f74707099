/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/cpu.h"

static inline void arch_thread_switch(struct cpu *cpu, struct thread *from, struct thread *to)
{
    (void)from;
    cpu->arch.fs_base = to->arch.fs_base;
    cpu->arch.gs_base = to->arch.gs_base;
}
