/* SPDX-License-Identifier: MIT */
#include "time.h"
#include <quay/clock.h>
#include "call.h"
#include "guest.h"
#include "signal.h"

static int64_t from_ns(uint64_t address, int64_t ns)
{
    const struct linux_timespec time = {ns / QY_SECOND, ns % QY_SECOND};

    return guest_write(address, &time, sizeof time);
}

static int64_t clock_now(uint64_t clock, int64_t *ret_ns)
{
    switch (clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_REALTIME_COARSE:
        *ret_ns = qy_clock_read() + posix_clock_offset();
        return 0;
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_BOOTTIME:
        *ret_ns = qy_clock_read();
        return 0;
    case LINUX_CLOCK_PROCESS_CPUTIME:
    case LINUX_CLOCK_THREAD_CPUTIME:
        return posix_cpu_time(ret_ns);
    default:
        return -EINVAL;
    }
}

int64_t posix_clock_gettime(uint64_t clock, uint64_t ret_time)
{
    int64_t ns;
    const int64_t status = clock_now(clock, &ns);

    return status == 0 ? from_ns(ret_time, ns) : status;
}

int64_t posix_clock_getres(uint64_t clock, uint64_t ret_time)
{
    int64_t ns;
    const int64_t status = clock_now(clock, &ns);

    return status == 0 && ret_time != 0 ? from_ns(ret_time, 1) : status;
}

int64_t posix_gettimeofday(uint64_t ret_time, uint64_t ret_zone)
{
    const int64_t ns = qy_clock_read() + posix_clock_offset();
    const struct linux_timeval time = {ns / QY_SECOND, ns % QY_SECOND / QY_MICROSECOND};
    const uint64_t zone = 0;

    if (ret_zone != 0 && guest_write(ret_zone, &zone, sizeof zone) < 0) {
        return -EFAULT;
    }
    return ret_time != 0 ? guest_write(ret_time, &time, sizeof time) : 0;
}

int64_t posix_time(uint64_t ret_time)
{
    const int64_t seconds = (qy_clock_read() + posix_clock_offset()) / QY_SECOND;

    if (ret_time != 0 && guest_write(ret_time, &seconds, sizeof seconds) < 0) {
        return -EFAULT;
    }
    return seconds;
}

static int64_t time_read(uint64_t address, struct linux_timespec *ret_time)
{
    if (guest_read(ret_time, address, sizeof *ret_time) < 0) {
        return -EFAULT;
    }
    return ret_time->seconds < 0 || (uint64_t)ret_time->nanoseconds >= QY_SECOND ? -EINVAL : 0;
}

static int64_t sleep_until(time_ns_t deadline)
{
    return posix_signal_waits() ? -EINTR : qy_thread_sleep(deadline);
}

int64_t posix_nanosleep(uint64_t wanted, uint64_t ret_left)
{
    return posix_clock_nanosleep(LINUX_CLOCK_MONOTONIC, 0, wanted, ret_left);
}

int64_t posix_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t wanted, uint64_t ret_left)
{
    struct linux_timespec time;
    time_ns_t deadline;
    int64_t status;
    int64_t now;

    status = clock_now(clock, &now);
    if (status == 0) {
        status = time_read(wanted, &time);
    }
    if (status < 0) {
        return status;
    }
    if ((flags & LINUX_TIMER_ABSTIME) != 0) {
        deadline = time.seconds > INT64_MAX / QY_SECOND - 1
                       ? DEADLINE_NEVER
                       : time.seconds * QY_SECOND + time.nanoseconds;
        if (clock == LINUX_CLOCK_REALTIME && deadline != DEADLINE_NEVER) {
            deadline -= posix_clock_offset();
        }
        return sleep_until(deadline < 0 ? 0 : deadline);
    }
    deadline = posix_deadline(&time);
    status = sleep_until(deadline);
    if (status == -EINTR && ret_left != 0) {
        const int64_t left = deadline - qy_clock_read();

        if (from_ns(ret_left, left > 0 ? left : 0) < 0) {
            return -EFAULT;
        }
    }
    return status;
}
