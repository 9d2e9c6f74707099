/* SPDX-License-Identifier: MIT */
#include "cap/account.h"

#include <quay/abi/errno.h>
#include <stddef.h>
#include "arch/mmu.h"
#include "lib/checked.h"
#include "mm/frame.h"

void account_init(struct account *account, struct account *parent,
                  void (*changed)(struct account *account))
{
    *account = (struct account){.parent = parent, .changed = changed};
    for (unsigned i = 0; i < JOB_RESOURCE_COUNT; i++) {
        account_set_limit(account, i, i == JOB_MEMORY_LOW ? 0 : JOB_UNLIMITED);
    }
}

/* --- Low memory ---
 *
 *     0 ........ settled ........ alarm ...... limit        usage of memory
 *                  not low          |  low
 *
 * Charges up to the alarm cost no more than with a limit alone.
 */

void account_set_limit(struct account *account, enum job_resource resource, uint64_t limit)
{
    const uint64_t *limits = account->limit;

    __atomic_store_n(&account->limit[resource], limit, __ATOMIC_RELAXED);
    if (resource == JOB_MEMORY || resource == JOB_MEMORY_LOW) {
        limit = limits[JOB_MEMORY] - min_u64(limits[JOB_MEMORY], limits[JOB_MEMORY_LOW]);
        resource = JOB_MEMORY;
    }
    if (resource < ACCOUNT_CHARGED) {
        __atomic_store_n(&account->alarm[resource], limit, __ATOMIC_RELAXED);
    }
}

static uint64_t memory_used(const struct account *account)
{
    return __atomic_load_n(&account->usage[JOB_MEMORY], __ATOMIC_SEQ_CST);
}

/* Up to this usage memory is not low any more. */
static uint64_t settled_usage(const struct account *account)
{
    uint64_t alarm = __atomic_load_n(&account->alarm[JOB_MEMORY], __ATOMIC_RELAXED);
    uint64_t low = __atomic_load_n(&account->limit[JOB_MEMORY_LOW], __ATOMIC_RELAXED);

    return alarm - min_u64(alarm, low / 8);
}

static bool is_low_now(const struct account *account)
{
    uint64_t used = memory_used(account);

    return __atomic_load_n(&account->limit[JOB_MEMORY_LOW], __ATOMIC_RELAXED) != 0 &&
           (used > __atomic_load_n(&account->alarm[JOB_MEMORY], __ATOMIC_RELAXED) ||
            (used > settled_usage(account) &&
             __atomic_load_n(&account->is_low, __ATOMIC_SEQ_CST) != 0));
}

bool account_settle(struct account *account)
{
    bool is_low;

    do {
        is_low = is_low_now(account);
        __atomic_store_n(&account->is_low, is_low, __ATOMIC_SEQ_CST);
    } while (is_low != is_low_now(account)); /* who came in between saw the old state */
    return is_low;
}

static uint64_t add(struct account *account, enum job_resource resource, uint64_t amount)
{
    return __atomic_add_fetch(&account->usage[resource], amount, __ATOMIC_SEQ_CST);
}

/* Goes on with a charge that has brought `each` beyond its alarm, or takes it back. */
static NOINLINE int charge_slowly(struct account *account, struct account *each,
                                  enum job_resource resource, uint64_t amount, uint64_t usage)
{
    for (;; usage = add(each, resource, amount)) {
        if (usage > __atomic_load_n(&each->limit[resource], __ATOMIC_RELAXED)) {
            for (each = each->parent; account != each; account = account->parent) {
                __atomic_sub_fetch(&account->usage[resource], amount, __ATOMIC_RELAXED);
            }
            return resource == JOB_MEMORY ? -ENOMEM : -EQUOTA;
        }
        if (usage > __atomic_load_n(&each->alarm[resource], __ATOMIC_RELAXED) &&
            !__atomic_exchange_n(&each->is_low, 1, __ATOMIC_SEQ_CST)) {
            each->changed(each);
        }
        each = each->parent;
        if (each == NULL) {
            return 0;
        }
    }
}

/* Adds first and looks afterwards: two charges at once may both be refused near the limit, but
 * never both be let through. */
int account_charge(struct account *account, enum job_resource resource, uint64_t amount)
{
    for (struct account *each = account; each != NULL; each = each->parent) {
        uint64_t alarm = __atomic_load_n(&each->alarm[resource], __ATOMIC_RELAXED);
        uint64_t usage = add(each, resource, amount);

        if (UNLIKELY(usage > alarm)) {
            return charge_slowly(account, each, resource, amount, usage);
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
        bool is_low = __atomic_load_n(&each->is_low, __ATOMIC_SEQ_CST) != 0;

        if (UNLIKELY(is_low) && memory_used(each) - amount <= settled_usage(each)) {
            each->changed(each);
        }
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
