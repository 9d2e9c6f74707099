/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define SLEEPERS 4

static struct {
    uint32_t word, other;
    uint32_t awake; /* atomic */
    int64_t results[SLEEPERS];
} futex_state;

static void sleeper(void *argument)
{
    int64_t *result = argument;
    *result = qy_futex_wait(&futex_state.word, 0, qy_deadline_after(PATIENT));
    __atomic_add_fetch(&futex_state.awake, 1, __ATOMIC_RELEASE);
}

static void awake_wait(uint32_t count)
{
    while (__atomic_load_n(&futex_state.awake, __ATOMIC_ACQUIRE) < count) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
}

/* Wakes `want` sleepers, however long they take to fall asleep. */
static uint32_t wake_until(const uint32_t *word, uint32_t want)
{
    uint32_t woken = 0;
    while (woken < want) {
        int64_t count = qy_futex_wake(word, want - woken);
        if (count < 0) {
            break;
        }
        woken += (uint32_t)count;
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    return woken;
}

static void test_single(void)
{
    uint32_t word = 5;
    tap_equal(qy_futex_wait(&word, 4, DEADLINE_NEVER), -EAGAIN, "futex_wait with another value");
    tap_equal(qy_futex_wait(&word, 5, DEADLINE_POLL), -ETIMEDOUT, "futex_wait that polls");
    time_ns_t start = qy_clock_read();
    tap_equal(qy_futex_wait(&word, 5, start + SHORTLY), -ETIMEDOUT, "futex_wait until a deadline");
    tap_ok(qy_clock_read() >= start + SHORTLY, "and not less");
    tap_equal(qy_futex_wake(&word, 1), 0, "futex_wake with nobody there");
}

static void test_crowd(void)
{
    struct qy_thread *threads[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) {
        tap_equal(qy_thread_create(sleeper, &futex_state.results[i], 0, &threads[i]), 0,
                  "sleeper %d", i);
    }
    tap_equal(wake_until(&futex_state.word, 1), 1, "futex_wake wakes one");
    awake_wait(1);
    tap_equal(futex_state.awake, 1, "and only one");
    /* The others must be asleep before they can be moved. */
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_equal(qy_futex_requeue(&futex_state.word, 1, 1, &futex_state.other, 1), -EAGAIN,
              "futex_requeue with another value");
    tap_equal(qy_futex_requeue(&futex_state.word, 1, 0, &futex_state.other, SLEEPERS), 1,
              "futex_requeue wakes one");
    awake_wait(2);
    tap_equal(qy_futex_wake(&futex_state.word, SLEEPERS), 0, "nobody sleeps on the first word");
    tap_equal(wake_until(&futex_state.other, SLEEPERS - 2), SLEEPERS - 2,
              "the others sleep on the second");
    for (int i = 0; i < SLEEPERS; i++) {
        tap_equal(qy_thread_join(threads[i], qy_deadline_after(PATIENT)), 0, "sleeper %d ends", i);
        tap_equal(futex_state.results[i], 0, "woken, not timed out");
    }
}

/* A word in shared memory, mapped at different addresses in two processes. */
static void test_shared(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    void *view;
    int error = qy_memory_map((handle_t)memory, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view);
    tap_equal(error, 0, "a shared page");
    const struct qy_spawn_handle handles[] = {self_handle((handle_t)memory, "shared")};
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("futex", 0, qy_self_job(), handles, 1, &child), 0, "a child with it");
    tap_equal(wake_until(view, 1), 1, "futex_wake wakes the other process");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)), SIGNAL_EXITED,
              "which ends");
    discard((int64_t)child);
    discard(memory);
    qy_pages_unmap(view, PAGE_SIZE);
}

void test_futexes(void)
{
    test_single();
    test_crowd();
    test_shared();
}
