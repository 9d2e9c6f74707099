/* SPDX-License-Identifier: MIT */
#include "cap/account.h"

#include <quay/abi/errno.h>
#include <stddef.h>
#include "arch/mmu.h"
#include "mm/frame.h"

void account_init(struct account *account, struct account *parent)
{
    account->parent = parent;
    account->cpu_period = 0;
    account->refused = 0;
    account->orphan = 0;
    account->released = NULL;
    for (unsigned i = 0; i < JOB_RESOURCE_COUNT; i++) {
        account->usage[i] = 0;
        account->limit[i] = JOB_UNLIMITED;
    }
}

/* Adds first and looks afterwards: two charges at once may both be refused near the limit, but
 * never both be let through. */
static bool charge_one(struct account *account, enum job_resource resource, uint64_t amount)
{
    uint64_t limit = __atomic_load_n(&account->limit[resource], __ATOMIC_RELAXED);
    uint64_t usage = __atomic_add_fetch(&account->usage[resource], amount, __ATOMIC_RELAXED);

    if (LIKELY(usage <= limit)) {
        return true;
    }
    __atomic_sub_fetch(&account->usage[resource], amount, __ATOMIC_RELAXED);
    __atomic_store_n(&account->refused, 1, __ATOMIC_RELAXED);
    return false;
}

int account_charge(struct account *account, enum job_resource resource, uint64_t amount)
{
    for (struct account *each = account; each != NULL; each = each->parent) {
        if (!charge_one(each, resource, amount)) {
            for (struct account *undo = account; undo != each; undo = undo->parent) {
                __atomic_sub_fetch(&undo->usage[resource], amount, __ATOMIC_RELAXED);
            }
            return resource == JOB_MEMORY ? -ENOMEM : -EQUOTA;
        }
    }
    return 0;
}

uint64_t account_limit(const struct account *account, enum job_resource resource)
{
    uint64_t least = JOB_UNLIMITED;

    for (; account != NULL; account = account->parent) {
        uint64_t limit = __atomic_load_n(&account->limit[resource], __ATOMIC_RELAXED);

        least = limit < least ? limit : least;
    }
    return least;
}

static bool is_unused(const struct account *account)
{
    for (unsigned i = 0; i < ACCOUNT_CHARGED; i++) {
        if (__atomic_load_n(&account->usage[i], __ATOMIC_SEQ_CST) != 0) {
            return false;
        }
    }
    return true;
}

/* The last uncharge and account_orphan may both find the account unused: one of them ends it. */
static void try_release(struct account *account)
{
    uint32_t expected = 1;

    if (is_unused(account) && __atomic_compare_exchange_n(&account->orphan, &expected, 2, false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        account->released(account);
    }
}

void account_uncharge(struct account *account, enum job_resource resource, uint64_t amount)
{
    for (struct account *each = account; each != NULL;) {
        /* Read first: after our share is gone the account may go, though not its memory yet. */
        struct account *parent = each->parent;

        if (__atomic_sub_fetch(&each->usage[resource], amount, __ATOMIC_SEQ_CST) == 0 &&
            UNLIKELY(__atomic_load_n(&each->orphan, __ATOMIC_SEQ_CST) == 1)) {
            try_release(each);
        }
        each = parent;
    }
}

void *account_alloc(struct account *account, struct slab_cache *cache)
{
    void *record = NULL;

    if (account_charge(account, JOB_MEMORY, cache->object_size) == 0) {
        record = slab_alloc(cache);
        if (record == NULL) {
            account_uncharge(account, JOB_MEMORY, cache->object_size);
        }
    }
    return record;
}

void account_free(struct account *account, struct slab_cache *cache, void *record)
{
    uint32_t size = cache->object_size;

    slab_free(cache, record);
    account_uncharge(account, JOB_MEMORY, size);
}

void *account_pages_alloc(struct account *account, unsigned order)
{
    struct paddr frame;

    if (account_charge(account, JOB_MEMORY, PAGE_SIZE << order) != 0) {
        return NULL;
    }
    if (frame_alloc(order, &frame) != 0) {
        account_uncharge(account, JOB_MEMORY, PAGE_SIZE << order);
        return NULL;
    }
    return arch_direct_map(frame);
}

void account_pages_free(struct account *account, void *pages, unsigned order)
{
    frame_free(arch_direct_map_reverse(pages), order);
    account_uncharge(account, JOB_MEMORY, PAGE_SIZE << order);
}

void account_orphan(struct account *account, void (*released)(struct account *account))
{
    account->released = released;
    __atomic_store_n(&account->orphan, 1, __ATOMIC_SEQ_CST);
    try_release(account);
}
