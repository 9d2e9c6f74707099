/* SPDX-License-Identifier: MIT */
/* Futexes are the kernel's own; what differs are times and how many are woken in one call. */
#include <quay/clock.h>
#include <quay/futex.h>
#include "call.h"
#include "guest.h"
#include "signal.h"
#include "time.h"

time_ns_t posix_deadline(const struct linux_timespec *relative)
{
    struct posix_thread *self = posix_self();

    if (!self->is_timed) {
        const bool is_long = relative->seconds > INT64_MAX / QY_SECOND - 1;

        self->restart_deadline =
            is_long ? DEADLINE_NEVER
                    : qy_deadline_after(relative->seconds * QY_SECOND + relative->nanoseconds);
    }
    return self->restart_deadline;
}

static int64_t futex_deadline(uint64_t timeout, uint32_t operation, bool is_absolute,
                              time_ns_t *ret_deadline)
{
    struct linux_timespec time;

    *ret_deadline = DEADLINE_NEVER;
    if (timeout == 0) {
        return 0;
    }
    if (guest_read(&time, timeout, sizeof time) < 0) {
        return -EFAULT;
    }
    if (time.seconds < 0 || (uint64_t)time.nanoseconds >= QY_SECOND) {
        return -EINVAL;
    }
    if (!is_absolute) {
        *ret_deadline = posix_deadline(&time);
    } else if (time.seconds < INT64_MAX / QY_SECOND - 1) {
        *ret_deadline = time.seconds * QY_SECOND + time.nanoseconds;
        if ((operation & LINUX_FUTEX_CLOCK_RT) != 0) {
            *ret_deadline -= posix_clock_offset();
        }
        if (*ret_deadline < 0) {
            *ret_deadline = 0;
        }
    }
    return 0;
}

static int64_t futex_wait(uint64_t word, uint32_t expected, uint64_t timeout, uint32_t operation,
                          bool is_absolute)
{
    time_ns_t deadline;
    int64_t status = futex_deadline(timeout, operation, is_absolute, &deadline);

    if (status < 0) {
        return status;
    }
    if (posix_signal_waits()) {
        return -EINTR;
    }
    return qy_futex_wait((const uint32_t *)(uintptr_t)word, expected, deadline);
}

static int64_t futex_wake(uint64_t word, uint64_t count)
{
    int64_t woken = 0;

    while (count > 0) {
        const uint32_t now = count < QY_FUTEX_WAKE_MAX ? (uint32_t)count : QY_FUTEX_WAKE_MAX;
        const int64_t status = qy_futex_wake((const uint32_t *)(uintptr_t)word, now);

        if (status < 0) {
            return status;
        }
        woken += status;
        if (status < now) {
            break;
        }
        count -= now;
    }
    return woken;
}

static int64_t futex_requeue(uint64_t from, uint64_t wake, uint64_t move, uint64_t to,
                             uint32_t expected)
{
    const struct qy_result result = qy_syscall_full(
        SYS_futex_requeue, from, wake < QY_FUTEX_WAKE_MAX ? wake : QY_FUTEX_WAKE_MAX, expected, to,
        move < QY_FUTEX_WAKE_MAX ? move : QY_FUTEX_WAKE_MAX, 0);

    return result.status < 0 ? result.status : result.status + (int64_t)result.second;
}

int64_t posix_futex(uint64_t word, uint64_t operation, uint64_t value, uint64_t timeout,
                    uint64_t second, uint64_t third)
{
    const uint32_t command = operation & ~(LINUX_FUTEX_PRIVATE | LINUX_FUTEX_CLOCK_RT);
    uint32_t expected = (uint32_t)third;

    if (word % 4 != 0) {
        return -EINVAL;
    }
    if (!guest_may(word, 4)) {
        return -EFAULT;
    }
    switch (command) {
    case LINUX_FUTEX_WAIT:
    case LINUX_FUTEX_WAIT_BITSET:
        if (command == LINUX_FUTEX_WAIT_BITSET && (uint32_t)third == 0) {
            return -EINVAL;
        }
        return futex_wait(word, (uint32_t)value, timeout, (uint32_t)operation,
                          command == LINUX_FUTEX_WAIT_BITSET);
    case LINUX_FUTEX_WAKE:
    case LINUX_FUTEX_WAKE_BITSET: /* whoever is woken for nothing looks and waits again */
        return futex_wake(word, (uint32_t)value);
    case LINUX_FUTEX_REQUEUE:
        if (guest_read(&expected, word, sizeof expected) < 0) {
            return -EFAULT;
        }
        return futex_requeue(word, (uint32_t)value, (uint32_t)timeout, second, expected);
    case LINUX_FUTEX_CMP_REQUEUE:
        return futex_requeue(word, (uint32_t)value, (uint32_t)timeout, second, expected);
    default:
        return -ENOSYS;
    }
}
