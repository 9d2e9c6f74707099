/* SPDX-License-Identifier: MIT */
#include "keeper.h"
#include <quay/handle.h>
#include <quay/server.h>
#include <quay/text.h>

#define KEYS_MAX    1024u
#define BUCKETS     256u
#define HANDLES_MAX 5u

struct entry {
    uint64_t key;
    uint32_t badge; /* low half of the session's */
    handle_t handles[HANDLES_MAX];
    struct entry *next; /* of the bucket, or of those that are free */
};

static struct {
    uint64_t instance;
    struct entry entries[KEYS_MAX];
    struct entry *free;
    struct entry *buckets[BUCKETS];
} keeper_state;

void keeper_init(uint64_t instance)
{
    memset(&keeper_state, 0, sizeof keeper_state);
    keeper_state.instance = instance;
    for (uint32_t i = KEYS_MAX; i-- > 0;) {
        keeper_state.entries[i].next = keeper_state.free;
        keeper_state.free = &keeper_state.entries[i];
    }
}

/* Where the entry is linked, or the end of its bucket. */
static struct entry **find(uint64_t badge, uint64_t key)
{
    struct entry **at = &keeper_state.buckets[key % BUCKETS];
    while (*at != NULL && ((*at)->key != key || (*at)->badge != (uint32_t)badge)) {
        at = &(*at)->next;
    }
    return at;
}

static void handles_close(struct entry *entry)
{
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        qy_handle_discard(entry->handles[i]);
        entry->handles[i] = HANDLE_INVALID;
    }
}

static int64_t put(struct qy_request *request, uint64_t key, handle_t *first, handle_t *second,
                   handle_t *third, handle_t *fourth, handle_t *fifth, uint64_t *ret_instance)
{
    struct entry **at = find(request->in.badge, key);
    struct entry *entry = *at;
    if (entry == NULL) {
        entry = keeper_state.free;
        if (entry == NULL) {
            return QY_KEEPER_FAILURE_FULL;
        }
        keeper_state.free = entry->next;
        *entry = (struct entry){.key = key, .badge = (uint32_t)request->in.badge};
        *at = entry;
    }
    handles_close(entry);
    handle_t *given[HANDLES_MAX] = {first, second, third, fourth, fifth};
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        entry->handles[i] = qy_take(given[i]);
    }
    *ret_instance = keeper_state.instance;
    return 0;
}

static int64_t get(struct qy_request *request, uint64_t key, handle_t *ret_first,
                   handle_t *ret_second, handle_t *ret_third, handle_t *ret_fourth,
                   handle_t *ret_fifth)
{
    const struct entry *entry = *find(request->in.badge, key);
    if (entry == NULL) {
        return QY_KEEPER_FAILURE_NO_SUCH_KEY;
    }
    struct entry copies = {0};
    handle_t *to[HANDLES_MAX] = {ret_first, ret_second, ret_third, ret_fourth, ret_fifth};
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        int64_t made = entry->handles[i] != HANDLE_INVALID
                           ? qy_handle_dup(entry->handles[i], RIGHTS_SAME)
                           : (int64_t)HANDLE_INVALID;
        if (made < 0) {
            handles_close(&copies);
            return QY_KEEPER_FAILURE_FULL;
        }
        copies.handles[i] = (handle_t)made;
    }
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        *to[i] = copies.handles[i];
    }
    return 0;
}

static int64_t drop(struct qy_request *request, uint64_t key, uint64_t *ret_instance)
{
    *ret_instance = keeper_state.instance;
    struct entry **at = find(request->in.badge, key);
    struct entry *entry = *at;
    if (entry != NULL) {
        handles_close(entry);
        *at = entry->next;
        entry->next = keeper_state.free;
        keeper_state.free = entry;
    }
    return 0;
}

const struct qy_keeper_handlers keeper_handlers = {.put = put, .get = get, .drop = drop};
