/* SPDX-License-Identifier: MIT */
#include "mm/kmap.h"

#include <quay/abi/errno.h>

#include "arch/mmu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "mm/frame.h"

static struct {
    struct spinlock lock;
    uint64_t next; /* protected by lock: first address not handed out; a guard page lies below */
} kmap_state = {
    .lock = SPINLOCK_INIT(LOCK_RANK_KMAP),
    .next = ARCH_KMAP_START + PAGE_SIZE,
};

/* Reserves `size_bytes` of addresses and the guard page behind them. */
static int kmap_reserve(uint64_t size_bytes, uint64_t *ret_address)
{
    int error = -ENOMEM;

    spin_lock(&kmap_state.lock);
    if (size_bytes < ARCH_KMAP_END - kmap_state.next) {
        *ret_address = kmap_state.next;
        kmap_state.next += size_bytes + PAGE_SIZE;
        error = 0;
    }
    spin_unlock(&kmap_state.lock);
    return error;
}

int kmap_stack(size_t size_bytes, void **ret_top)
{
    struct paddr frames[KMAP_STACK_SIZE_MAX / PAGE_SIZE];
    size_t page_count = size_bytes / PAGE_SIZE;
    size_t allocated = 0;
    size_t mapped = 0;
    uint64_t base;
    int error;

    assert(size_bytes > 0 && size_bytes <= KMAP_STACK_SIZE_MAX &&
           is_aligned(size_bytes, PAGE_SIZE));
    for (; allocated < page_count; allocated++) {
        error = frame_alloc_zeroed(0, &frames[allocated]);
        if (error != 0) {
            goto undo_frames;
        }
    }
    error = kmap_reserve(size_bytes, &base);
    if (error != 0) {
        goto undo_frames;
    }
    for (; mapped < page_count; mapped++) {
        error = arch_kernel_map(base + mapped * PAGE_SIZE, frames[mapped],
                                ARCH_MAP_READ | ARCH_MAP_WRITE);
        if (error != 0) {
            goto undo_mappings;
        }
    }
    *ret_top = (void *)(base + size_bytes);
    return 0;

undo_mappings:
    while (mapped > 0) {
        mapped--;
        arch_kernel_unmap(base + mapped * PAGE_SIZE);
    }
undo_frames:
    while (allocated > 0) {
        allocated--;
        frame_free(frames[allocated], 0);
    }
    return error;
}

int kmap_device(struct paddr start, size_t size_bytes, void **ret_address)
{
    uint64_t first = align_down_u64(start.value, PAGE_SIZE);
    uint64_t offset = start.value - first;
    uint64_t end;
    uint64_t base;
    uint64_t mapped;
    int error;

    if (size_bytes == 0 || !checked_add_u64(start.value, size_bytes, &end) ||
        !align_up_u64(end, PAGE_SIZE, &end)) {
        return -EINVAL;
    }
    error = kmap_reserve(end - first, &base);
    if (error != 0) {
        return error;
    }
    for (mapped = 0; mapped < end - first; mapped += PAGE_SIZE) {
        error = arch_kernel_map(base + mapped, paddr_of(first + mapped),
                                ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_DEVICE);
        if (error != 0) {
            goto undo_mappings;
        }
    }
    *ret_address = (void *)(base + offset);
    return 0;

undo_mappings:
    while (mapped > 0) {
        mapped -= PAGE_SIZE;
        arch_kernel_unmap(base + mapped);
    }
    return error;
}
