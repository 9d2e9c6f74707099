/* SPDX-License-Identifier: MIT */
/* What a handle means: looking it up, deriving, moving, closing, revoking. */
#include "cap/handle.h"

#include "core/panic.h"
#include "core/trace.h"

#define RIGHT_ACTIVE (1u << 16)

struct handle_entry handle_none;

int handle_lookup_rights(const struct handle_table *table, handle_t handle, enum object_type type,
                         rights_t rights, struct object **ret_object, rights_t *ret_rights)
{
    const struct handle_entry *entry = handle_slot(table, handle);

    /* This order matters: see handle.h. */
    if (entry == NULL || handle == HANDLE_INVALID ||
        __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) != handle) {
        return -EBADF;
    }
    /* Rights first, object last, against the order of entry_blank: rights that a revoke is just
     * taking away come with no object, so this says EREVOKED and not EACCES. */
    rights_t entry_rights = __atomic_load_n(&entry->rights, __ATOMIC_ACQUIRE);
    uint32_t entry_type = __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE);
    struct object *object = __atomic_load_n(&entry->object, __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) != handle) {
        return -EBADF;
    }
    if (object == NULL || entry_type == OBJECT_NONE) {
        return -EREVOKED;
    }
    if (type != OBJECT_NONE && entry_type != type) {
        return -EWRONG_TYPE;
    }
    if ((entry_rights & rights) != rights) {
        return -EACCES;
    }
    *ret_object = object;
    *ret_rights = entry_rights;
    return 0;
}

int handle_lookup(const struct handle_table *table, handle_t handle, enum object_type type,
                  rights_t rights, struct object **ret_object)
{
    rights_t unused;

    return handle_lookup_rights(table, handle, type, rights, ret_object, &unused);
}

/* --- The derivation list; all of it under the object's tree_lock. --- */

/* `link` is prev's next, or the first of all. */
static void tree_insert(struct handle_entry **link, struct handle_entry *prev,
                        struct handle_entry *entry, uint32_t depth)
{
    entry->depth = depth;
    entry->prev = prev;
    entry->next = *link;
    if (entry->next != NULL) {
        entry->next->prev = entry;
    }
    *link = entry;
}

static void tree_remove_entry(struct object *object, struct handle_entry *entry)
    REQUIRES(&object->tree_lock)
{
    *(entry->prev == NULL ? &object->tree_first : &entry->prev->next) = entry->next;
    if (entry->next != NULL) {
        entry->next->prev = entry->prev;
    }
    entry->next = entry->prev = NULL;
}

/* `entry` stands where `old` stood. */
static void tree_replace(struct object *object, struct handle_entry *old,
                         struct handle_entry *entry) REQUIRES(&object->tree_lock)
{
    tree_insert(&old->next, old, entry, old->depth);
    tree_remove_entry(object, old);
}

static uint8_t ipc_type_of(const struct object *object, rights_t rights)
{
    bool is_ipc = object->type == OBJECT_SESSION || object->type == OBJECT_PORT;

    return is_ipc && (rights & RIGHT_ACTIVE) ? object->type : 0;
}

/* Fills a reserved slot, all but the value. */
static void entry_fill(struct handle_entry *entry, struct object *object, rights_t rights)
    REQUIRES(&object->tree_lock)
{
    __atomic_store_n(&entry->object, object, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->type, object->type, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->rights, rights, __ATOMIC_RELEASE);
    entry->ipc_type = ipc_type_of(object, rights);
    entry->state = HANDLE_LIVE;
    object->handle_count++;
    object->active_count += (rights & RIGHT_ACTIVE) != 0;
}

/* The entry can be looked up no more, by the fast path no more either: a free slot's value is 0,
 * and who asks for handle 0 shall not find what was here. */
static void entry_hide(struct handle_entry *entry)
{
    __atomic_store_n(&entry->ipc_type, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->value, HANDLE_INVALID, __ATOMIC_RELEASE);
}

static ALWAYS_INLINE void note_change(enum trace_handle_change change, const struct object *object,
                                      handle_t handle)
{
    if (trace_on(TRACE_KIND(TRACE_HANDLE))) {
        trace_current(TRACE_HANDLE, object->koid, change, handle);
    }
}

/* The value is written last: lookups believe everything before it. */
static handle_t entry_show(struct handle_entry *entry)
{
    __atomic_store_n(&entry->value, entry->generation_index, __ATOMIC_RELEASE);
    return entry->generation_index;
}

static handle_t entry_publish(struct handle_entry *entry, struct object *object, rights_t rights)
    REQUIRES(&object->tree_lock)
{
    entry_fill(entry, object, rights);
    return entry_show(entry);
}

/* What closing handles leads to, once the tree lock is free. */
struct aftermath {
    bool unreachable, inactive;
};

