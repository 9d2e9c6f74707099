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

#include <stdint.h>

struct entry {
    uint64_t cookie;
    uint64_t node;
    uint32_t hash;
    uint32_t length;
    char name[]; /* not terminated */
};

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

/* The first entry whose cookie is at least this, or NULL. */
const struct entry *directory_from(const struct directory *directory, uint64_t cookie);

/* So that the next directory_add does not fail: 0, or ENOSPC. */
int directory_prepare(struct directory *directory);

struct entry *entry_new(const char *name, uint32_t length, uint64_t node); /* NULL: no memory */
void directory_add(struct directory *directory, struct entry *entry);      /* takes it */

/* Takes an entry out, which is the caller's then; NULL: there is none. */
struct entry *directory_take(struct directory *directory, const char *name, uint32_t length);

void directory_fini(struct directory *directory);
