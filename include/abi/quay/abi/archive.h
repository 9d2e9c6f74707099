/* SPDX-License-Identifier: MIT */
/*
 * The boot archive: a header, a table of entries sorted by name, then the files, each on a page
 * boundary. Little-endian. Everything is checked before use: magic, version, sizes against the
 * module's, offsets, order and termination of names, and a CRC-32 (IEEE) of header (with its crc
 * field as zero) and table.
 *
 *   0        header (32 bytes)
 *   32       entries (64 bytes each)
 *   4096*n   file data, page aligned, zero padded
 */
#pragma once

#include <quay/abi/types.h>

#define ARCHIVE_MAGIC     0x3130524159415551ul /* "QUAYAR01" */
#define ARCHIVE_NAME_MAX  40                   /* with the terminating zero */
#define ARCHIVE_FILES_MAX 1024

struct archive_header {
    uint64_t magic;
    uint64_t size_bytes; /* of the whole archive, a multiple of PAGE_SIZE */
    uint32_t entry_count;
    uint32_t crc32;
    uint64_t reserved; /* 0 */
};

struct archive_entry {
    char name[ARCHIVE_NAME_MAX];
    uint64_t offset_bytes; /* from the start of the archive, a multiple of PAGE_SIZE */
    uint64_t size_bytes;
    uint64_t reserved; /* 0 */
};

_Static_assert(sizeof(struct archive_header) == 32, "archive_header layout");
_Static_assert(sizeof(struct archive_entry) == 64, "archive_entry layout");
