/* SPDX-License-Identifier: MIT */
/*
 * What is mapped behind the ranges of memory.c, under its lock. Room without access (what a stack
 * is made in) is an empty range: nothing is mapped there before its protection changes.
 */
#pragma once

#include <quay/syscall.h>
#include "ranges.h"

/* MAP_* of LINUX_PROT_*. */
uint32_t posix_place_flags(uint32_t protection);

/* Maps new memory, or `memory` from `offset` on, where nothing is: the address, or an error of the
 * kernel. */
QY_MUST_USE int64_t posix_place(uint64_t address, uint64_t size, uint32_t protection,
                                uint32_t flags, handle_t memory, uint64_t offset);

/* Before the protection of [address, end) changes, which is covered: gives memory to what is empty
 * there. True: that was all, and *ret_status says how it went. The table has room for two more. */
bool posix_place_protect(struct posix_ranges *ranges, uint64_t address, uint64_t end,
                         uint32_t protection, int64_t *ret_status);
