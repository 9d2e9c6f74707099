/* SPDX-License-Identifier: MIT */
/* Reading the boot archive (layout: <quay/abi/archive.h>). Pure: no system calls. */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/archive.h>

/* Checks everything about an archive of which size_bytes are mapped. 0, or -EINVAL and in
 * *ret_reason, unless NULL, what is wrong. */
QY_MUST_USE int qy_archive_check(const void *archive, size_t size_bytes, const char **ret_reason);

/* Entry by name or by number, of a checked archive; NULL if there is none. */
const struct archive_entry *qy_archive_find(const void *archive, const char *name);
const struct archive_entry *qy_archive_entry(const void *archive, uint32_t index);

/* CRC-32 (IEEE 802.3), continued from `crc` (first: 0). */
uint32_t qy_crc32(uint32_t crc, const void *bytes, size_t size);
