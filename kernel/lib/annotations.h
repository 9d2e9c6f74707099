/* SPDX-License-Identifier: MIT */
/*
 * Lock contracts on function declarations, checked by clang's -Wthread-safety; empty for gcc.
 *
 *     void queue_push_locked(struct queue *queue) REQUIRES(&queue->lock);
 *
 * A lock type is a struct declared with CAPABILITY("kind"). Clang checks these on functions in C,
 * but not on members: what a lock protects is said by the paragraphs of a struct.
 */
#pragma once

#if defined(__clang__)
#define QUAY_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define QUAY_THREAD_SAFETY(attribute)
#endif

/* Declares a lock type: struct CAPABILITY("spinlock") spinlock { ... }; */
#define CAPABILITY(kind) QUAY_THREAD_SAFETY(capability(kind))

/* The caller holds the locks, before and after. */
#define REQUIRES(...) QUAY_THREAD_SAFETY(requires_capability(__VA_ARGS__))
/* The function takes the locks and returns with them held. */
#define ACQUIRE(...) QUAY_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
/* The function gives up the locks that the caller holds. */
#define RELEASE(...) QUAY_THREAD_SAFETY(release_capability(__VA_ARGS__))
/* Takes the locks if it returns `success`: TRY_ACQUIRE(true, lock). */
#define TRY_ACQUIRE(...) QUAY_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
/* The caller must not hold the locks: the function takes them itself. */
#define EXCLUDES(...) QUAY_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
/* The body is not analyzed; say why beside it. */
#define NO_THREAD_SAFETY_ANALYSIS QUAY_THREAD_SAFETY(no_thread_safety_analysis)
