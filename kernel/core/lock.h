/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks with ranks. A CPU may only take a lock of a higher rank than every lock it holds;
 * debug kernels panic on disorder. Two locks of one rank are never held together, except where
 * spin_lock_nested says so. Under a spinlock: no user memory, no log, no upward call, and no
 * allocation except where the rank order of the allocator's own locks permits it (they are last).
 * docs/locking.md has a row for each rank.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/annotations.h"
#include "lib/compiler.h"
#include <arch_impl/spin.h> /* arch_spin_acquire, arch_spin_release, arch_spin_try */

enum lock_rank {
    LOCK_RANK_NONE = 0,
    LOCK_RANK_CHANNEL = 5,        /* queue of one channel; handles move under it */
    LOCK_RANK_JOB = 10,           /* tree of jobs */
    LOCK_RANK_PROCESS = 20,       /* thread list, life cycle, exit */
    LOCK_RANK_HANDLE_TREE = 30,   /* derivation list of one object */
    LOCK_RANK_HANDLE_TABLE = 34,  /* free list and chunks of one table */
    LOCK_RANK_TRACE = 36,         /* making the rings of trace records, and what is noted */
    LOCK_RANK_LOG_READER = 38,    /* who drains the log */
    LOCK_RANK_ASPACE = 40,        /* mappings and page tables */
    LOCK_RANK_MEMORY = 44,        /* pages of a memory object */
    LOCK_RANK_MEMORY_FAMILY = 46, /* which memory is whose clone */
    LOCK_RANK_SHOOTDOWN = 48,
    LOCK_RANK_FUTEX = 50,     /* a bucket of sleepers */
    LOCK_RANK_OBJECT = 54,    /* signals, waiters and bindings of one object */
    LOCK_RANK_PORT = 60,      /* queues and tokens of one port */
    LOCK_RANK_TIMER = 70,     /* timer queue of one CPU */
    LOCK_RANK_RUN_QUEUE = 74, /* ready threads of one CPU */
    LOCK_RANK_SYNC = 80,      /* grace periods */
    LOCK_RANK_SLAB = 90,
    LOCK_RANK_FRAME = 92,
    LOCK_RANK_INTERRUPT = 96, /* lines of the interrupt controllers */
    LOCK_RANK_LOG = 98,
};

struct CAPABILITY("spinlock") spinlock {
    uint32_t word; /* 0 free, 1 held */
    uint8_t rank;  /* 0 in release kernels, so that what has a lock in it is all zero */
};

#define LOCK_RANK_KEPT(rank_) (QUAY_DEBUG ? (uint8_t)(rank_) : 0)

#define SPINLOCK_INIT(rank_)                                                                       \
    {                                                                                              \
        .word = 0, .rank = LOCK_RANK_KEPT(rank_)                                                   \
    }

static inline void spinlock_init(struct spinlock *lock, enum lock_rank rank)
{
    lock->word = 0;
    lock->rank = LOCK_RANK_KEPT(rank);
}

/* The check of debug kernels: this CPU takes or releases a lock of that rank. */
void lock_rank_push(const struct spinlock *lock, bool nested);
void lock_rank_add(const struct spinlock *lock); /* the same without the check */

/* A lock was not free: counted by CPU, for struct system_kernel, and noted for the trace. */
void lock_wait_count(const struct spinlock *lock);
uint64_t lock_waits(void);
void lock_rank_pop(const struct spinlock *lock);

/* Spins until the lock is free. Interrupts are off in the kernel, so nothing preempts the holder.
 */
static inline void spin_lock(struct spinlock *lock) ACQUIRE(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (QUAY_DEBUG) {
        lock_rank_push(lock, false);
    }
    if (arch_spin_acquire(&lock->word) && QUAY_DEBUG) {
        lock_wait_count(lock);
    }
}

/* The same for a second lock of a rank that is already held; the caller says in a comment why the
 * order of the two is fixed. */
static inline void spin_lock_nested(struct spinlock *lock) ACQUIRE(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (QUAY_DEBUG) {
        lock_rank_push(lock, true);
    }
    if (arch_spin_acquire(&lock->word) && QUAY_DEBUG) {
        lock_wait_count(lock);
    }
}

/* Takes the lock if it is free: never waits, so ranks need not rise. */
static inline MUST_USE bool spin_try_lock(struct spinlock *lock)
    TRY_ACQUIRE(true, lock) NO_THREAD_SAFETY_ANALYSIS
{
    bool is_taken = arch_spin_try(&lock->word);

    if (QUAY_DEBUG && is_taken) {
        lock_rank_add(lock);
    }
    return is_taken;
}

static inline void spin_unlock(struct spinlock *lock) RELEASE(lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (QUAY_DEBUG) {
        lock_rank_pop(lock);
    }
    arch_spin_release(&lock->word);
}
