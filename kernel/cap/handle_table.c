/* SPDX-License-Identifier: MIT */
/*
 * The slots of a table: growing, taking, giving back. Chunks of 64 slots are one frame each. The
 * array that points to them doubles; the old one is freed after a grace period, because lookups
 * read it without a lock.
 */
#include "cap/handle.h"

#include "core/panic.h"

#define CHUNK_ARRAY_ORDER_MAX 6 /* 64 pages of pointers: more than HANDLE_TABLE_MAX needs */

/* Precedes the pointers in their first frame. */
struct chunk_array {
    struct sync_node grace;
    struct account *account;
    unsigned order;
    struct handle_entry *chunks[];
};

static uint32_t array_capacity(unsigned order)
{
    return (uint32_t)(((PAGE_SIZE << order) - sizeof(struct chunk_array)) / sizeof(void *));
}

static struct chunk_array *array_of(struct handle_entry **chunks)
{
    return CONTAINER_OF(chunks, struct chunk_array, chunks);
}

static void array_grace_ended(struct sync_node *node)
{
    struct chunk_array *array = CONTAINER_OF(node, struct chunk_array, grace);

    account_pages_free(array->account, array, array->order);
}

void handle_table_init(struct handle_table *table, struct account *account)
{
    *table = (struct handle_table){
        .lock = SPINLOCK_INIT(LOCK_RANK_HANDLE_TABLE),
        .account = account,
    };
}

static int array_grow(struct handle_table *table) REQUIRES(&table->lock)
{
    unsigned order = table->chunks == NULL ? 0 : array_of(table->chunks)->order + 1;
    struct chunk_array *array;

    if (order > CHUNK_ARRAY_ORDER_MAX) {
        return -EMFILE;
    }
    array = account_pages_alloc(table->account, order);
    if (array == NULL) {
        return -ENOMEM;
    }
    array->account = table->account;
    array->order = order;
    for (uint32_t i = 0; i < table->chunk_count; i++) {
        array->chunks[i] = table->chunks[i];
    }

    struct handle_entry **old = table->chunks;

    __atomic_store_n(&table->chunks, array->chunks, __ATOMIC_RELEASE);
    table->chunk_capacity = array_capacity(order);
    if (old != NULL) {
        sync_defer(&array_of(old)->grace, array_grace_ended);
    }
    return 0;
}

/* Adds a chunk, whose slots are free if `is_free`. */
static int table_grow(struct handle_table *table, bool is_free) REQUIRES(&table->lock)
{
    struct handle_entry *chunk, *free_first = table->free_first;

    if (table->chunk_count * HANDLE_CHUNK_SLOTS >= HANDLE_TABLE_MAX) {
        return -EMFILE;
    }
    if (table->chunk_count == table->chunk_capacity) {
        int error = array_grow(table);

        if (error != 0) {
            return error;
        }
    }
    chunk = account_pages_alloc(table->account, 0);
    if (chunk == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = HANDLE_CHUNK_SLOTS; i-- > 0;) {
        chunk[i] = (struct handle_entry){
            .table = table,
            .generation_index =
                HANDLE_GENERATION_STEP | (table->chunk_count * HANDLE_CHUNK_SLOTS + i),
            .next = table->free_first,
        };
        table->free_first = &chunk[i];
    }
    if (!is_free) {
        table->free_first = free_first;
    }
    table->chunks[table->chunk_count] = chunk;
    /* Pairs with the load in handle_slot. */
    __atomic_store_n(&table->chunk_count, table->chunk_count + 1, __ATOMIC_RELEASE);
    return 0;
}

int handle_reserve(struct handle_table *table, struct handle_entry **ret_entry)
{
    int error = 0;

    spin_lock(&table->lock);
    if (UNLIKELY(table->closed)) {
        error = -EBADF;
    } else if (UNLIKELY(table->free_first == NULL)) {
        error = table_grow(table, true);
    }
    if (LIKELY(error == 0)) {
        struct handle_entry *entry = table->free_first;

        table->free_first = entry->next;
        table->live_count++;
        entry->state = HANDLE_RESERVED;
        *ret_entry = entry;
    }
    spin_unlock(&table->lock);
    return error;
}

