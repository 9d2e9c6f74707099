/* SPDX-License-Identifier: MIT */
/* Life of an address space, and adding mappings to it. Removing them is unmap.c. */
#include "vm/aspace.h"

#include "lib/checked.h"
#include "vm/mapping.h"
#include "vm/range.h"
#include <quay/abi/errno.h>

static void aspace_destroy(struct object *object);

static const struct object_ops aspace_ops = {
    OBJECT_RECORD(aspace, OBJECT_ASPACE, _Alignof(struct aspace)),
    .destroy = aspace_destroy,
};

void vm_init(void)
{
    object_type_init(&aspace_ops);
    object_type_init(&memory_ops);
    mapping_init();
}

COLD int aspace_create(struct account *account, struct aspace **ret_aspace)
{
    struct object *object;
    struct aspace *aspace;
    int status = account_charge(account, JOB_MEMORY, PAGE_SIZE); /* the top table */

    if (status != 0) {
        return status;
    }
    status = object_create(&aspace_ops, account, &object);
    if (status != 0) {
        goto undo_charge;
    }
    aspace = aspace_of(object);
    status = arch_aspace_init(&aspace->root.arch);
    if (status != 0) {
        aspace->drained = true;
        object_unref(object);
        goto undo_charge;
    }
    spinlock_init(&aspace->lock, LOCK_RANK_ASPACE);
    tree_init(&aspace->mappings);
    aspace->tables_used = aspace->tables_paid = 1;
    *ret_aspace = aspace;
    return 0;

undo_charge:
    account_uncharge(account, JOB_MEMORY, PAGE_SIZE);
    return status;
}

/* --- Mapping --- */

static int check_map(const struct memory *memory, uint64_t offset, uint64_t address,
                     uint64_t size_bytes, uint32_t flags)
{
    if ((flags & ~(MAP_PERMISSIONS | MAP_FIXED | MAP_FORK_MODES | MAP_STABLE)) != 0 ||
        size_bytes == 0 || !is_aligned(offset | address | size_bytes, PAGE_SIZE)) {
        return -EINVAL;
    }
    if (!range_contains(0, memory_size(memory), offset, size_bytes)) {
        return -ERANGE;
    }
    if ((flags & MAP_STABLE) && (memory->pager != NULL || memory->is_resizable)) {
        return -ENOTSUP;
    }
    if ((flags & MAP_FIXED) && !range_is_user(address, size_bytes)) {
        return -EFAULT;
    }
    return permissions_check(flags & MAP_PERMISSIONS);
}

/* Chooses where: the address, and the mapping below it. */
static int place(struct aspace *aspace, const struct memory *memory, uint64_t offset,
                 uint64_t address, uint64_t size_bytes, uint32_t flags, uint64_t *ret_address,
                 struct mapping **ret_below) REQUIRES(&aspace->lock)
{
    struct room room = {size_bytes, PAGE_SIZE, memory->start.value + offset};

    if (UNLIKELY(aspace->state != ASPACE_OPEN)) {
        return aspace->state == ASPACE_CLOSED ? -ESRCH : -EBUSY;
    }
    if (address != 0 && range_is_user(address, size_bytes) &&
        mapping_room_is_free_locked(aspace, address, size_bytes, ret_below)) {
        *ret_address = address;
        return 0;
    }
    if (flags & MAP_FIXED) {
        return -EEXIST;
    }
    if (UNLIKELY(memory->is_large) && size_bytes >= LARGE_SIZE) {
        room.alignment = LARGE_SIZE; /* as in physical memory */
    }
    return mapping_find_room_locked(aspace, &room, ret_address, ret_below);
}

int aspace_map(struct aspace *aspace, struct memory *memory, uint64_t offset, uint64_t address,
               uint64_t size_bytes, uint32_t flags, uint32_t allowed, uint64_t *ret_address)
{
    int status = check_map(memory, offset, address, size_bytes, flags);
    struct mapping *mapping, *below;
    uint64_t start;

    if (UNLIKELY(status != 0)) {
        return status;
    }
    spin_lock(&aspace->lock);
    status = place(aspace, memory, offset, address, size_bytes, flags, &start, &below);
    if (status == 0) {
        status = mapping_take_locked(aspace, &mapping);
    }
    if (status != 0) {
        spin_unlock(&aspace->lock);
        return status;
    }
    *mapping = (struct mapping){
        .start = start,
        .size_bytes = size_bytes,
        .aspace = aspace,
        .offset = offset,
        .swept = start + size_bytes,
        .flags = flags & MAP_PERMISSIONS,
        .allowed = (allowed | flags) & MAP_PERMISSIONS,
        .fork = flags & MAP_FORK_MODES,
    };
    mapping_attach(mapping, memory, NULL);
    mapping_insert_locked(aspace, below, mapping);
    if (start != address) {
        aspace->hint = start + size_bytes;
        aspace->hint_top = max_u64(aspace->hint_top, aspace->hint);
        aspace->hint_below = mapping;
    }
    spin_unlock(&aspace->lock);
    *ret_address = start;
    return 0;
}

