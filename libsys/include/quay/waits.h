/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom: the threads as the kernel lists them (SYSTEM_THREADS), and the rings among
 * them.
 *
 * In a ring each process has a thread that waits in a call for the next process. The kernel itself
 * refuses a ring in which nobody is left who could answer (EDEADLK), but it counts who receives
 * there, or waits for a lock, as somebody who could. So rings are what it cannot know: a server
 * with several threads of which one waits, with a lock that the others need, or with an answer that
 * was put off. A ring is called a deadlock if no thread of its processes runs, is ready, or sleeps.
 */
#pragma once

#include <quay/abi/system_info.h>
#include <quay/interface.h>

#define QY_WAITS_THREADS 512u

struct qy_waits {
    uint32_t count;
    uint32_t left_out; /* threads that did not fit */
    uint32_t ring_count;
    struct system_thread threads[QY_WAITS_THREADS];
    uint16_t rings[QY_WAITS_THREADS]; /* of each thread: in which, from 1; 0: in none */
};

QY_C_BEGIN

/* Adds a thread of the list. */
void qy_waits_add(struct qy_waits *waits, const struct system_thread *thread);

/* Sets rings and ring_count. */
void qy_waits_find(struct qy_waits *waits);

/* The list is taken while it changes, so what looks like a ring may be none: takes those out that
 * the same waits did not make in an earlier list, with rings that were found. */
void qy_waits_confirm(struct qy_waits *waits, const struct qy_waits *before);

/* Whether no thread of the ring's processes does anything. */
bool qy_waits_is_deadlock(const struct qy_waits *waits, uint32_t ring);

/* A line for each thread that waits, then one for each ring. `method` makes a text of a method's
 * number, valid until the next call. */
void qy_waits_put(const struct qy_waits *waits, const char *(*method)(uint64_t number),
                  struct qy_text *text);

QY_C_END
