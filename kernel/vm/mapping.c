/* SPDX-License-Identifier: MIT */
#include "vm/mapping.h"

#include "core/panic.h"
#include "lib/checked.h"
#include "mm/slab.h"
#include <quay/abi/errno.h>

/* Where room is looked for when no address is asked for: above where programs are linked. */
#define ROOM_BASE 0x0000020000000000ul

static struct slab_cache mapping_cache;

void mapping_init(void)
{
    slab_cache_init(&mapping_cache, "mapping", sizeof(struct mapping), _Alignof(struct mapping));
}

int mapping_take_locked(struct aspace *aspace, struct mapping **ret_mapping)
{
    if (LIKELY(aspace->spare != NULL)) {
        *ret_mapping = aspace->spare;
        aspace->spare = NULL;
        return 0;
    }
    *ret_mapping = account_alloc(aspace->object.account, &mapping_cache);
    return *ret_mapping == NULL ? -ENOMEM : 0;
}

void mapping_attach(struct mapping *mapping, struct memory *memory, struct mapping *other)
{
    mapping->memory = memory;
    object_ref(&memory->object);
    spin_lock(&memory->lock);
    list_insert_before(other == NULL ? memory->mappings.next : other->link.next, &mapping->link);
    spin_unlock(&memory->lock);
}

/* A change of the memory that has come to this mapping goes on with the next one. */
static void mapping_detach(struct mapping *mapping)
{
    struct memory *memory = mapping->memory;

    spin_lock(&memory->lock);
    if (UNLIKELY(memory->change.next == &mapping->link)) {
        memory->change.next = mapping->link.next;
    }
    list_remove(&mapping->link);
    spin_unlock(&memory->lock);
    object_unref(&memory->object);
}

void mapping_keep_locked(struct aspace *aspace, struct mapping *mapping)
{
    mapping_detach(mapping);
    mapping->memory = NULL;
    mapping->next = NULL;
    aspace->spare = mapping;
}

void mapping_free(struct account *account, struct mapping *mapping)
{
    while (mapping != NULL) {
        struct mapping *next = mapping->next;

        if (mapping->memory != NULL) {
            mapping_detach(mapping);
        }
        account_free(account, &mapping_cache, mapping);
        mapping = next;
    }
}

/* --- The tree --- */

static struct mapping *from_node(struct tree_node *node)
{
    return node == NULL ? NULL : CONTAINER_OF(node, struct mapping, node);
}

/* As tree_find_floor, but the comparison is not a call: every fault comes this way. */
struct mapping *mapping_floor_locked(struct aspace *aspace, uint64_t address)
{
    struct tree_node *node = aspace->mappings.root;
    struct mapping *best = NULL;

    while (node != NULL) {
        struct mapping *mapping = CONTAINER_OF(node, struct mapping, node);
        bool is_below = mapping->start <= address;

        best = is_below ? mapping : best;
        node = node->child[is_below];
    }
    return best;
}

struct mapping *mapping_search_locked(struct aspace *aspace, uint64_t address)
{
    struct mapping *mapping = mapping_floor_locked(aspace, address);

    if (mapping == NULL || !mapping_contains(mapping, address)) {
        return NULL;
    }
    aspace->hot = mapping;
    return mapping;
}

struct mapping *mapping_next_locked(struct aspace *aspace, const struct mapping *mapping)
{
    return from_node(mapping == NULL ? tree_first(&aspace->mappings) : tree_next(&mapping->node));
}

struct mapping *mapping_first_locked(struct aspace *aspace, uint64_t address)
{
    struct mapping *mapping = aspace->hot;

    if (mapping != NULL && mapping_contains(mapping, address)) {
        return mapping;
    }
    mapping = mapping_floor_locked(aspace, address);
    if (mapping != NULL && mapping_contains(mapping, address)) {
        return mapping;
    }
    return mapping_next_locked(aspace, mapping);
}

void mapping_insert_locked(struct aspace *aspace, struct mapping *below, struct mapping *mapping)
{
    tree_insert_after(&aspace->mappings, below == NULL ? NULL : &below->node, &mapping->node);
    aspace->mapping_count++;
}

