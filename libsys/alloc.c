/* SPDX-License-Identifier: MIT */
/* The process's heap. */
#include <quay/heap.h>
#include <quay/memory.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "start.h"

static void corrupt(const char *what)
{
    qy_fatal(what);
}

static struct {
    struct qy_mutex mutex;
    struct qy_heap heap; /* protected by mutex */
} alloc_state = {
    .heap = {.pages_get = qy_pages_map, .pages_put = qy_pages_unmap, .corrupt = corrupt},
};

void qy_alloc_lock(void)
{
    qy_mutex_lock(&alloc_state.mutex);
}

void qy_alloc_unlock(void)
{
    qy_mutex_unlock(&alloc_state.mutex);
}

void *qy_alloc(size_t size)
{
    qy_mutex_lock(&alloc_state.mutex);
    void *block = qy_heap_alloc(&alloc_state.heap, size);
    qy_mutex_unlock(&alloc_state.mutex);
    return block;
}

void *qy_alloc_zeroed(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    void *block = qy_alloc(total);
    return block != NULL ? memset(block, 0, total) : NULL;
}

void *qy_realloc(void *block, size_t size)
{
    if (block == NULL) {
        return qy_alloc(size);
    }
    qy_mutex_lock(&alloc_state.mutex);
    size_t old_size = qy_heap_size(&alloc_state.heap, block);
    qy_mutex_unlock(&alloc_state.mutex);
    if (size <= old_size && size > old_size / 2) {
        return block;
    }
    void *grown = qy_alloc(size);
    if (grown != NULL) {
        memcpy(grown, block, size < old_size ? size : old_size);
        qy_free(block);
    }
    return grown;
}

void qy_free(void *block)
{
    if (block == NULL) {
        return;
    }
    qy_mutex_lock(&alloc_state.mutex);
    qy_heap_free(&alloc_state.heap, block);
    qy_mutex_unlock(&alloc_state.mutex);
}
