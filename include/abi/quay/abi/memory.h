/* SPDX-License-Identifier: MIT */
/*
 * Mapping permissions and flags. A mapping is never writable and executable at once (EACCES).
 */
#pragma once

#include <quay/abi/types.h>

#define MAP_READ  (1u << 0)
#define MAP_WRITE (1u << 1)
#define MAP_EXEC  (1u << 2)
#define MAP_FIXED (1u << 8) /* exactly at the address given, which must be free; else a hint */

/* memory_create flags. */
#define MEMORY_CONTIGUOUS (1u << 0) /* reserved: ENOTSUP until DMA objects exist */
#define MEMORY_RESIZABLE  (1u << 1) /* the handle has RESIZE */

/* User space: [USER_BASE, USER_LIMIT). */
#define USER_BASE  0x0000000000010000ul
#define USER_LIMIT 0x00007ffffffff000ul
