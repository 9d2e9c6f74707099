/* SPDX-License-Identifier: MIT */
/*
 *   bucket -> [leader of word A] <-> [leader of word B]        thread.sleep_link
 *                    |                      |
 *                [sleeper]              [sleeper]              thread.observer.link
 *                [sleeper]
 *
 * When a leader goes, the next sleeper of its word takes its place.
 */
#include "object/futex.h"

#include "arch/user.h"
#include "core/lock.h"
#include "sched/sched.h"
#include "vm/aspace.h"
#include <quay/abi/errno.h>

#define BUCKET_COUNT 64u

struct futex_key {
    koid_t memory;
    uint64_t offset;
};

struct bucket {
    struct spinlock lock;
    struct list leaders; /* under the lock */
} CACHE_ALIGNED;

static struct bucket futex_buckets[BUCKET_COUNT];

void futex_init(void)
{
    for (unsigned i = 0; i < BUCKET_COUNT; i++) {
        spinlock_init(&futex_buckets[i].lock, LOCK_RANK_FUTEX);
        list_init(&futex_buckets[i].leaders);
    }
}

static struct bucket *bucket_of(const struct futex_key *key)
{
    /* Multiplicative hashing: the top bits depend on all below. */
    uint64_t hash = (key->memory * 0x9e3779b97f4a7c15ul) ^ (key->offset * 0xff51afd7ed558ccdul);

    return &futex_buckets[hash >> 58];
}

static int key_of(struct uaddr word, struct futex_key *ret_key)
{
    return aspace_find(aspace_current(), word.value, &ret_key->memory, &ret_key->offset);
}

/* --- Queues --- */

static struct thread *leader_thread(struct list *link)
{
    return CONTAINER_OF(link, struct thread, sleep_link);
}

static struct thread *sleeper_thread(struct list *link)
{
    return CONTAINER_OF(link, struct thread, observer.link);
}

static struct thread *find_leader(const struct bucket *bucket, const struct futex_key *key)
    REQUIRES(&bucket->lock)
{
    LIST_FOREACH (each, &bucket->leaders) {
        struct thread *thread = leader_thread(each);

        if (thread->sleep_key[1] == key->offset && thread->sleep_key[0] == key->memory) {
            return thread;
        }
    }
    return NULL;
}

static void enqueue(struct bucket *bucket, struct thread *thread, const struct futex_key *key)
    REQUIRES(&bucket->lock)
{
    struct thread *leader = find_leader(bucket, key);

    thread->sleep_key[0] = key->memory;
    thread->sleep_key[1] = key->offset;
    __atomic_store_n(&thread->sleep_bits, bucket - futex_buckets, __ATOMIC_RELAXED);
    list_init(&thread->sleep_link);
    list_init(&thread->observer.link);
    if (leader == NULL) {
        list_push_back(&bucket->leaders, &thread->sleep_link);
    } else {
        list_push_back(&leader->observer.link, &thread->observer.link);
    }
}

/* Harmless if it is in no queue. */
static void dequeue(struct thread *thread)
{
    if (list_is_linked(&thread->sleep_link)) {
        if (list_is_linked(&thread->observer.link)) {
            list_replace(&thread->sleep_link,
                         &sleeper_thread(thread->observer.link.next)->sleep_link);
        } else {
            list_remove(&thread->sleep_link);
        }
    }
    list_remove(&thread->observer.link);
}

/* The next sleeper behind `thread` in the order of its word, NULL at the end. */
static struct thread *next_sleeper(struct thread *leader, struct thread *thread)
{
    struct list *next = thread->observer.link.next;

    return next == &leader->observer.link ? NULL : sleeper_thread(next);
}

/* --- Waiting --- */

/* sleep_bits is the number of the bucket. It only changes under that bucket's lock, so once we hold
 * the lock of the one it names, no requeue moves the thread away. */
static void futex_unlink(struct thread *thread)
{
    for (;;) {
        uint64_t index = __atomic_load_n(&thread->sleep_bits, __ATOMIC_RELAXED);
        struct bucket *bucket = &futex_buckets[index];
        bool is_here;

        spin_lock(&bucket->lock);
        is_here = __atomic_load_n(&thread->sleep_bits, __ATOMIC_RELAXED) == index;
        if (is_here) {
            dequeue(thread);
        }
        spin_unlock(&bucket->lock);
        if (is_here) {
            return;
        }
    }
}

static koid_t futex_waits_for(const struct thread *thread)
{
    return __atomic_load_n(&thread->sleep_key[0], __ATOMIC_RELAXED);
}

static const struct wait_ops futex_wait_ops = {
    .state = THREAD_STATE_WAIT_FUTEX,
    .unlink = futex_unlink,
    .waits_for = futex_waits_for,
};

/* The page of a word was not there: touches it as the program would. If it is there by now, the
 * call just runs again. */
static int64_t touch_and_restart(struct uaddr word)
{
    uint32_t ignored;

    arch_user_copy_in(&ignored, word, sizeof(ignored));
    frame_restart(&thread_current()->frame);
    return SYSCALL_RESUME;
}