void mapping_remove_locked(struct aspace *aspace, struct mapping *mapping)
{
    /* What was mapped last goes first, often enough: its tables are there already. */
    if (aspace->hint_below == mapping) {
        aspace->hint_below = from_node(tree_prev(&mapping->node));
        if (aspace->hint == mapping_end(mapping)) {
            aspace->hint = mapping->start;
        }
    } else if (mapping->start >= ROOM_BASE && mapping->start < aspace->hint) {
        aspace->removed_bytes += mapping->size_bytes;
    }
    if (aspace->hot == mapping) {
        aspace->hot = NULL;
    }
    tree_remove(&aspace->mappings, &mapping->node);
    aspace->mapping_count--;
}

void mapping_split_locked(struct aspace *aspace, struct mapping *mapping, uint64_t address,
                          struct mapping *spare)
{
    uint64_t lower_size = address - mapping->start;

    debug_assert(address > mapping->start && address < mapping_end(mapping));
    *spare = *mapping;
    mapping_attach(spare, mapping->memory, mapping);
    spare->start = address;
    spare->size_bytes -= lower_size;
    spare->offset += lower_size;
    spare->swept = max_u64(mapping->swept, address);
    mapping->size_bytes = lower_size;
    mapping->swept = min_u64(mapping->swept, address);
    mapping_insert_locked(aspace, mapping, spare);
}

/* --- Room --- */

bool mapping_room_is_free_locked(struct aspace *aspace, uint64_t address, uint64_t size_bytes,
                                 struct mapping **ret_below)
{
    struct mapping *below = mapping_floor_locked(aspace, address);
    const struct mapping *above = mapping_next_locked(aspace, below);

    *ret_below = below;
    return (below == NULL || mapping_end(below) <= address) &&
           (above == NULL || above->start >= address + size_bytes);
}

/* Whether there is room above `below` (NULL: at the bottom) and from *address on, which becomes the
 * first that would do. */
static ALWAYS_INLINE bool gap_fits(const struct mapping *below, const struct mapping *above,
                                   const struct room *room, uint64_t *address)
{
    uint64_t limit = above == NULL ? USER_LIMIT : above->start;

    if (below != NULL) {
        *address = max_u64(*address, mapping_end(below));
    }
    *address += (room->phase - *address) & (room->alignment - 1);
    return limit >= *address && limit - *address >= room->size_bytes;
}

/* First fit from `address` up. */
static COLD NOINLINE bool find_from(struct aspace *aspace, uint64_t address,
                                    const struct room *room, uint64_t *ret_address,
                                    struct mapping **ret_below) REQUIRES(&aspace->lock)
{
    struct mapping *below = mapping_floor_locked(aspace, address);

    for (unsigned i = 0; i < ASPACE_SEARCH_MAX; i++) {
        struct mapping *above = mapping_next_locked(aspace, below);

        if (gap_fits(below, above, room, &address)) {
            *ret_address = address;
            *ret_below = below;
            return true;
        }
        if (above == NULL) {
            break;
        }
        below = above;
    }
    return false;
}

/* From the hint up, where what was mapped last ends, and above all that was ever mapped this way.
 * Tables are never given back, so addresses are used again: when as much was removed as half of
 * what lies below the hint, from the bottom first. hint_below is the mapping that begins last below
 * the hint when it was set, or one further down. */
int mapping_find_room_locked(struct aspace *aspace, const struct room *room, uint64_t *ret_address,
                             struct mapping **ret_below)
{
    uint64_t hint = max_u64(aspace->hint, ROOM_BASE);
    bool is_much_free = aspace->removed_bytes > (hint - ROOM_BASE) / 2;

    *ret_address = hint;
    *ret_below = aspace->hint_below;
    if (LIKELY(!is_much_free && *ret_below != NULL) &&
        LIKELY(gap_fits(*ret_below, mapping_next_locked(aspace, *ret_below), room, ret_address))) {
        return 0;
    }
    aspace->removed_bytes = is_much_free ? 0 : aspace->removed_bytes;
    return (is_much_free && find_from(aspace, ROOM_BASE, room, ret_address, ret_below)) ||
                   find_from(aspace, hint, room, ret_address, ret_below) ||
                   find_from(aspace, aspace->hint_top, room, ret_address, ret_below) ||
                   find_from(aspace, ROOM_BASE, room, ret_address, ret_below)
               ? 0
               : -ENOMEM;
}
