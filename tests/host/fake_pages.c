/* SPDX-License-Identifier: MIT */
/* Memory of files (servers/fs/pages.h) on the host. */
#include <quay/host.h>
#include <quay/memory.h>
#include <stdlib.h>
#include <string.h>
#include "../../servers/fs/pages.h"

bool pages_grow(struct pages *pages, uint64_t size)
{
    uint8_t *address = calloc(1, size);
    if (pages->memory != HANDLE_INVALID) {
        memcpy(address, pages->address, pages->size);
        free(pages->address);
    } else {
        pages->memory = 1;
    }
    pages->address = address;
    pages->size = size;
    return true;
}

bool pages_cut(struct pages *pages, uint64_t size)
{
    memset(pages->address + size, 0xcc, pages->size - size); /* as good as unmapped */
    pages->size = size;
    return true;
}

void pages_end(struct pages *pages)
{
    free(pages->address);
}

/* What file.memory does with the kernel is tested in QEMU. */
int64_t qy_memory_snapshot(handle_t job, handle_t memory, uint64_t offset, uint64_t size_bytes)
{
    (void)job, (void)memory, (void)offset, (void)size_bytes;
    return -ENOSYS;
}

int qy_memory_map(handle_t memory, uint64_t offset, size_t size_bytes, uint32_t flags,
                  void **ret_address)
{
    (void)memory, (void)offset, (void)size_bytes, (void)flags, (void)ret_address;
    return -ENOSYS;
}

void qy_pages_unmap(void *address, size_t size_bytes)
{
    (void)address, (void)size_bytes;
}
