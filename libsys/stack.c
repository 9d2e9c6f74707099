/* SPDX-License-Identifier: MIT */
#include "stack.h"
#include <quay/handle.h>
#include <quay/memory.h>

#define WINDOWS_BASE 0x7f0000000000ul
#define WINDOW_COUNT (1u << 20)
#define WINDOW_TRIES 4096u

/* Windows are handed out in turn; one that is still in use answers EEXIST. */
static uint32_t window_next;

static int64_t window_map(handle_t aspace, handle_t memory, uint64_t size_bytes, bool is_own)
{
    int64_t error = -EEXIST;
    for (uint32_t i = 0; i < WINDOW_TRIES && error == -EEXIST; i++) {
        uint32_t turn = is_own ? __atomic_fetch_add(&window_next, 1, __ATOMIC_RELAXED) : i;
        uint64_t top = WINDOWS_BASE + (uint64_t)(turn % WINDOW_COUNT + 1) * QY_STACK_WINDOW;
        error = qy_aspace_map(aspace, memory, 0, top - size_bytes, size_bytes,
                              MAP_READ | MAP_WRITE | MAP_FIXED);
    }
    return error;
}

int64_t qy_stack_map(handle_t job, handle_t aspace, uint64_t size_bytes, bool is_own)
{
    uint64_t whole_bytes = size_bytes + PAGE_SIZE;
    if (whole_bytes > QY_STACK_WINDOW) {
        return -EINVAL;
    }
    int64_t memory = qy_memory_create(job, whole_bytes, 0);
    if (memory < 0) {
        return memory;
    }
    int64_t base = window_map(aspace, (handle_t)memory, whole_bytes, is_own);
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    if (base < 0) {
        return base;
    }
    /* The guard page stays part of the mapping, so that nothing else is ever put there; it is never
     * touched and so costs nothing. */
    int64_t error = qy_aspace_protect(aspace, (uint64_t)base, PAGE_SIZE, 0);
    if (error < 0) {
        (void)qy_aspace_unmap(aspace, (uint64_t)base, whole_bytes); /* made above */
        return error;
    }
    return base + (int64_t)PAGE_SIZE;
}