/* The entry is no handle any more; its slot and the object's reference remain to be dealt with. */
static void entry_retract(struct handle_entry *entry, struct object *object,
                          struct aftermath *aftermath) REQUIRES(&object->tree_lock)
{
    object->handle_count--;
    if (entry->rights & RIGHT_ACTIVE) {
        object->active_count--;
        aftermath->inactive |= object->active_count == 0;
    }
    aftermath->unreachable |= object->handle_count == 0;
}

/* The grace period of the last handle is over: nobody is still using what it looked up. Where the
 * object got another one meanwhile, and that went too, there is another period to wait for. */
static void handles_gone(struct sync_node *node)
{
    struct object *object = CONTAINER_OF(node, struct object, grace);
    uint32_t ends = 1;

    if (LIKELY(__atomic_compare_exchange_n(&object->ends, &ends, 0, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE))) {
        object_unref(object);
        return;
    }
    __atomic_fetch_sub(&object->ends, ends - 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&object->references, ends - 1, __ATOMIC_RELEASE); /* not the last one */
    sync_defer(node, handles_gone);
}

static COLD NOINLINE void last_gone(struct object *object)
{
    if (object->ops->unreachable != NULL) {
        object->ops->unreachable(object);
    }
    /* The handles' common reference. */
    if (__atomic_fetch_add(&object->ends, 1, __ATOMIC_ACQ_REL) == 0) {
        sync_defer(&object->grace, handles_gone);
    }
}

static void aftermath_run(const struct aftermath *aftermath, struct object *object)
{
    if (aftermath->inactive && object->ops->inactive != NULL) {
        object->ops->inactive(object);
    }
    if (aftermath->unreachable) {
        last_gone(object);
    }
}

static bool has_descendants(const struct handle_entry *entry)
{
    return entry->next != NULL && entry->next->depth > entry->depth;
}

/* The value stays: who looks it up finds no type, and learns that it was revoked. */
static void entry_blank(struct handle_entry *entry)
{
    entry->state = HANDLE_REVOKED;
    __atomic_store_n(&entry->ipc_type, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->object, NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->type, OBJECT_NONE, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->rights, 0, __ATOMIC_RELEASE);
}

static void entry_empty(struct handle_entry *victim, struct object *object,
                        struct aftermath *aftermath) REQUIRES(&object->tree_lock)
{
    tree_remove_entry(object, victim);
    entry_retract(victim, object, aftermath);
    entry_blank(victim);
}

/* Does some of the work that is under way on the list. True when it is done. */
static bool work_step(struct object *object, struct aftermath *aftermath)
    REQUIRES(&object->tree_lock)
{
    struct handle_entry *root = object->work_root;

    for (unsigned i = 0; i < HANDLE_STEP; i++) {
        bool is_revoke = object->work_cursor == NULL;
        struct handle_entry *next = is_revoke ? root->next : object->work_cursor;

        if (next == NULL || next->depth <= root->depth) {
            object->work_root = object->work_cursor = NULL;
            return true;
        }
        if (is_revoke) {
            entry_empty(next, object, aftermath);
            continue;
        }
        /* Moving up puts the direct children on the root's own level, which ends the next walk
         * over them: nothing behind the root is deeper any more but their own descendants. */
        next->depth--;
        if (next->next == NULL) {
            object->work_root = object->work_cursor = NULL;
            return true;
        }
        object->work_cursor = next->next;
    }
    return false;
}

/* Finds the live entry of a handle and locks its object's tree. 0, -EBADF or -EREVOKED. */
static int entry_lock(struct handle_table *table, handle_t handle, struct handle_entry **ret_entry,
                      struct object **ret_object) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *entry = handle_slot(table, handle);

    if (entry == NULL || handle == HANDLE_INVALID) {
        return -EBADF;
    }
    struct object *object = __atomic_load_n(&entry->object, __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) != handle) {
        return -EBADF;
    }
    if (object == NULL) {
        return -EREVOKED;
    }
    /* The object stays allocated until we leave the kernel; whether the entry still refers to it is
     * known only now that the lock is ours. */
    spin_lock(&object->tree_lock);
    if (LIKELY(entry->value == handle && entry->object == object)) {
        *ret_entry = entry;
        *ret_object = object;
        return 0;
    }
    spin_unlock(&object->tree_lock);
    return __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) == handle ? -EREVOKED : -EBADF;
}

/* Helps what is under way on the list and lets go of the lock. */
static int help_work(struct object *object) RELEASE(&object->tree_lock) NO_THREAD_SAFETY_ANALYSIS
{
    struct aftermath aftermath = {0};

    (void)work_step(object, &aftermath); /* the caller comes again anyway */
    spin_unlock(&object->tree_lock);
    aftermath_run(&aftermath, object);
    return -ERETRY;
}

