/* SPDX-License-Identifier: MIT */
/*
 * The entries of a directory.
 *
 *   entries[]   in the order of their cookies, with holes where some were removed
 *   slots[]     hash of the name -> place in entries[] + 1
 *
 * A cookie is never used twice in a directory: a reader that goes on behind the cookie of the last
 * entry it saw misses none and sees none twice, whatever was removed or added meanwhile. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct entry {
    uint64_t cookie;
    uint64_t node;
    uint32_t hash; /* of the name: name_hash_add from NAME_HASH on, byte by byte */
    uint16_t length;
    uint16_t type;    /* of the node, as getdents64 has it */
    uint64_t words[]; /* the name, a zero at least behind it */
};

#define NAME_HASH 2166136261u

static inline uint32_t name_hash_add(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * 16777619u;
}

static inline const char *entry_name(const struct entry *entry)
{
    return (const char *)entry->words;
}

struct directory {
    uint64_t parent; /* its own number for the root; 0: it was removed */
    uint64_t next_cookie;
    struct entry **entries; /* NULL where one was removed */
    uint32_t used, capacity;
    uint32_t count;  /* of those that are not NULL */
    uint32_t *slots; /* place + 1; 0: free, SLOT_GONE: was used. NULL while there are few */
    uint32_t slot_count, slots_used;
};

/* The entry of a directory, or NULL. */
struct entry *directory_find(const struct directory *directory, const char *name, uint32_t length);

/* The same, if the hash is known. */
struct entry *directory_find_hash(const struct directory *directory, const char *name,
                                  uint32_t length, uint32_t hash);

/* The place of the first entry whose cookie is at least this, for directory_at. */
uint32_t directory_seek(const struct directory *directory, uint64_t cookie);

/* The first entry from a place on, which *place is then behind; NULL: there is none. */
static inline const struct entry *directory_at(const struct directory *directory, uint32_t *place)
{
    while (*place < directory->used) {
        const struct entry *entry = directory->entries[(*place)++];
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

/* The first entry whose cookie is at least this, or NULL. */
const struct entry *directory_from(const struct directory *directory, uint64_t cookie);

/* So that the next directory_add does not fail: 0, or ENOSPC. */
int directory_prepare(struct directory *directory);

/* NULL: no memory. `mode` is the node's. */
struct entry *entry_new(const char *name, uint32_t length, uint64_t node, uint32_t mode);
void entry_set(struct entry *entry, uint64_t node, uint32_t mode);
void directory_add(struct directory *directory, struct entry *entry); /* takes it */

/* Takes an entry out, which is the caller's then; NULL: there is none. */
struct entry *directory_take(struct directory *directory, const char *name, uint32_t length);

void directory_fini(struct directory *directory);
