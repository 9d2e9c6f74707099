/* SPDX-License-Identifier: MIT */
/* The layer's own memory: above GUEST_LIMIT, so that no program's mappings are in its way. */
#pragma once

#include <quay/memory.h>

/* Of an array: apart from small variables (posix.ld). */
#define POSIX_LARGE __attribute__((section(".bss.large")))

/* What lies between them and all else, because its first part is used by every process. */
#define POSIX_HEAD __attribute__((section(".bss.head.1")))
#define POSIX_TAIL __attribute__((section(".bss.head.2")))

/* Copies, also from and to memory that may fault: 0 or -EFAULT. */
QY_MUST_USE int64_t posix_pages_copy(void *to, const void *from, size_t size);
