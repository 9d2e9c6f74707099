/* SPDX-License-Identifier: MIT */
/* Sending signals: to ourselves without a call where that is the same, else by proc. */
#include <idl/proc.h>
#include <quay/process_page.h>
#include "call.h"
#include "guest.h"
#include "proc_call.h"
#include "raise.h"

static int64_t proc_kill(int32_t which, uint32_t number)
{
    return POSIX_PROC(qy_proc_kill, which, number);
}

int64_t posix_kill(uint64_t pid, uint64_t number)
{
    if (number > LINUX_SIGNAL_COUNT) {
        return -EINVAL;
    }
    if ((int32_t)pid == qy_process_page()->pid && number != 0 &&
        posix_signal_self((uint32_t)number, LINUX_SI_USER)) {
        return 0;
    }
    return proc_kill((int32_t)pid, (uint32_t)number);
}

int64_t posix_tkill(uint64_t id, uint64_t number)
{
    return posix_tgkill((uint32_t)qy_process_page()->pid, id, number);
}

int64_t posix_tgkill(uint64_t pid, uint64_t id, uint64_t number)
{
    if (number > LINUX_SIGNAL_COUNT || (int32_t)pid <= 0 || (int32_t)id <= 0) {
        return -EINVAL;
    }
    if ((int32_t)pid != qy_process_page()->pid) {
        /* The threads of another process are not known here, but for the first. */
        return (int32_t)pid == (int32_t)id ? proc_kill((int32_t)pid, (uint32_t)number) : -ESRCH;
    }
    if (number == LINUX_SIGKILL || number == LINUX_SIGSTOP) {
        return proc_kill((int32_t)pid, (uint32_t)number);
    }
    return posix_signal_thread((uint32_t)id, (uint32_t)number);
}

int64_t posix_rt_sigqueueinfo(uint64_t pid, uint64_t number, uint64_t info)
{
    struct linux_siginfo given;

    if (guest_read(&given, info, sizeof given) < 0) {
        return -EFAULT;
    }
    if (given.code >= 0) {
        return -EPERM;
    }
    if (number > LINUX_SIGNAL_COUNT) {
        return -EINVAL;
    }
    return POSIX_PROC(qy_proc_queue, (int32_t)pid, (uint32_t)number, given.code, given.value);
}

/* --- ITIMER_REAL ----------------------------------------------------------------------------- */

#define SECOND 1000000000ul

static int64_t timer_set(uint64_t first_ns, uint64_t period_ns, uint64_t *ret_left,
                         uint64_t *ret_period)
{
    return POSIX_PROC(qy_proc_alarm_set, first_ns, period_ns, ret_left, ret_period);
}

int64_t posix_alarm(uint64_t seconds)
{
    uint64_t left, period;
    const int64_t status = timer_set((uint32_t)seconds * SECOND, 0, &left, &period);

    return status < 0 ? 0 : (int64_t)((left + SECOND - 1) / SECOND); /* alarm(2) cannot fail */
}

static bool time_get(const struct linux_timeval *time, uint64_t *ret_ns)
{
    *ret_ns = (uint64_t)time->seconds * SECOND + (uint64_t)time->microseconds * 1000;
    return time->seconds >= 0 && time->seconds < INT64_MAX / 4 / (int64_t)SECOND &&
           (uint64_t)time->microseconds < 1000000;
}

static int64_t times_put(uint64_t address, uint64_t left, uint64_t period)
{
    const struct linux_timeval times[2] = {
        {(int64_t)(period / SECOND), (int64_t)(period % SECOND / 1000)},
        {(int64_t)(left / SECOND), (int64_t)(left % SECOND / 1000)},
    };

    return guest_write(address, times, sizeof times);
}

int64_t posix_setitimer(uint64_t which, uint64_t value, uint64_t old)
{
    struct linux_timeval times[2] = {{0}};
    uint64_t first, period, left, before;

    if (which != 0) {
        return -EINVAL; /* ITIMER_VIRTUAL and _PROF: docs/posix.md */
    }
    if (value != 0 && guest_read(times, value, sizeof times) < 0) {
        return -EFAULT;
    }
    if (!time_get(&times[0], &period) || !time_get(&times[1], &first)) {
        return -EINVAL;
    }
    const int64_t status = timer_set(first, period, &left, &before);
    return status == 0 && old != 0 ? times_put(old, left, before) : status;
}

int64_t posix_getitimer(uint64_t which, uint64_t value)
{
    uint64_t left, period;

    if (which != 0) {
        return -EINVAL;
    }
    const int64_t status = POSIX_PROC(qy_proc_alarm_get, &left, &period);
    return status == 0 ? times_put(value, left, period) : status;
}
