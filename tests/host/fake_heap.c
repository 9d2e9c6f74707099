/* SPDX-License-Identifier: MIT */
/* The heap of servers under test: the host's, so that the sanitizers see everything. */
#include <quay/heap.h>
#include <stdlib.h>

void *qy_alloc(size_t size)
{
    return malloc(size > 0 ? size : 1);
}

void *qy_alloc_zeroed(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *qy_realloc(void *block, size_t size)
{
    return realloc(block, size > 0 ? size : 1);
}

void qy_free(void *block)
{
    free(block);
}
