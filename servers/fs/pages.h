/* SPDX-License-Identifier: MIT */
/* A memory object that is mapped here. The host tests have another one of these. */
#pragma once

#include <quay/abi/types.h>
#include <stdbool.h>
#include <stdint.h>

struct pages {
    handle_t memory; /* HANDLE_INVALID: none yet */
    uint8_t *address;
    uint64_t size; /* whole pages */
};

/* Makes it so large, and makes it first if there is none; new pages are zero. It may move. False:
 * there is no memory, and nothing has changed. */
bool pages_grow(struct pages *pages, uint64_t size);

/* Gives the pages behind `size` back. */
bool pages_cut(struct pages *pages, uint64_t size);

void pages_end(struct pages *pages);
