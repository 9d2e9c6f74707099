/* SPDX-License-Identifier: MIT */
#include <quay/abi/memory.h>
#include <quay/heap.h>
#include <quay/lending.h>
#include <quay/text.h>

#define ALIGNMENT 16ul

/* Has every page brought, for writing if it is to be written. Nothing changes, whoever else uses
 * the memory meanwhile. */
static void touch(void *memory, uint64_t size, uint32_t flags)
{
    uint8_t *end = (uint8_t *)memory + size;
    for (uint8_t *at = memory; at < end; at = (uint8_t *)(((uintptr_t)at | (PAGE_SIZE - 1)) + 1)) {
        if ((flags & LEASE_WRITE) != 0) {
            (void)__atomic_fetch_or(at, 0, __ATOMIC_RELAXED);
        } else {
            (void)*(volatile uint8_t *)at;
        }
    }
}

static bool copy_make(struct qy_lending *lending)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < lending->count; i++) {
        uint64_t size = (lending->lent[i].size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
        if (size < lending->lent[i].size || __builtin_add_overflow(total, size, &total)) {
            return false;
        }
    }
    lending->copy = qy_alloc(total);
    uint8_t *at = lending->copy;
    for (uint32_t i = 0; at != NULL && i < lending->count; i++) {
        /* What is to be written too: perhaps not all of it will be. */
        memcpy(at, lending->lent[i].memory, lending->lent[i].size);
        lending->lent[i].at = at;
        at += (lending->lent[i].size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    }
    return lending->copy != NULL;
}

static void copy_end(struct qy_lending *lending, bool is_answered)
{
    for (uint32_t i = 0; is_answered && i < lending->count; i++) {
        if ((lending->lent[i].flags & LEASE_WRITE) != 0) {
            memcpy(lending->lent[i].memory, lending->lent[i].at, lending->lent[i].size);
        }
    }
    qy_free(lending->copy);
}

bool qy_lending_again(struct qy_lending *lending, int64_t *status)
{
    if (lending->copy != NULL) {
        copy_end(lending, *status >= 0);
        return false;
    }
    if (*status != -EPAGER) {
        return false;
    }
    if (lending->tries++ == QY_LENDING_TOUCHES) {
        bool is_made = copy_make(lending);
        *status = is_made ? *status : -ENOMEM;
        return is_made;
    }
    for (uint32_t i = 0; i < lending->count; i++) {
        touch(lending->lent[i].memory, lending->lent[i].size, lending->lent[i].flags);
    }
    return true;
}
