/* SPDX-License-Identifier: MIT */
/* The layer's heap is the host's here; a test may let it run out. */
#pragma once

#include <quay/heap.h>
#include <stdlib.h>

static int allocations_left = -1; /* -1: no limit */

void *qy_realloc(void *block, size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left -= allocations_left > 0;
    return realloc(block, size);
}

void qy_free(void *block)
{
    free(block);
}
