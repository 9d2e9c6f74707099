/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file.
 *
 *   small    in the heap, up to CONTENT_SMALL_MAX bytes
 *   paged    in a memory object that is mapped here; it is the file's page cache, which clients map
 *            too (content_memory), so both see the same bytes
 *   fixed    somebody else's memory (the boot archive), never written
 *
 * Bytes between the size and the end of the room are zero, except (`is_shared`) where a client that
 * has mapped the file has written there, or a write has failed half-way; then they are zeroed when
 * the file grows over them.
 *
 * Errors are positive, as the protocols have them.
 */
#pragma once

#include <quay/abi/types.h>
#include <stdbool.h>
#include <stdint.h>

#define CONTENT_SMALL_MAX 8192ul
#define CONTENT_SIZE_MAX  (1ul << 40)

/* Who pays for all files of a tree. */
struct content_quota {
    uint64_t bytes_max, bytes_used;
};

struct content {
    uint64_t size;
    uint64_t room;     /* bytes there is a place for; whole pages, if paged */
    uint64_t charged;  /* bytes of the quota */
    uint8_t *bytes;    /* NULL: no room */
    handle_t memory;   /* HANDLE_INVALID: small */
    uint64_t position; /* where the file begins in it: a page */
    bool is_fixed, is_shared;
};

/* Makes room for bytes up to `end`, where they can be written: 0, ENOSPC or EFBIG. */
int content_reserve(struct content *content, struct content_quota *quota, uint64_t end);

/* To be called when the bytes from `from` to `end` were written, or are to read as zero: the size.
 */
void content_grown(struct content *content, uint64_t from, uint64_t end);

int content_resize(struct content *content, struct content_quota *quota, uint64_t size);

/* Memory that holds the file, paged from now on; `room` bytes of it at least. 0, or ENOSPC. */
int content_paged(struct content *content, struct content_quota *quota, uint64_t room);

void content_fini(struct content *content, struct content_quota *quota);
