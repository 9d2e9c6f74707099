/* SPDX-License-Identifier: MIT */
#include "pages.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>

static uint8_t *map(handle_t memory, uint64_t size)
{
    int64_t address = qy_aspace_map(qy_self_aspace(), memory, 0, 0, size, MAP_READ | MAP_WRITE);
    return address < 0 ? NULL : (uint8_t *)(uintptr_t)address; /* SAFETY: just mapped */
}

bool pages_grow(struct pages *pages, uint64_t size)
{
    handle_t memory = pages->memory;
    if (memory == HANDLE_INVALID) {
        int64_t made = qy_memory_create(qy_self_job(), size, MEMORY_RESIZABLE);
        if (made < 0) {
            return false;
        }
        memory = (handle_t)made;
    } else if (qy_memory_resize(memory, size) < 0) {
        return false;
    }
    uint8_t *address = map(memory, size);
    if (address == NULL) {
        if (pages->memory == HANDLE_INVALID) {
            (void)qy_handle_close(memory); /* it was ours */
        } else {
            (void)qy_memory_resize(memory, pages->size); /* less does not fail */
        }
        return false;
    }
    if (pages->memory != HANDLE_INVALID) {
        qy_pages_unmap(pages->address, pages->size);
    }
    *pages = (struct pages){.memory = memory, .address = address, .size = size};
    return true;
}

bool pages_cut(struct pages *pages, uint64_t size)
{
    if (qy_memory_resize(pages->memory, size) < 0) {
        return false;
    }
    qy_pages_unmap(pages->address + size, pages->size - size);
    pages->size = size;
    return true;
}

void pages_end(struct pages *pages)
{
    qy_pages_unmap(pages->address, pages->size);
    (void)qy_handle_close(pages->memory); /* clients that map it keep it alive */
}