void handle_slot_free(struct handle_entry *entry)
{
    struct handle_table *table = entry->table;

    spin_lock(&table->lock);
    table->live_count--;
    entry->state = HANDLE_FREE;
    /* Handle 0 compares equal to the value of a free slot: there must be nothing to find. */
    __atomic_store_n(&entry->type, OBJECT_NONE, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->object, NULL, __ATOMIC_RELAXED);
    entry->generation_index += HANDLE_GENERATION_STEP;
    /* A slot whose generation came round to 0 is never used again. */
    if (LIKELY(entry->generation_index >= HANDLE_GENERATION_STEP)) {
        entry->next = table->free_first;
        table->free_first = entry;
    }
    spin_unlock(&table->lock);
}

COLD int handle_fork_grow(struct handle_table *table, uint32_t index)
{
    int error = 0;

    spin_lock(&table->lock);
    if (table->closed) {
        error = -EBUSY;
    } else if (index >= table->fork_end) {
        error = table->chunk_count * HANDLE_CHUNK_SLOTS == table->fork_end
                    ? table_grow(table, false)
                    : -EBUSY;
        table->fork_end += error == 0 ? HANDLE_CHUNK_SLOTS : 0;
    }
    spin_unlock(&table->lock);
    return error;
}

COLD bool handle_fork_slot(struct handle_table *table, uint32_t index, handle_t value,
                           bool is_taken)
{
    struct handle_entry *entry = handle_slot(table, index);
    bool is_ours;

    spin_lock(&table->lock);
    is_ours = table->fork_index == index && !table->closed;
    if (is_ours) {
        table->fork_index++;
        entry->generation_index = value;
        if (is_taken) {
            table->live_count++;
            entry->state = HANDLE_RESERVED;
        } else if (value >= HANDLE_GENERATION_STEP) {
            entry->next = table->free_first;
            table->free_first = entry;
        }
    }
    spin_unlock(&table->lock);
    return is_ours;
}

void handle_unreserve(struct handle_entry *entry)
{
    if (entry != NULL) {
        /* Nobody has seen its value: the generation would not need to advance, but one rule for
         * all is worth more than 2^40 generations less one. */
        handle_slot_free(entry);
    }
}

int handle_reserve_two(struct handle_table *table, struct handle_entry *entries[2])
{
    int error = handle_reserve(table, &entries[0]);

    if (error == 0) {
        error = handle_reserve(table, &entries[1]);
        if (error != 0) {
            handle_unreserve(entries[0]);
        }
    }
    return error;
}

void handle_unreserve_two(struct handle_entry *entries[2])
{
    handle_unreserve(entries[1]);
    handle_unreserve(entries[0]);
}

#define DRAIN_STEP 16

/* Closes what is found in a bounded number of slots. */
static void drain_some(struct handle_table *table)
{
    unsigned budget = DRAIN_STEP * 4;

    while (budget > 0 && table->drain_index < table->chunk_count * HANDLE_CHUNK_SLOTS) {
        uint32_t index = table->drain_index;
        struct handle_entry *entry =
            &table->chunks[index / HANDLE_CHUNK_SLOTS][index % HANDLE_CHUNK_SLOTS];
        handle_t value = __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE);

        if (value != HANDLE_INVALID && handle_close(table, value) == -ERETRY) {
            return; /* a revoke is under way in that object; our next step helps it again */
        }
        budget -= value != HANDLE_INVALID && budget >= 4 ? 4 : 1;
        table->drain_index++;
    }
}

bool handle_table_drain(struct handle_table *table)
{
    spin_lock(&table->lock);
    table->closed = true;
    spin_unlock(&table->lock);

    drain_some(table);
    if (table->drain_index < table->chunk_count * HANDLE_CHUNK_SLOTS) {
        return false;
    }
    /* Another CPU may hold a slot it is about to fill; look again until all are free. */
    table->drain_index = 0;
    return table->live_count == 0;
}

bool handle_table_fini(struct handle_table *table)
{
    for (unsigned step = 0; step < DRAIN_STEP && table->chunk_count > 0; step++) {
        account_pages_free(table->account, table->chunks[--table->chunk_count], 0);
    }
    if (table->chunk_count > 0) {
        return false;
    }
    if (table->chunks != NULL) {
        array_grace_ended(&array_of(table->chunks)->grace);
        table->chunks = NULL;
    }
    return true;
}
