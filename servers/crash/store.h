/* SPDX-License-Identifier: MIT */
/*
 * Core files: /tmp/cores has the last ones, and the second serial port gets each, if there is one.
 * Nobody is waited for without end: who serves files may be the one that has crashed.
 */
#pragma once

#include "core.h"
#include <quay/abi/types.h>

#define CORES_FOLDER    "tmp/cores"
#define CORES_MAX       8
#define CORES_BYTES_MAX (4ul << 20) /* of all of them */
#define CORE_BYTES_MAX  (2ul << 20) /* of one */

/* What outlives us: which files there are, the oldest first. */
struct store {
    uint32_t count;
    uint32_t reserved;
    struct {
        char name[40];
        uint64_t size_bytes;
    } files[CORES_MAX];
};

/* `kept` is all zero or was used before. */
void store_open(struct store *kept);

void store_put(const struct core *core, koid_t process, const uint8_t *file, uint64_t size_bytes);
