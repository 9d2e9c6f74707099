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

/* Only memory whose pages neither come from a pager nor can be cut off: touching it can fail for
 * want of memory at most. */
#define MAP_STABLE (1u << 11)

/* What a fork of the address space makes of the mapping. Memory that is not anonymous is shared in
 * place of being copied. */
#define MAP_FORK_COPY  (0u << 9) /* a copy-on-write clone of the memory */
#define MAP_FORK_SHARE (1u << 9) /* the same memory */
#define MAP_FORK_NONE  (2u << 9) /* nothing is mapped there */
#define MAP_FORK_ZERO  (3u << 9) /* new memory */
#define MAP_FORK_MODES (3u << 9)

/* memory_create flags. */
#define MEMORY_CONTIGUOUS (1u << 0) /* reserved: ENOTSUP until DMA objects exist */
#define MEMORY_RESIZABLE  (1u << 1) /* the handle has RESIZE */
#define MEMORY_LARGE      (1u << 2) /* pages of 2 MiB, where they fit; not with RESIZABLE */

/* User space: [USER_BASE, USER_LIMIT). */
#define USER_BASE  0x0000000000010000ul
#define USER_LIMIT 0x00007ffffffff000ul
