/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include <quay/heap.h>
#include <quay/text.h>
#include "node.h"

#define SLOT_GONE UINT32_MAX
#define FEW       8u /* entries that are looked through rather than hashed */

static uint32_t name_hash(const char *name, uint32_t length)
{
    uint32_t hash = NAME_HASH;
    for (uint32_t i = 0; i < length; i++) {
        hash = name_hash_add(hash, (uint8_t)name[i]);
    }
    return hash;
}

static bool entry_is(const struct entry *entry, const char *name, uint32_t length, uint32_t hash)
{
    if (entry == NULL || entry->hash != hash || entry->length != length) {
        return false;
    }
    const char *own = entry_name(entry);
    while (length > 0 && name[length - 1] == own[length - 1]) {
        length--;
    }
    return length == 0;
}

/* Its place in `entries`, and in `slots` if there are any; false: there is none. */
static bool place_find(const struct directory *directory, const char *name, uint32_t length,
                       uint32_t hash, uint32_t *ret_place, uint32_t *ret_slot)
{
    *ret_slot = 0;
    if (directory->slots == NULL) {
        for (uint32_t i = 0; i < directory->used; i++) {
            if (entry_is(directory->entries[i], name, length, hash)) {
                *ret_place = i;
                return true;
            }
        }
        return false;
    }
    uint32_t mask = directory->slot_count - 1;
    for (uint32_t slot = hash & mask; directory->slots[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t place = directory->slots[slot] - 1;
        if (directory->slots[slot] != SLOT_GONE &&
            entry_is(directory->entries[place], name, length, hash)) {
            *ret_place = place;
            *ret_slot = slot;
            return true;
        }
    }
    return false;
}

struct entry *directory_find_hash(const struct directory *directory, const char *name,
                                  uint32_t length, uint32_t hash)
{
    uint32_t place, slot;
    return place_find(directory, name, length, hash, &place, &slot) ? directory->entries[place]
                                                                    : NULL;
}

struct entry *directory_find(const struct directory *directory, const char *name, uint32_t length)
{
    return directory_find_hash(directory, name, length, name_hash(name, length));
}

uint32_t directory_seek(const struct directory *directory, uint64_t cookie)
{
    /* A hole is taken for what stands behind it. */
    uint32_t low = 0, high = directory->used;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, probe = middle;
        while (probe < high && directory->entries[probe] == NULL) {
            probe++;
        }
        if (probe < high && directory->entries[probe]->cookie < cookie) {
            low = probe + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct entry *directory_from(const struct directory *directory, uint64_t cookie)
{
    uint32_t place = directory_seek(directory, cookie);
    return directory_at(directory, &place);
}

static void slot_put(struct directory *directory, uint32_t place)
{
    uint32_t mask = directory->slot_count - 1;
    uint32_t slot = directory->entries[place]->hash & mask;
    while (directory->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    directory->slots[slot] = place + 1;
    directory->slots_used++;
}

/* Closes the holes, and makes room for twice as many as there are. */
static int directory_rebuild(struct directory *directory)
{
    uint32_t capacity = directory->count < FEW / 2 ? FEW : directory->count * 2;
    uint32_t slot_count = 0;
    while (capacity > FEW && slot_count < capacity * 2) {
        slot_count = slot_count == 0 ? 4 * FEW : slot_count * 2;
    }
    struct entry **entries = qy_alloc(capacity * sizeof *entries);
    uint32_t *slots = slot_count > 0 ? qy_alloc_zeroed(slot_count, sizeof *slots) : NULL;
    if (entries == NULL || (slot_count > 0 && slots == NULL)) {
        qy_free(entries);
        qy_free(slots);
        return ENOSPC;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < directory->used; i++) {
        if (directory->entries[i] != NULL) {
            entries[count++] = directory->entries[i];
        }
    }
    qy_free(directory->entries);
    qy_free(directory->slots);
    directory->entries = entries;
    directory->slots = slots;
    directory->capacity = capacity;
    directory->slot_count = slot_count;
    directory->slots_used = 0;
    directory->used = count;
    for (uint32_t i = 0; slots != NULL && i < count; i++) {
        slot_put(directory, i);
    }
    return 0;
}

int directory_prepare(struct directory *directory)
{
    if (directory->used < directory->capacity &&
        (directory->slots == NULL || directory->slots_used * 2 < directory->slot_count)) {
        return 0;
    }
    return directory_rebuild(directory);
}

void entry_set(struct entry *entry, uint64_t node, uint32_t mode)
{
    entry->node = node;
    entry->type = (uint16_t)(mode >> 12);
}

struct entry *entry_new(const char *name, uint32_t length, uint64_t node, uint32_t mode)
{
    uint64_t words = length / 8 + 1; /* a zero at least */
    struct entry *entry = qy_alloc(sizeof *entry + words * 8);
    if (entry != NULL) {
        *entry = (struct entry){.hash = name_hash(name, length), .length = (uint16_t)length};
        entry->words[words - 1] = 0;
        memcpy(entry->words, name, length);
        entry_set(entry, node, mode);
    }
    return entry;
}

void directory_add(struct directory *directory, struct entry *entry)
{
    entry->cookie = directory->next_cookie++;
    directory->entries[directory->used] = entry;
    if (directory->slots != NULL) {
        slot_put(directory, directory->used);
    }
    directory->used++;
    directory->count++;
}

struct entry *directory_take(struct directory *directory, const char *name, uint32_t length)
{
    uint32_t place, slot;
    if (!place_find(directory, name, length, name_hash(name, length), &place, &slot)) {
        return NULL;
    }
    struct entry *entry = directory->entries[place];
    directory->entries[place] = NULL;
    if (directory->slots != NULL) {
        directory->slots[slot] = SLOT_GONE;
    }
    while (directory->used > 0 && directory->entries[directory->used - 1] == NULL) {
        directory->used--;
    }
    directory->count--;
    return entry;
}

void directory_fini(struct directory *directory)
{
    for (uint32_t i = 0; i < directory->used; i++) {
        qy_free(directory->entries[i]);
    }
    qy_free(directory->entries);
    qy_free(directory->slots);
}
