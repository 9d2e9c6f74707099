/* SPDX-License-Identifier: MIT */
/* In place of libsys's own: what the kernel chose could be where a program wants to be. */
#include "pages.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include "access.h"
#include "guest.h"

#define ARENA_START 0x00007e0040000000ul /* near the image: few page tables */
#define ARENA_END   0x00007ef000000000ul
#define TRIES       4096u

static uint64_t arena_next = ARENA_START; /* atomic */

/* The heap's first chunk, which it never gives back, is part of the image: memory of its own would
 * cost each fork more. So would more of them: the kernel looks at each page that may be there. */
static POSIX_LARGE _Alignas(PAGE_SIZE) uint8_t first_chunk[QY_HEAP_CHUNK_SIZE];
static bool is_first_used; /* atomic */

/* What is small and soon gone goes to the page table that the data has anyway, while there is room
 * (posix.ld sees to it that the image ends before). */
#define NEAR_START 0x00007e003ff00000ul
#define NEAR_END   0x00007e003ffc0000ul /* then comes the window of the first stack */

static uint64_t near_next = NEAR_START; /* atomic */

static uint64_t arena_take(uint64_t size_bytes)
{
    uint64_t address = __atomic_load_n(&near_next, __ATOMIC_RELAXED);

    if (size_bytes <= NEAR_END - NEAR_START && address <= NEAR_END - size_bytes) {
        address = __atomic_fetch_add(&near_next, size_bytes, __ATOMIC_RELAXED);
        if (address <= NEAR_END - size_bytes) {
            return address;
        }
    }
    address = __atomic_fetch_add(&arena_next, size_bytes, __ATOMIC_RELAXED);
    if (address > ARENA_END - size_bytes) {
        __atomic_store_n(&arena_next, ARENA_START + size_bytes, __ATOMIC_RELAXED);
        address = ARENA_START;
    }
    return address;
}

int qy_memory_map(handle_t memory, uint64_t offset, uint64_t size_bytes, uint32_t flags,
                  void **ret_address)
{
    int64_t address = -EEXIST;

    if (size_bytes > (ARENA_END - ARENA_START) / 2) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < TRIES && address == -EEXIST; i++) {
        address = qy_aspace_map(qy_self_aspace(), memory, offset, arena_take(size_bytes),
                                size_bytes, flags | MAP_FIXED);
    }
    if (address < 0) {
        return address == -EEXIST ? -ENOMEM : (int)address;
    }
    *ret_address = (void *)(uintptr_t)address;
    return 0;
}

void *qy_pages_map(size_t size_bytes)
{
    void *address;
    int64_t memory;
    int error;

    if (size_bytes == QY_HEAP_CHUNK_SIZE &&
        !__atomic_exchange_n(&is_first_used, true, __ATOMIC_RELAXED)) {
        return first_chunk;
    }
    size_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    memory = qy_memory_create(qy_self_job(), size_bytes, 0);
    if (memory < 0) {
        return NULL;
    }
    error = qy_memory_map((handle_t)memory, 0, size_bytes, MAP_READ | MAP_WRITE, &address);
    (void)qy_handle_close((handle_t)memory); /* the mapping keeps the pages */
    return error == 0 ? address : NULL;
}

void qy_pages_unmap(void *address, size_t size_bytes)
{
    if (address == (void *)first_chunk) {
        return; /* a large block of the heap was as large as a chunk: it stays unused */
    }
    size_bytes = (size_bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    /* It can only fail for a range that is not ours. */
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)address, size_bytes);
    uint64_t end = (uint64_t)(uintptr_t)address + size_bytes;
    if (end <= NEAR_END) { /* the room is used again if it was the last that was taken */
        (void)__atomic_compare_exchange_n(&near_next, &end, (uint64_t)(uintptr_t)address, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
}

int64_t posix_pages_copy(void *to, const void *from, size_t size)
{
    return guest_access((uint64_t)(uintptr_t)to, (uint64_t)(uintptr_t)from, size,
                        posix_access_copy);
}