/* The same for an entry that has these rights, when nothing is under way on its list: also -EACCES,
 * or -ERETRY after helping that along. */
static ALWAYS_INLINE int entry_lock_settled(struct handle_table *table, handle_t handle,
                                            rights_t rights, struct handle_entry **ret_entry,
                                            struct object **ret_object) NO_THREAD_SAFETY_ANALYSIS
{
    int error = entry_lock(table, handle, ret_entry, ret_object);

    if (UNLIKELY(error != 0)) {
        return error;
    }
    if (UNLIKELY(((*ret_entry)->rights & rights) != rights)) {
        spin_unlock(&(*ret_object)->tree_lock);
        return -EACCES;
    }
    return UNLIKELY((*ret_object)->work_root != NULL) ? help_work(*ret_object) : 0;
}

handle_t handle_install(struct handle_entry *entry, struct object *object, rights_t rights)
{
    handle_t handle;
    bool is_first;

    spin_lock(&object->tree_lock);
    is_first = object->handle_count == 0;
    tree_insert(&object->tree_first, NULL, entry, 0);
    handle = entry_publish(entry, object, rights);
    spin_unlock(&object->tree_lock);
    note_change(TRACE_HANDLE_MADE, object, handle);
    if (!is_first) {
        object_unref(object); /* the handles have one already */
    }
    return handle;
}

int64_t handle_create(struct handle_table *table, struct object *object, rights_t rights)
{
    struct handle_entry *entry;
    int error = handle_reserve(table, &entry);

    if (error == 0) {
        return (int64_t)handle_install(entry, object, rights);
    }
    if (object->ops->unreachable != NULL) {
        object->ops->unreachable(object);
    }
    object_unref(object);
    return error;
}

void handle_install_pair(struct handle_entry *entry, rights_t rights, struct handle_entry *child,
                         rights_t child_rights, struct object *object, handle_t *ret_handle,
                         handle_t *ret_child)
{
    spin_lock(&object->tree_lock);
    tree_insert(&object->tree_first, NULL, entry, 0);
    tree_insert(&entry->next, entry, child, 1);
    *ret_child = entry_publish(child, object, child_rights);
    *ret_handle = entry_publish(entry, object, rights);
    spin_unlock(&object->tree_lock);
    note_change(TRACE_HANDLE_MADE, object, *ret_handle);
    note_change(TRACE_HANDLE_MADE, object, *ret_child);
}

int handle_derive(struct handle_entry *entry, struct handle_table *source_table, handle_t source,
                  rights_t rights, handle_t *ret_handle) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *parent;
    struct object *object;
    int error = entry_lock_settled(source_table, source, RIGHT_DUP, &parent, &object);

    if (error != 0) {
        return error;
    }
    tree_insert(&parent->next, parent, entry, parent->depth + 1);
    *ret_handle = entry_publish(entry, object, parent->rights & rights);
    spin_unlock(&object->tree_lock);
    note_change(TRACE_HANDLE_MADE, object, *ret_handle);
    return 0;
}

/* Makes slot `index` what it is in the source. 0, or -ERETRY. */
static int slot_fork(struct handle_table *table, struct handle_table *source, uint32_t index,
                     const struct handle_entry *original) NO_THREAD_SAFETY_ANALYSIS
{
    handle_t value = __atomic_load_n(&original->value, __ATOMIC_ACQUIRE);
    uint64_t next = __atomic_load_n(&original->generation_index, __ATOMIC_RELAXED);
    struct handle_entry *entry = handle_slot(table, index), *sibling;
    struct object *object;
    int error = entry_lock_settled(source, value, RIGHT_DUP | RIGHT_TRANSFER, &sibling, &object);

    if (error == -ERETRY) {
        return error;
    }
    if (error != 0) {
        next += value == HANDLE_INVALID ? 0 : HANDLE_GENERATION_STEP;
        return handle_fork_slot(table, index, next, false) ? 0 : -ERETRY;
    }
    if (handle_fork_slot(table, index, value, true)) {
        /* Before it, on the same level: behind it come its descendants. */
        tree_insert(sibling->prev == NULL ? &object->tree_first : &sibling->prev->next,
                    sibling->prev, entry, sibling->depth);
        (void)entry_publish(entry, object, sibling->rights);
    }
    spin_unlock(&object->tree_lock);
    return 0;
}

COLD int handle_table_fork(struct handle_table *table, struct handle_table *source)
{
    if (table == source) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < HANDLE_STEP; i++) {
        uint32_t index = __atomic_load_n(&table->fork_index, __ATOMIC_RELAXED);
        const struct handle_entry *original = handle_slot(source, index);
        int error = original == NULL ? 0 : handle_fork_grow(table, index);

        if (original != NULL && error == 0) {
            error = slot_fork(table, source, index, original);
        }
        if (original == NULL || error != 0) {
            return error;
        }
    }
    return -ERETRY;
}

