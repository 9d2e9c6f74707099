/* SPDX-License-Identifier: MIT */
/* All that a program may have in its general registers. */
#pragma once

#include <quay/abi/types.h>

struct thread_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t rip, rflags, rsp;
    uint64_t fs_base, gs_base;
};

_Static_assert(sizeof(struct thread_registers) == 160, "thread_registers layout");
