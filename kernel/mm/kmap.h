/* SPDX-License-Identifier: MIT */
/*
 * The dynamic area of the kernel's address space: what cannot stay in the direct map.
 *
 *     ARCH_KMAP_START                                                ARCH_KMAP_END
 *     | guard | stack of CPU 0 | guard | device | guard | stack of CPU 1 | guard | ...
 *
 * Each mapping is followed by a page that is never mapped, and the area begins with one, so that a
 * stack that overflows faults instead of growing into its neighbor. Mappings are made at boot and
 * never undone: addresses are handed out upwards and not taken back.
 */
#pragma once

#include <stddef.h>

#include "lib/compiler.h"
#include "lib/types.h"

/* Largest stack. */
#define KMAP_STACK_SIZE_MAX (16 * PAGE_SIZE)

/*
 * A stack of `size_bytes` (whole pages, at most KMAP_STACK_SIZE_MAX) of its own zeroed frames,
 * readable and writable. *ret_top is the address behind its last byte. 0 or -ENOMEM.
 */
MUST_USE int kmap_stack(size_t size_bytes, void **ret_top);

/*
 * Maps the registers of a device, uncached, readable and writable. `start` need not be aligned;
 * *ret_address points to what is at `start`. 0 or -ENOMEM, -EINVAL for an empty or wrapping range.
 */
MUST_USE int kmap_device(struct paddr start, size_t size_bytes, void **ret_address);
