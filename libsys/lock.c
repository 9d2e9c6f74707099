/* SPDX-License-Identifier: MIT */
#include <quay/futex.h>
#include <quay/thread.h>
#include <stdbool.h>

enum {
    MUTEX_FREE = 0,
    MUTEX_HELD = 1,
    MUTEX_AWAITED = 2
};

void qy_mutex_lock(struct qy_mutex *mutex)
{
    uint32_t expected = MUTEX_FREE;
    /* Acquire pairs with the release in qy_mutex_unlock. */
    if (__atomic_compare_exchange_n(&mutex->state, &expected, MUTEX_HELD, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(&mutex->state, MUTEX_AWAITED, __ATOMIC_ACQUIRE) != MUTEX_FREE) {
        (void)qy_futex_wait(&mutex->state, MUTEX_AWAITED, DEADLINE_NEVER); /* woken or changed */
    }
}

void qy_mutex_unlock(struct qy_mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->state, MUTEX_FREE, __ATOMIC_RELEASE) == MUTEX_AWAITED) {
        (void)qy_futex_wake(&mutex->state, 1); /* fails for no mapped word */
    }
}

int qy_condition_wait(struct qy_condition *condition, struct qy_mutex *mutex, time_ns_t deadline)
{
    /* Read under the mutex: whoever changes the condition afterwards changes the sequence, and
     * futex_wait then does not sleep. */
    uint32_t sequence = __atomic_load_n(&condition->sequence, __ATOMIC_RELAXED);
    qy_mutex_unlock(mutex);
    int64_t status = qy_futex_wait(&condition->sequence, sequence, deadline);
    qy_mutex_lock(mutex);
    return status == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

void qy_condition_signal(struct qy_condition *condition)
{
    __atomic_fetch_add(&condition->sequence, 1, __ATOMIC_RELEASE);
    (void)qy_futex_wake(&condition->sequence, 1);
}

void qy_condition_broadcast(struct qy_condition *condition)
{
    __atomic_fetch_add(&condition->sequence, 1, __ATOMIC_RELEASE);
    while (qy_futex_wake(&condition->sequence, QY_FUTEX_WAKE_MAX) == QY_FUTEX_WAKE_MAX) {
        /* There may be more. */
    }
}
