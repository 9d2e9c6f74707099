/* SPDX-License-Identifier: MIT */
/*
 * The stacks of one CPU, in its slot of the CPU area; pages between them are never mapped:
 *
 *   0 guard | 1-4 kernel | 5 guard | 6-7 NMI | 8-9 double fault ... | guard
 *
 * An interrupt stack is two pages, aligned to its size, the upper one mapped; the lower one is its
 * guard. Its last 16 bytes hold the address of the CPU's record.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch_impl/layout.h>

#define X86_KERNEL_STACK_PAGE 1
#define X86_KERNEL_STACK_SIZE 0x4000
#define X86_IST_STACK_SIZE    0x2000
#define X86_IST_FIRST_PAGE    6
#define X86_IST_COUNT         3

#define X86_KERNEL_STACK_TOP(cpu_id)                                                               \
    (CPU_AREA_BASE + (uint64_t)(cpu_id)*CPU_AREA_SLOT + 0x1000ul * X86_KERNEL_STACK_PAGE +         \
     X86_KERNEL_STACK_SIZE)
#define X86_IST_STACK_TOP(cpu_id, ist)                                                             \
    (CPU_AREA_BASE + (uint64_t)(cpu_id)*CPU_AREA_SLOT + 0x1000ul * X86_IST_FIRST_PAGE +            \
     (uint64_t)(ist)*X86_IST_STACK_SIZE)

/* Whether an address in the CPU area lies in a stack, and not in a guard or where nothing is. */
static inline bool x86_is_stack_page(uint64_t address)
{
    const uint64_t page = address % CPU_AREA_SLOT / 0x1000;

    if (page < X86_IST_FIRST_PAGE) {
        return page >= X86_KERNEL_STACK_PAGE &&
               page < X86_KERNEL_STACK_PAGE + X86_KERNEL_STACK_SIZE / 0x1000;
    }
    return page < X86_IST_FIRST_PAGE + 2 * X86_IST_COUNT && page % 2 != 0;
}
