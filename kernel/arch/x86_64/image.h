/* SPDX-License-Identifier: MIT */
/* Edges of the kernel image, from kernel.ld. */
#pragma once

#include <stdint.h>
#include "lib/types.h"
#include <arch_impl/layout.h>

extern char image_start[], text_start[], text_end[], rodata_start[], rodata_end[];
extern char data_start[], data_end[], image_end[];
extern char boot_end[]; /* [image_end, boot_end) is only used until kernel_main */

static inline struct paddr image_physical(const void *symbol)
{
    return paddr_of((uint64_t)symbol - IMAGE_BASE);
}
