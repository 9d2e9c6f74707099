/* SPDX-License-Identifier: MIT */
/* What a PVH loader (QEMU -kernel) left for us: struct hvm_start_info of Xen's x86/HVM direct boot
 * ABI, version 1. Physical memory is reached through a function, so that tests bring their own. */
#pragma once

#include <stddef.h>
#include "arch/boot_info.h"
#include "lib/compiler.h"

/* `size` readable bytes at a physical address, or NULL. */
typedef const void *physical_reader_fn(struct paddr address, uint64_t size);

/* Fills `info` (zeroed by the caller). NULL, or what is wrong. */
MUST_USE const char *pvh_parse(struct paddr start_info, physical_reader_fn *read,
                               struct boot_info *info);
