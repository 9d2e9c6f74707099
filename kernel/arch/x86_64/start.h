/* SPDX-License-Identifier: MIT */
/* From the first instructions to kernel_main. */
#pragma once

#include <stdint.h>
#include "lib/compiler.h"

/* On the loader-time page tables and stack; `magic` is multiboot2's or 0, `information` physical.
 */
NORETURN void x86_start(uint32_t magic, uint32_t information);

/* boot.S: kernel_main, on another stack. */
struct boot_info;
NORETURN void x86_kernel_enter(const struct boot_info *info, uint64_t stack_top);
