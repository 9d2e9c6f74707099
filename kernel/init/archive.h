/* SPDX-License-Identifier: MIT */
/*
 * The boot archive (include/abi/quay/abi/archive.h), which whoever built the image made and nobody
 * is trusted with: everything is checked once, at boot, before anything is looked up in it.
 */
#pragma once

#include <stddef.h>
#include <quay/abi/archive.h>
#include "lib/compiler.h"

/* Checks header and table of the `size` bytes at `data`, which may be more than the archive. NULL,
 * or what is wrong in a few words. */
MUST_USE const char *archive_check(const void *data, size_t size);

/* The entry of that name in an archive that passed the check, or NULL. */
const struct archive_entry *archive_find(const void *data, const char *name);

/* CRC-32 as in Ethernet and zip (polynomial 0xedb88320, reflected), of data in several pieces: 0
 * first, then the last result. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);
