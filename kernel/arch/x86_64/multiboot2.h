/* SPDX-License-Identifier: MIT */
/* What a multiboot2 loader left for us (Multiboot2 specification, 3.6). Hostile until checked:
 * every tag is bounded by the whole, every string by its tag. */
#pragma once

#include "arch/boot_info.h"
#include "arch/x86_64/pvh.h" /* physical_reader_fn */
#include "lib/compiler.h"

#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* Fills `info` (zeroed by the caller) from what lies at `address`. NULL, or what is wrong. */
MUST_USE const char *multiboot2_parse(struct paddr address, physical_reader_fn *read,
                                      struct boot_info *info);
