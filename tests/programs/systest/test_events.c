/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/thread.h>

static void test_bits(handle_t event)
{
    struct qy_result result = qy_event_signal(event, 0, 5);
    tap_equal((int64_t)result.second, 0, "event_signal returns the bits before");
    result = qy_event_signal(event, 1, 8);
    tap_equal((int64_t)result.second, 5, "which were set");
    result = qy_event_wait(event, 4 | 1 | 16, 0, DEADLINE_POLL);
    tap_ok(result.status == 0 && result.second == 4, "event_wait finds those asked for");
    result = qy_event_wait(event, 12, 1, DEADLINE_POLL);
    tap_ok(result.status == 0 && result.second == 12, "and consumes them");
    tap_equal(qy_event_wait(event, 12, 0, DEADLINE_POLL).status, -ETIMEDOUT, "once");
    time_ns_t start = qy_clock_read();
    tap_equal(qy_event_wait(event, 1, 0, start + SHORTLY).status, -ETIMEDOUT,
              "event_wait until a deadline");
    tap_ok(qy_clock_read() >= start + SHORTLY, "and not less");
    (void)qy_event_signal(event, 0, UINT64_MAX);
    tap_equal(qy_object_wait(event, SIGNAL_USER, DEADLINE_POLL), SIGNAL_USER,
              "bits show as a signal");
    (void)qy_event_signal(event, UINT64_MAX, 0);
    tap_equal(qy_object_wait(event, SIGNAL_USER, DEADLINE_POLL), -ETIMEDOUT,
              "which goes with them");
}

static void signaler(void *argument)
{
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    (void)qy_event_signal(*(handle_t *)argument, 0, 2);
}

static void test_wake(handle_t event)
{
    struct qy_thread *thread;
    tap_equal(qy_thread_create(signaler, &event, 0, &thread), 0, "a thread that signals");
    struct qy_result result = qy_event_wait(event, 2, 1, qy_deadline_after(PATIENT));
    tap_ok(result.status == 0 && result.second == 2, "event_wait is woken by it");
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "it ends");
}

static void test_timer(void)
{
    int64_t timer = qy_timer_create(qy_self_job());
    tap_ok(timer > 0, "timer_create");
    handle_t handle = (handle_t)timer;
    tap_equal(qy_object_wait(handle, SIGNAL_FIRED, DEADLINE_POLL), -ETIMEDOUT, "it is not set");
    time_ns_t start = qy_clock_read();
    tap_equal(qy_timer_set(handle, start + SHORTLY, 0, 0), 0, "timer_set");
    tap_equal(qy_object_wait(handle, SIGNAL_FIRED, qy_deadline_after(PATIENT)), SIGNAL_FIRED,
              "it fires");
    tap_ok(qy_clock_read() >= start + SHORTLY, "not too early");
    tap_equal(qy_object_wait(handle, SIGNAL_FIRED, DEADLINE_POLL), -ETIMEDOUT, "and once");
    tap_equal(qy_timer_set(handle, 1, 0, 0), 0, "a deadline in the past");
    tap_equal(qy_object_wait(handle, SIGNAL_FIRED, qy_deadline_after(PATIENT)), SIGNAL_FIRED,
              "fires at once");
    tap_equal(qy_timer_set(handle, qy_deadline_after(QY_MILLISECOND), 2 * QY_MILLISECOND, 0), 0,
              "a periodic timer");
    bool is_ok = true;
    for (int i = 0; i < 5; i++) {
        is_ok &= qy_object_wait(handle, SIGNAL_FIRED, qy_deadline_after(PATIENT)) == SIGNAL_FIRED;
    }
    tap_ok(is_ok, "fires again and again");
    tap_equal(qy_timer_set(handle, DEADLINE_NEVER, 0, 0), 0, "stopped");
    (void)qy_object_wait(handle, SIGNAL_FIRED, DEADLINE_POLL); /* one may have been on its way */
    tap_equal(qy_object_wait(handle, SIGNAL_FIRED, qy_deadline_after(SHORTLY)), -ETIMEDOUT,
              "it fires no more");
    discard(timer);
}

static void test_time(void)
{
    time_ns_t before = qy_clock_read();
    tap_equal(qy_thread_sleep(before + SHORTLY), 0, "thread_sleep");
    tap_ok(qy_clock_read() >= before + SHORTLY, "not less than asked for");
    tap_equal(qy_thread_sleep(DEADLINE_POLL), 0, "a deadline in the past does not sleep");
    time_ns_t last = 0;
    bool is_ok = true;
    for (int i = 0; i < 10000; i++) {
        time_ns_t now = qy_clock_read();
        is_ok &= now >= last;
        last = now;
    }
    tap_ok(is_ok, "clock_read never goes back");
}

void test_events(void)
{
    int64_t event = qy_event_create(qy_self_job());
    test_bits((handle_t)event);
    test_wake((handle_t)event);
    discard(event);
    test_timer();
    test_time();
}
