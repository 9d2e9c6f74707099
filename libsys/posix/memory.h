/* SPDX-License-Identifier: MIT */
/* The guest's part of the address space: mmap, brk, and what the loader of programs needs of it. */
#pragma once

#include <quay/syscall.h>
#include "ranges.h"

#define POSIX_STACK_TOP    0x00007e003fbff000ul
#define POSIX_STACK_MAX    (8ul << 20)          /* as far as it grows */
#define POSIX_MOVABLE_BASE 0x0000555555554000ul /* where static-PIE programs go */

/* Unmaps all that the guest has. */
void posix_memory_clear(void);

/* Where brk begins, after the program's segments. */
void posix_memory_set_heap(uint64_t start);

/* Maps the first thread's stack, with at least so many bytes. 0 or the negative of an error. */
QY_MUST_USE int64_t posix_memory_make_stack(uint64_t size);

/* Whether there is something at `address` now because the stack has grown down to it. What lies
 * above the stack pointer has to be there before a server is lent it. */
bool posix_memory_grow_stack(uint64_t address);

/* A page above the lowest address of the stack: for entry.S, which has it grown below. */
extern uint64_t posix_stack_limit;

/* On: each call of the guest comes to posix_serve, as if the stack had to grow. */
void posix_memory_watch(bool is_on);

/* Maps new zeroed memory, or `memory` from `offset` on, exactly there; what was there is gone.
 * protection: LINUX_PROT_*; flags: POSIX_RANGE_*. 0 or the negative of an error. */
QY_MUST_USE int64_t posix_memory_map(uint64_t address, uint64_t size, uint32_t protection,
                                     uint32_t flags, handle_t memory, uint64_t offset);

/* Room for `size` bytes, for an interpreter or where the guest did not ask: 0: none. */
uint64_t posix_memory_room(uint64_t size);

QY_MUST_USE int64_t posix_memory_protect(uint64_t address, uint64_t size, uint32_t protection);

/* A copy of the ranges from number `first` on, for /proc/self/maps: how many. */
size_t posix_memory_list(size_t first, struct posix_range *ret_ranges, size_t count);

/* Around a fork. */
void posix_memory_lock(void);
void posix_memory_unlock(void);
