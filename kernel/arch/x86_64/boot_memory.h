/* SPDX-License-Identifier: MIT */
/*
 * Memory before kernel_main: pages from the start of the largest range of RAM between the kernel
 * image and 4 GiB, handed out upwards and never taken back. Afterwards they are no longer in the
 * memory map.
 */
#pragma once

#include <stddef.h>
#include "arch/boot_info.h"
#include "lib/types.h"

/* Chooses the range. False if there is none. */
bool boot_memory_init(const struct boot_info *info);

/* Zeroed pages in a row; panics when there are no more. */
struct paddr boot_memory_pages(size_t page_count);

/* Ends it, and makes what was used reserved. */
void boot_memory_finish(struct boot_info *info);
