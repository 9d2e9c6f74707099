/* SPDX-License-Identifier: MIT */
/* What a multiboot2 loader left for us (Multiboot2 specification, 3.6). Hostile until checked:
 * every tag is bounded by the whole, every string by its tag. */
#pragma once

#include <stddef.h>
#include "arch/boot_info.h"
#include "lib/compiler.h"

#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* Fills `info` (zeroed by the caller) from the `size` bytes at `data`, whose physical address is
 * `address`. NULL, or what is wrong. */
MUST_USE const char *multiboot2_parse(const void *data, size_t size, struct paddr address,
                                      struct boot_info *info);

/* The total size that the first 8 bytes state. */
size_t multiboot2_size(const void *data);
