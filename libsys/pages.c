/* SPDX-License-Identifier: MIT */
/* Apart from memory.c, because the POSIX layer has its own (posix/pages.c). */
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>

int qy_memory_map(handle_t memory, uint64_t offset, uint64_t size_bytes, uint32_t flags,
                  void **ret_address)
{
    int64_t address = qy_aspace_map(qy_self_aspace(), memory, offset, 0, size_bytes, flags);
    if (address < 0) {
        return (int)address;
    }
    *ret_address = (void *)(uintptr_t)address;
    return 0;
}

void *qy_pages_map(size_t size_bytes)
{
    size_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    int64_t memory = qy_memory_create(qy_self_job(), size_bytes, 0);
    if (memory < 0) {
        return NULL;
    }
    void *address;
    int error = qy_memory_map((handle_t)memory, 0, size_bytes, MAP_READ | MAP_WRITE, &address);
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    return error == 0 ? address : NULL;
}

void qy_pages_unmap(void *address, size_t size_bytes)
{
    size_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    /* It can only fail for a range that is not ours. */
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)address, size_bytes);
}