int64_t futex_wait(struct uaddr word, uint32_t expected, time_ns_t deadline)
{
    struct thread *thread = thread_current();
    struct futex_key key;
    struct bucket *bucket;
    uint32_t value;
    int64_t status = key_of(word, &key);

    if (status != 0) {
        return status;
    }
    bucket = bucket_of(&key);
    spin_lock(&bucket->lock);
    if (UNLIKELY(!arch_user_try_read_u32(word, &value))) {
        spin_unlock(&bucket->lock);
        return touch_and_restart(word);
    }
    if (value != expected || deadline == DEADLINE_POLL) {
        spin_unlock(&bucket->lock);
        return value != expected ? -EAGAIN : -ETIMEDOUT;
    }
    enqueue(bucket, thread, &key);
    thread->wait_ops = &futex_wait_ops;
    thread->deadline = deadline;
    wait_publish(thread);
    spin_unlock(&bucket->lock);
    return sched_wait(deadline);
}

/* --- Waking --- */

/* Wakes up to `count` sleepers of a word; how many. One whose wait has been ended by somebody else
 * is left to that one's unlink. */
static uint32_t wake_locked(struct bucket *bucket, const struct futex_key *key, uint32_t count)
    REQUIRES(&bucket->lock)
{
    struct thread *leader = find_leader(bucket, key);
    struct thread *thread = leader;
    uint32_t woken = 0;

    for (unsigned looked = 0; thread != NULL && woken < count && looked < FUTEX_STEP_MAX;
         looked++) {
        struct thread *next = next_sleeper(leader, thread);
        uint64_t seen = wait_seen(thread);

        if (LIKELY((seen & THREAD_WAITING) && wait_try_end(thread, seen))) {
            dequeue(thread);
            leader = thread == leader ? next : leader;
            frame_set_result(&thread->frame, 0);
            sched_wake(thread);
            woken++;
        }
        thread = next;
    }
    return woken;
}

int64_t futex_wake(struct uaddr word, uint32_t count)
{
    struct futex_key key;
    struct bucket *bucket;
    int64_t status = key_of(word, &key);
    uint32_t woken;

    if (status != 0) {
        return status;
    }
    bucket = bucket_of(&key);
    spin_lock(&bucket->lock);
    woken = wake_locked(bucket, &key, count);
    spin_unlock(&bucket->lock);
    return woken == 0 ? 0 : sched_return(woken);
}

/* Moves up to `count` sleepers from one word to another, both buckets locked. */
static uint32_t move_locked(struct bucket *from, const struct futex_key *from_key,
                            struct bucket *to, const struct futex_key *to_key, uint32_t count)
    REQUIRES(&from->lock, &to->lock)
{
    uint32_t moved = 0;

    while (moved < count && moved < FUTEX_STEP_MAX) {
        struct thread *leader = find_leader(from, from_key);

        if (leader == NULL) {
            break;
        }
        /* Also one whose wait has ended: its unlink finds it wherever it is. */
        dequeue(leader);
        enqueue(to, leader, to_key);
        moved++;
    }
    return moved;
}

/* Two different buckets in the order of their addresses. */
static void lock_both(struct bucket *a, struct bucket *b) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b) {
        spin_lock_nested(a < b ? &b->lock : &a->lock);
    }
}

static void unlock_both(struct bucket *a, struct bucket *b) NO_THREAD_SAFETY_ANALYSIS
{
    if (a != b) {
        spin_unlock(a < b ? &b->lock : &a->lock);
    }
    spin_unlock(a < b ? &a->lock : &b->lock);
}

COLD int64_t futex_requeue(struct uaddr from, uint32_t wake_count, uint32_t expected,
                           struct uaddr to, uint32_t move_count,
                           uint32_t *ret_moved) NO_THREAD_SAFETY_ANALYSIS
{
    struct futex_key from_key, to_key;
    struct bucket *from_bucket, *to_bucket;
    uint32_t value, woken, moved = 0;
    int64_t status = key_of(from, &from_key);

    if (status == 0) {
        status = key_of(to, &to_key);
    }
    if (status != 0) {
        return status;
    }
    from_bucket = bucket_of(&from_key);
    to_bucket = bucket_of(&to_key);
    lock_both(from_bucket, to_bucket);
    if (UNLIKELY(!arch_user_try_read_u32(from, &value))) {
        unlock_both(from_bucket, to_bucket);
        return touch_and_restart(from);
    }
    if (value != expected) {
        unlock_both(from_bucket, to_bucket);
        return -EAGAIN;
    }
    woken = wake_locked(from_bucket, &from_key, wake_count);
    if (from_key.memory != to_key.memory || from_key.offset != to_key.offset) {
        moved = move_locked(from_bucket, &from_key, to_bucket, &to_key, move_count);
    }
    unlock_both(from_bucket, to_bucket);
    *ret_moved = moved;
    return woken;
}