int handle_settle(struct handle_table *table, handle_t handle,
                  rights_t rights) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *entry;
    struct object *object;
    int error = entry_lock_settled(table, handle, rights, &entry, &object);

    if (error == 0) {
        spin_unlock(&object->tree_lock);
    }
    return error;
}

int handle_move(struct handle_entry *entry, struct handle_table *source_table, handle_t source,
                rights_t rights, struct handle_entry **ret_source) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *old;
    struct object *object;
    int error = entry_lock_settled(source_table, source, RIGHT_TRANSFER, &old, &object);

    if (error != 0) {
        return error;
    }
    entry_hide(old);
    old->state = HANDLE_MOVED;
    tree_replace(object, old, entry);
    entry_fill(entry, object, old->rights & rights);
    spin_unlock(&object->tree_lock);
    *ret_source = old;
    return 0;
}

handle_t handle_move_finish(struct handle_entry *entry, struct handle_entry *source)
{
    struct object *object = source->object;
    struct aftermath aftermath = {0};
    handle_t handle;

    spin_lock(&object->tree_lock);
    handle = entry_show(entry); /* revoked meanwhile: then it says so */
    entry_retract(source, object, &aftermath);
    spin_unlock(&object->tree_lock);
    note_change(TRACE_HANDLE_MADE, object, handle);
    handle_slot_free(source);
    aftermath_run(&aftermath, object);
    return handle;
}

void handle_move_undo(struct handle_entry *entry, struct handle_entry *source)
{
    struct object *object = source->object;
    struct aftermath aftermath = {0};

    spin_lock(&object->tree_lock);
    if (entry->state == HANDLE_LIVE) {
        tree_replace(object, entry, source);
        if (object->work_root == entry) {
            object->work_root = source;
        }
        if (object->work_cursor == entry) {
            object->work_cursor = source;
        }
        entry_retract(entry, object, &aftermath);
        source->state = HANDLE_LIVE;
        source->ipc_type = ipc_type_of(object, source->rights);
    } else {
        entry_retract(source, object, &aftermath);
        entry_blank(source);
    }
    entry->state = HANDLE_RESERVED;
    (void)entry_show(source);
    spin_unlock(&object->tree_lock);
    handle_slot_free(entry);
    aftermath_run(&aftermath, object);
}

/* A slot that a revoke has emptied. */
static int close_revoked(struct handle_table *table, handle_t handle)
{
    struct handle_entry *entry = handle_slot(table, handle);
    bool ours;

    spin_lock(&table->lock);
    ours = entry->value == handle && entry->state == HANDLE_REVOKED;
    if (ours) {
        __atomic_store_n(&entry->value, HANDLE_INVALID, __ATOMIC_RELEASE);
        entry->state = HANDLE_RESERVED; /* between two owners: nobody else touches it */
    }
    spin_unlock(&table->lock);
    if (!ours) {
        return -EBADF;
    }
    handle_slot_free(entry);
    return 0;
}

int handle_close(struct handle_table *table, handle_t handle) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *entry;
    struct object *object;
    struct aftermath aftermath = {0};
    int error = entry_lock_settled(table, handle, 0, &entry, &object);

    if (UNLIKELY(error != 0)) {
        return error == -EREVOKED ? close_revoked(table, handle) : error;
    }
    if (UNLIKELY(has_descendants(entry))) {
        object->work_root = entry;
        object->work_cursor = entry->next;
        return help_work(object);
    }
    entry_hide(entry);
    tree_remove_entry(object, entry);
    entry_retract(entry, object, &aftermath);
    spin_unlock(&object->tree_lock);
    note_change(TRACE_HANDLE_CLOSED, object, handle);

    handle_slot_free(entry);
    aftermath_run(&aftermath, object);
    return 0;
}

int handle_revoke(struct handle_table *table, handle_t handle) NO_THREAD_SAFETY_ANALYSIS
{
    struct handle_entry *entry;
    struct object *object;
    struct aftermath aftermath = {0};
    int error = entry_lock(table, handle, &entry, &object);

    if (error != 0) {
        return error;
    }
    if (object->work_root != NULL && (object->work_root != entry || object->work_cursor != NULL)) {
        return help_work(object);
    }
    if (object->work_root == NULL) {
        note_change(TRACE_HANDLE_REVOKED, object, handle);
    }
    object->work_root = entry;

    bool is_done = work_step(object, &aftermath);

    spin_unlock(&object->tree_lock);
    aftermath_run(&aftermath, object);
    return is_done ? 0 : -ERETRY;
}