/* --- The end --- */

static void aspace_free(struct aspace *aspace)
{
    mapping_free(aspace->object.account, aspace->spare);
    object_free(&aspace->object);
}

/* Some mappings, taken out of the tree, or NULL. No CPU has the tables loaded any more, nor will
 * one, so the translations need not be undone one by one. */
static struct mapping *take_mappings(struct aspace *aspace)
{
    struct mapping *taken = NULL;
    struct tree_node *node;

    spin_lock(&aspace->lock);
    aspace->hot = aspace->hint_below = NULL;
    for (unsigned i = 0; i < ASPACE_STEP_MAPPINGS; i++) {
        node = tree_first(&aspace->mappings);
        if (node == NULL) {
            break;
        }
        struct mapping *mapping = CONTAINER_OF(node, struct mapping, node);

        mapping_remove_locked(aspace, mapping);
        mapping->next = taken;
        taken = mapping;
    }
    spin_unlock(&aspace->lock);
    return taken;
}

/* One step; true when everything has been given back but the record. */
static COLD bool drain_step(struct aspace *aspace)
{
    struct mapping *taken = take_mappings(aspace);
    struct memory *from;
    bool is_done;

    if (taken != NULL) {
        mapping_free(aspace->object.account, taken);
        return false;
    }
    spin_lock(&aspace->lock);
    is_done = arch_aspace_fini(&aspace->root.arch);
    from = aspace->fork.from;
    aspace->fork.from = NULL;
    spin_unlock(&aspace->lock);
    object_unref(from == NULL ? NULL : &from->object);
    if (!is_done) {
        return false;
    }
    account_uncharge(aspace->object.account, JOB_MEMORY, aspace->tables_paid * PAGE_SIZE);
    aspace->tables_paid = aspace->tables_used = 0;
    aspace->present_pages = 0;
    aspace->drained = true;
    return true;
}

static void close_step(struct sync_node *node)
{
    struct aspace *aspace = CONTAINER_OF(node, struct aspace, drain);

    if (drain_step(aspace)) {
        object_unref(&aspace->object);
    } else {
        sync_post(node, close_step);
    }
}

static void destroy_step(struct sync_node *node)
{
    struct aspace *aspace = CONTAINER_OF(node, struct aspace, drain);

    if (drain_step(aspace)) {
        aspace_free(aspace);
    } else {
        sync_post(node, destroy_step);
    }
}

void aspace_close(struct aspace *aspace)
{
    bool was_closed;

    spin_lock(&aspace->lock);
    was_closed = aspace->state == ASPACE_CLOSED;
    aspace->state = ASPACE_CLOSED;
    spin_unlock(&aspace->lock);
    if (!was_closed) {
        object_ref(&aspace->object);
        sync_round(&aspace->drain, __atomic_load_n(&aspace->root.cpus, __ATOMIC_SEQ_CST),
                   close_step);
    }
}

static void aspace_destroy(struct object *object)
{
    struct aspace *aspace = aspace_of(object);

    if (aspace->drained) {
        aspace_free(aspace);
    } else {
        destroy_step(&aspace->drain);
    }
}

/* --- Figures --- */

uint64_t aspace_present_bytes(const struct aspace *aspace)
{
    return __atomic_load_n(&aspace->present_pages, __ATOMIC_RELAXED) * PAGE_SIZE;
}

int aspace_mapping(struct aspace *aspace, uint64_t address, uint64_t *ret_start, uint64_t *ret_end,
                   uint32_t *ret_flags)
{
    const struct mapping *mapping;
    int status = -ENOENT;

    spin_lock(&aspace->lock);
    mapping = mapping_first_locked(aspace, address);
    if (mapping != NULL) {
        *ret_start = mapping->start;
        *ret_end = mapping_end(mapping);
        *ret_flags = mapping->flags | mapping->fork;
        status = 0;
    }
    spin_unlock(&aspace->lock);
    return status;
}
