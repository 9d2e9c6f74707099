/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include "object/timer.h"

#define MS 1000000l

static int64_t timer_set_call(struct fake_thread *t, handle_t timer, int64_t deadline,
                              uint64_t period, uint64_t slack)
{
    return fake_call(t, SYS_timer_set, timer, (uint64_t)deadline, period, slack);
}

static int64_t fired(struct fake_thread *t, handle_t timer)
{
    return fake_call(t, SYS_object_wait, timer, SIGNAL_FIRED, DEADLINE_POLL);
}

static void test_timer_set_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());

    (void)state;
    assert_int_equal(timer_set_call(t, timer, -1, 0, 0), -EINVAL);
    assert_int_equal(timer_set_call(t, timer, MS, TIMER_PERIOD_MIN_NS - 1, 0), -EINVAL);
    assert_int_equal(timer_set_call(t, timer, MS, 0, 1ul << 63), -EINVAL);
    assert_int_equal(timer_set_call(t, with_rights(t, timer, RIGHTS_BASIC), MS, 0, 0), -EACCES);
    assert_int_equal(timer_set_call(t, stale(t), MS, 0, 0), -EBADF);
    assert_int_equal(timer_set_call(t, timer, INT64_MAX - 1, UINT64_MAX, INT64_MAX), 0);
    fake_settle();
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
}

static void test_timer_fires_once_at_its_time(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());
    time_ns_t due = fake_now() + 10 * MS;

    (void)state;
    assert_int_equal(timer_set_call(t, timer, due, 0, 0), 0);
    assert_int_equal(fake_call(t, SYS_object_wait, timer, SIGNAL_FIRED, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    fake_run_for(9 * MS);
    assert_int_equal(fake_wait(t), FAKE_BLOCKED);
    fake_run_for(2 * MS);
    assert_int_equal(fake_wait(t), SIGNAL_FIRED);
    /* The wait took it. */
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
    fake_run_for(100 * MS);
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
}

static void test_timer_in_the_past_fires_at_once(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());

    (void)state;
    fake_time_add(MS);
    assert_int_equal(timer_set_call(t, timer, 1, 0, 0), 0);
    fake_run_for(MS);
    assert_int_equal(fired(t, timer), SIGNAL_FIRED);
}

static void test_timer_stopped_or_set_anew_does_not_fire(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());

    (void)state;
    assert_int_equal(timer_set_call(t, timer, fake_now() + 5 * MS, MS, 0), 0);
    assert_int_equal(timer_set_call(t, timer, DEADLINE_NEVER, 0, 0), 0);
    fake_run_for(20 * MS);
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
    assert_int_equal(timer_set_call(t, timer, fake_now() + MS, 0, 0), 0);
    fake_run_for(5 * MS);
    /* FIRED is set, and cleared by the new setting. */
    assert_int_equal(timer_set_call(t, timer, fake_now() + 500 * MS, 0, 0), 0);
    fake_run_for(20 * MS);
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
    fake_run_for(500 * MS);
    assert_int_equal(fired(t, timer), SIGNAL_FIRED);
}

static void test_timer_periods_do_not_drift(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());
    time_ns_t first = fake_now() + 3 * MS;

    (void)state;
    assert_int_equal(timer_set_call(t, timer, first, 2 * MS, 0), 0);
    for (int64_t n = 0; n < 50; n++) {
        int64_t result = fake_call(t, SYS_object_wait, timer, SIGNAL_FIRED, DEADLINE_NEVER);

        while (result == FAKE_BLOCKED) {
            assert_true(fake_time_to_next_timer());
            fake_settle();
            result = fake_wait(t);
        }
        assert_int_equal(result, SIGNAL_FIRED);
        assert_true(fake_now() >= first + n * 2 * MS);
        assert_true(fake_now() < first + n * 2 * MS + MS);
        fake_time_add(MS / 3);
    }
}

static void test_timer_missed_periods_are_one_firing(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());
    time_ns_t first = fake_now() + MS;

    (void)state;
    assert_int_equal(timer_set_call(t, timer, first, MS, 0), 0);
    fake_time_add(100 * MS + MS / 2);
    fake_settle();
    assert_int_equal(fired(t, timer), SIGNAL_FIRED);
    assert_int_equal(fired(t, timer), -ETIMEDOUT);
    fake_run_for(MS);
    assert_int_equal(fired(t, timer), SIGNAL_FIRED);
}

static void test_timer_with_slack_fires_within_it_and_together(void **state)
{
    struct fake_thread *t = start();
    handle_t a = MAKE(t, SYS_timer_create, job()), b = MAKE(t, SYS_timer_create, job());
    time_ns_t due = fake_now() + 10 * MS;

    (void)state;
    assert_int_equal(timer_set_call(t, a, due, 0, 4 * MS), 0);
    assert_int_equal(timer_set_call(t, b, due + MS / 3, 0, 4 * MS), 0);
    for (;;) {
        bool is_a, is_b;

        assert_true(fake_time_to_next_timer());
        fake_settle();
        is_a = fired(t, a) == SIGNAL_FIRED;
        is_b = fired(t, b) == SIGNAL_FIRED;
        if (is_a || is_b) {
            assert_true(fake_now() >= due && fake_now() <= due + 5 * MS);
            assert_true(is_a && is_b);
            break;
        }
    }
}

static void test_timer_that_is_armed_can_be_closed(void **state)
{
    struct fake_thread *t = start_with(2, 6);
    struct fake_balance before;

    (void)state;
    fake_balance(&before);
    for (unsigned i = 0; i < 40; i++) {
        handle_t timer = MAKE(t, SYS_timer_create, job());

        assert_int_equal(
            timer_set_call(t, timer, fake_now() + (time_ns_t)(fake_random() % MS), MS / 10, 0), 0);
        fake_run_for((time_ns_t)(fake_random() % MS));
        assert_int_equal(fake_call(t, SYS_handle_close, timer), 0);
    }
    fake_balance_check(&before);
}

static void test_timer_binding_hears_of_each_period(void **state)
{
    struct fake_thread *t = start();
    handle_t timer = MAKE(t, SYS_timer_create, job());
    handle_t port = MAKE(t, SYS_port_create, job(), 4);
    uint64_t words[8];

    (void)state;
    assert_int_equal(fake_call(t, SYS_port_bind, port, timer, SIGNAL_FIRED, 42), 0);
    assert_int_equal(timer_set_call(t, timer, fake_now() + MS, MS, 0), 0);
    for (unsigned i = 0; i < 5; i++) {
        fake_run_for(MS);
        assert_int_equal(fake_reply_receive(t, port, 0, DEADLINE_POLL, 0, words), RECEIVED_NOTICE);
        assert_int_equal(words[0], SIGNAL_FIRED);
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_timer_set_refuses_what_is_wrong),
    FAKE_TEST(test_timer_fires_once_at_its_time),
    FAKE_TEST(test_timer_in_the_past_fires_at_once),
    FAKE_TEST(test_timer_stopped_or_set_anew_does_not_fire),
    FAKE_TEST(test_timer_periods_do_not_drift),
    FAKE_TEST(test_timer_missed_periods_are_one_firing),
    FAKE_TEST(test_timer_with_slack_fires_within_it_and_together),
    FAKE_TEST(test_timer_that_is_armed_can_be_closed),
    FAKE_TEST(test_timer_binding_hears_of_each_period),
};

FAKE_TEST_MAIN(tests)
