/* SPDX-License-Identifier: MIT */
/*
 * One mapping: a range of addresses, the memory behind it, and what may be done there. Mappings do
 * not overlap. Only for vm.
 */
#pragma once

#include "vm/aspace.h"
#include "vm/memory.h"

struct mapping {
    union {
        struct tree_node node; /* in aspace.mappings */
        struct mapping *next;  /* removed: what goes with it */
    };
    uint64_t start;
    uint64_t size_bytes;
    struct aspace *aspace;
    struct memory *memory; /* a reference */
    struct list link;      /* memory.mappings */
    uint64_t offset;
    uint64_t swept; /* the page tables agree with flags up to here; mapping_end when all do */
    uint8_t flags;  /* MAP_READ, WRITE, EXEC */
    uint8_t allowed;
    uint16_t fork;  /* MAP_FORK_* */
    bool touched;   /* may have translations */
    bool dying;     /* being removed */
    bool narrowing; /* what is swept away may be in the TLBs of others */
    bool stale;     /* something was, and they have not been told */
};

/* The caches of this layer. */
void mapping_init(void);

/* A record, paid: 0 or -ENOMEM. Its contents are undefined. */
MUST_USE int mapping_take_locked(struct aspace *aspace, struct mapping **ret_mapping)
    REQUIRES(&aspace->lock);

/* Gives back the reference of a record that nobody knows any more, and keeps it for the next one;
 * there is no spare one yet. */
void mapping_keep_locked(struct aspace *aspace, struct mapping *mapping) REQUIRES(&aspace->lock);

/* Makes the mapping one of `memory`, with a reference; behind `other` of the same memory, or first
 * (NULL). */
void mapping_attach(struct mapping *mapping, struct memory *memory, struct mapping *other);

/* The current thread begins to wait until vm_wait_end; its frame says already what then happens. */
struct vm_wait *vm_wait_begin(void);
void vm_wait_end(struct vm_wait *wait);

/* Gives back a list of records (by next), and their references to memory. NULL is an empty one. */
void mapping_free(struct account *account, struct mapping *mapping);

static inline uint64_t mapping_end(const struct mapping *mapping)
{
    return mapping->start + mapping->size_bytes;
}

/* The index in the memory of the page at an address. */
static inline uint64_t mapping_index(const struct mapping *mapping, uint64_t address)
{
    return (mapping->offset + (address - mapping->start)) >> PAGE_SHIFT;
}

/* The last mapping that begins at or below the address, NULL if there is none. */
struct mapping *mapping_floor_locked(struct aspace *aspace, uint64_t address)
    REQUIRES(&aspace->lock);

static inline bool mapping_contains(const struct mapping *mapping, uint64_t address)
{
    return address - mapping->start < mapping->size_bytes;
}

/* The general case of mapping_find_locked; use that one. */
struct mapping *mapping_search_locked(struct aspace *aspace, uint64_t address)
    REQUIRES(&aspace->lock);

/* The mapping that contains the address, NULL if there is none. */
static inline struct mapping *mapping_find_locked(struct aspace *aspace, uint64_t address)
    REQUIRES(&aspace->lock)
{
    struct mapping *hot = aspace->hot;

    if (LIKELY(hot != NULL && mapping_contains(hot, address))) {
        return hot;
    }
    return mapping_search_locked(aspace, address);
}

/* The first mapping that ends behind `address`, NULL if there is none. */
struct mapping *mapping_first_locked(struct aspace *aspace, uint64_t address)
    REQUIRES(&aspace->lock);

/* The one behind it (NULL: the first of all); NULL if there is none. */
struct mapping *mapping_next_locked(struct aspace *aspace, const struct mapping *mapping)
    REQUIRES(&aspace->lock);

/* Adds a mapping right behind `below` (NULL: before all). */
void mapping_insert_locked(struct aspace *aspace, struct mapping *below, struct mapping *mapping)
    REQUIRES(&aspace->lock);
void mapping_remove_locked(struct aspace *aspace, struct mapping *mapping) REQUIRES(&aspace->lock);

/* Cuts a mapping at an address inside it: `spare` becomes the upper part. */
void mapping_split_locked(struct aspace *aspace, struct mapping *mapping, uint64_t address,
                          struct mapping *spare) REQUIRES(&aspace->lock);

/* What is looked for: `size_bytes` of addresses, the first of them `phase` modulo `alignment`. */
struct room {
    uint64_t size_bytes, alignment, phase;
};

/* Finds free addresses, and the mapping below them. 0 or -ENOMEM. */
MUST_USE int mapping_find_room_locked(struct aspace *aspace, const struct room *room,
                                      uint64_t *ret_address, struct mapping **ret_below)
    REQUIRES(&aspace->lock);

/* Whether nothing is mapped in the range; then also the mapping below it. */
MUST_USE bool mapping_room_is_free_locked(struct aspace *aspace, uint64_t address,
                                          uint64_t size_bytes, struct mapping **ret_below)
    REQUIRES(&aspace->lock);
