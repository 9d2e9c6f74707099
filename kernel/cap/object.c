/* SPDX-License-Identifier: MIT */
#include "cap/object.h"

#include <quay/abi/errno.h>
#include "core/panic.h"

static struct {
    koid_t last_koid;                   /* atomic */
    uint64_t counts[OBJECT_TYPE_COUNT]; /* atomic */
    struct slab_cache caches[OBJECT_TYPE_COUNT];
} object_state;

void object_init(struct object *object, enum object_type type, const struct object_ops *ops)
{
    *object = (struct object){
        .ops = ops,
        .koid = __atomic_add_fetch(&object_state.last_koid, 1, __ATOMIC_RELAXED),
        .type = (uint8_t)type,
        .references = 1,
        .tree_lock = SPINLOCK_INIT(LOCK_RANK_HANDLE_TREE),
        .signal_lock = SPINLOCK_INIT(LOCK_RANK_OBJECT),
    };
    list_init(&object->observers);
    __atomic_fetch_add(&object_state.counts[type], 1, __ATOMIC_RELAXED);
}

void object_type_init(const struct object_ops *ops)
{
    slab_cache_init(&object_state.caches[ops->type], ops->name, ops->size, ops->alignment);
}

int object_create(const struct object_ops *ops, struct account *account, struct object **ret_object)
{
    struct object *object;
    char *record;

    if (ops->resource != JOB_MEMORY) {
        int error = account_charge(account, ops->resource, 1);

        if (error != 0) {
            return error;
        }
    }
    record = account_alloc(account, &object_state.caches[ops->type]);
    if (record == NULL) {
        if (ops->resource != JOB_MEMORY) {
            account_uncharge(account, ops->resource, 1);
        }
        return -ENOMEM;
    }
    object = (struct object *)(void *)(record + ops->offset);
    object_init(object, ops->type, ops);
    object->account = account;
    *ret_object = object;
    return 0;
}

void object_free(struct object *object)
{
    const struct object_ops *ops = object->ops;
    struct account *account = object->account;

    account_free(account, &object_state.caches[ops->type], (char *)object - ops->offset);
    if (ops->resource != JOB_MEMORY) {
        account_uncharge(account, ops->resource, 1);
    }
}

/* Apart, because every call of object_ref would have it. */
static COLD NOINLINE void references_wrong(void)
{
    panic("a reference to an object that is gone, or too many");
}

void object_ref(struct object *object)
{
    uint32_t before = __atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);

    if (UNLIKELY(before - 1 >= UINT32_MAX - 1)) {
        references_wrong();
    }
}

bool object_try_ref(struct object *object)
{
    uint32_t count = __atomic_load_n(&object->references, __ATOMIC_RELAXED);

    while (count != 0) {
        if (__atomic_compare_exchange_n(&object->references, &count, count + 1, true,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

static void object_grace_ended(struct sync_node *node)
{
    struct object *object = CONTAINER_OF(node, struct object, grace);

    __atomic_fetch_sub(&object_state.counts[object->type], 1, __ATOMIC_RELAXED);
    if (object->ops->destroy != NULL) {
        object->ops->destroy(object);
    } else {
        object_free(object);
    }
}

void object_unref(struct object *object)
{
    if (object == NULL) {
        return;
    }
    /* Release: what this reference did to the object happens before its end; the last one acquires
     * what all others did. */
    uint32_t before = __atomic_fetch_sub(&object->references, 1, __ATOMIC_ACQ_REL);

    assert(before != 0);
    if (before == 1) {
        sync_defer(&object->grace, object_grace_ended);
    }
}

void object_signal_locked(struct object *object, signals_t clear, signals_t set)
{
    signals_t kept = object->signals & ~clear;
    signals_t rising = set & ~kept;

    __atomic_store_n(&object->signals, kept | set, __ATOMIC_RELEASE);
    if (rising == 0) {
        return;
    }
    LIST_FOREACH_SAFE (each, next, &object->observers) {
        struct observer *observer = CONTAINER_OF(each, struct observer, link);

        if (observer->mask & rising) {
            observer->notify(observer, observer->mask & (kept | set));
        }
    }
}

void object_signal(struct object *object, signals_t clear, signals_t set)
{
    spin_lock(&object->signal_lock);
    object_signal_locked(object, clear, set);
    spin_unlock(&object->signal_lock);
}

void object_observe_locked(struct object *object, struct observer *observer)
{
    observer->object = object;
    list_push_back(&object->observers, &observer->link);
    if (observer->mask & object->signals) {
        observer->notify(observer, observer->mask & object->signals);
    }
}

void object_observe(struct object *object, struct observer *observer)
{
    spin_lock(&object->signal_lock);
    object_observe_locked(object, observer);
    spin_unlock(&object->signal_lock);
}

void object_unobserve(struct observer *observer)
{
    struct object *object = observer->object;

    if (object == NULL) {
        return;
    }
    spin_lock(&object->signal_lock);
    if (list_is_linked(&observer->link)) {
        list_remove(&observer->link);
    }
    spin_unlock(&object->signal_lock);
}

uint64_t object_count(enum object_type type)
{
    return __atomic_load_n(&object_state.counts[type], __ATOMIC_RELAXED);
}

uint32_t object_record_size(enum object_type type)
{
    return object_state.caches[type].object_size;
}
