/* SPDX-License-Identifier: MIT */
/* From the first instructions to kernel_main. */
#pragma once

#include <stdint.h>
#include "lib/compiler.h"

/* On the loader-time page tables and stack; `magic` is multiboot2's or 0, `information` physical.
 */
NORETURN void x86_start(uint32_t magic, uint32_t information);

/* entry.S: calls function(argument) on another stack, for good. */
NORETURN void x86_stack_enter(uint64_t stack_top, void (*function)(const void *),
                              const void *argument);
