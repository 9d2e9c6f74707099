/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/thread.h>

static void nothing(void *argument)
{
    (void)argument;
}

static void spinner(void *argument)
{
    volatile uint64_t *counter = argument;
    for (;;) {
        (*counter)++;
    }
}

static void test_many(void)
{
    bool is_ok = true;
    for (int i = 0; i < 200; i++) {
        struct qy_thread *thread;
        is_ok &= qy_thread_create(nothing, NULL, 0, &thread) == 0 &&
                 qy_thread_join(thread, qy_deadline_after(PATIENT)) == 0;
    }
    tap_ok(is_ok, "200 threads created and joined");
}

static void sleeper(void *argument)
{
    *(int64_t *)argument = qy_thread_sleep(DEADLINE_NEVER);
}

static void test_kick(void)
{
    static int64_t status;
    struct qy_thread *thread;
    tap_equal(qy_thread_create(sleeper, &status, 0, &thread), 0, "a thread that sleeps for ever");
    tap_equal(qy_thread_kick(thread->handle, 0), 0, "thread_kick");
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "ends its sleep");
    tap_equal(status, -EINTR, "which says so");
}

static void test_kill(void)
{
    static uint64_t counter;
    struct qy_thread *thread;
    tap_equal(qy_thread_create(spinner, &counter, 0, &thread), 0, "a thread that computes");
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_ok(*(volatile uint64_t *)&counter > 0, "runs beside us");
    tap_equal(qy_thread_join(thread, DEADLINE_POLL), -ETIMEDOUT, "it has not ended");
    tap_equal(qy_thread_kill(thread->handle), 0, "thread_kill");
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "ends it");
    uint64_t last = *(volatile uint64_t *)&counter;
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_ok(*(volatile uint64_t *)&counter == last, "it runs no more");
}

/* Two threads of different priority on one CPU: the lower one does not run while the other does. */
static void test_priority(void)
{
    static uint64_t counter;
    handle_t self = qy_thread_self()->handle;
    struct qy_thread *thread;
    tap_equal(qy_thread_set_affinity(self, 1), 0, "thread_set_affinity");
    tap_equal(qy_thread_create(spinner, &counter, 0, &thread), 0, "a thread that computes");
    tap_equal(qy_thread_set_affinity(thread->handle, 1), 0, "on the same CPU");
    tap_equal(qy_thread_set_priority(thread->handle, 50), 0, "at a lower priority");
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    uint64_t before = *(volatile uint64_t *)&counter;
    tap_ok(before > 0, "it runs while we sleep");
    time_ns_t end = qy_deadline_after(SHORTLY);
    while (qy_clock_read() < end) {
        (void)qy_thread_yield();
    }
    tap_ok(*(volatile uint64_t *)&counter == before, "and not while we compute");
    tap_equal(qy_thread_set_priority(thread->handle, 100), 0, "at the same priority");
    end = qy_deadline_after(2 * QY_SECOND);
    while (qy_clock_read() < end && *(volatile uint64_t *)&counter == before) {
        __asm__ volatile("pause");
    }
    tap_ok(*(volatile uint64_t *)&counter != before, "it gets its slices, unasked");
    (void)qy_thread_kill(thread->handle);
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "it ends");
    tap_equal(qy_thread_set_priority(self, 256), -EINVAL, "there is no priority 256");
    tap_equal(qy_thread_set_affinity(self, 0), -EINVAL, "nor a CPU in no mask");
    tap_equal(qy_thread_set_affinity(self, UINT64_MAX), 0, "all CPUs again");
}

static void test_base(void)
{
    static uint64_t values[2] = {11, 22};
    tap_equal(qy_thread_set_base(1, (uint64_t)&values[1]), 0, "thread_set_base");
    uint64_t value;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    tap_equal((int64_t)value, 22, "GS is where it was set to");
    (void)qy_thread_yield();
    (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    __asm__ volatile("movq %%gs:-8, %0" : "=r"(value));
    tap_equal((int64_t)value, 11, "and stays there across switches");
    tap_equal(qy_thread_set_base(2, 0), -EINVAL, "there is no third base");
    tap_equal(qy_thread_set_base(1, 0xffff800000000000), -EINVAL, "nor one in the kernel's half");
}

static void test_buffer(void)
{
    struct message_buffer *buffer = qy_buffer();
    tap_ok(buffer != NULL && ((uint64_t)buffer & (PAGE_SIZE - 1)) == 0, "thread_buffer");
    tap_equal(qy_thread_buffer(0), -EEXIST, "once");
    memset(buffer, 0xa5, sizeof *buffer);
    tap_equal(buffer->payload[IPC_PAYLOAD_MAX - 1], 0xa5, "it can be written to the end");
}

/* --- locks of libsys on top ---------------------------------------------------------------- */

#define LOCKERS 4
#define LOCKS   2000

static struct {
    struct qy_mutex mutex;
    struct qy_condition condition;
    uint64_t plain; /* protected by mutex */
    uint32_t done;  /* protected by mutex */
} lock_state;

static void locker(void *argument)
{
    (void)argument;
    for (int i = 0; i < LOCKS; i++) {
        qy_mutex_lock(&lock_state.mutex);
        uint64_t value = lock_state.plain;
        if (i % 64 == 0) {
            (void)qy_thread_yield(); /* provokes contention */
        }
        lock_state.plain = value + 1;
        qy_mutex_unlock(&lock_state.mutex);
    }
    qy_mutex_lock(&lock_state.mutex);
    lock_state.done++;
    qy_mutex_unlock(&lock_state.mutex);
    qy_condition_broadcast(&lock_state.condition);
}

static void test_locks(void)
{
    struct qy_thread *threads[LOCKERS];
    for (int i = 0; i < LOCKERS; i++) {
        tap_equal(qy_thread_create(locker, NULL, 0, &threads[i]), 0, "locker %d", i);
    }
    qy_mutex_lock(&lock_state.mutex);
    int error = 0;
    while (lock_state.done < LOCKERS && error == 0) {
        error =
            qy_condition_wait(&lock_state.condition, &lock_state.mutex, qy_deadline_after(PATIENT));
    }
    qy_mutex_unlock(&lock_state.mutex);
    tap_equal(error, 0, "the condition comes");
    tap_equal((int64_t)lock_state.plain, LOCKERS * LOCKS, "no increment was lost");
    for (int i = 0; i < LOCKERS; i++) {
        (void)qy_thread_join(threads[i], qy_deadline_after(PATIENT));
    }
    struct qy_mutex mutex = {0};
    struct qy_condition never = {0};
    qy_mutex_lock(&mutex);
    tap_equal(qy_condition_wait(&never, &mutex, qy_deadline_after(QY_MILLISECOND)), -ETIMEDOUT,
              "a condition that does not come times out");
    qy_mutex_unlock(&mutex);
}

void test_threads(void)
{
    test_many();
    test_kick();
    test_kill();
    test_priority();
    test_base();
    test_buffer();
    test_locks();
}
