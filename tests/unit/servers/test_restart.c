/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "../../../servers/init/restart.h"

#define MILLISECOND ((time_ns_t)1000000)
#define SECOND      ((time_ns_t)1000000000)

static const struct restart_policy policy = {
    .delay_min = MILLISECOND, .delay_max = SECOND, .window = 60 * SECOND, .deaths_max = 10};

static void one_that_has_lived_starts_at_once(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 5 * SECOND;
    for (int i = 0; i < 20; i++) {
        time_ns_t started = now;
        now += 7 * SECOND; /* at most 9 in any minute */
        assert_int_equal(restart_delay(&restart, &policy, started, now), 0);
    }
    assert_int_equal(restart.deaths, 20);
}

static void one_that_dies_young_waits_twice_as_long_each_time(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 0, expected = policy.delay_min;
    for (int i = 0; i < 10; i++) {
        time_ns_t delay = restart_delay(&restart, &policy, now, now + MILLISECOND);
        assert_int_equal(delay, expected);
        expected = expected * 2 < policy.delay_max ? expected * 2 : policy.delay_max;
        now += MILLISECOND + delay;
    }
    assert_int_equal(restart_delay(&restart, &policy, now, now + MILLISECOND), RESTART_GIVE_UP);
}

static void the_delay_has_a_bound_and_a_life_ends_it(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 0, delay = 0;
    for (int i = 0; i < 30; i++) {
        now += 10 * SECOND;
        delay = restart_delay(&restart, &policy, now, now + MILLISECOND);
    }
    assert_int_equal(delay, policy.delay_max);
    now += 10 * SECOND;
    assert_int_equal(restart_delay(&restart, &policy, now - RESTART_LIFE, now), 0);
    assert_int_equal(restart_delay(&restart, &policy, now, now + 1), policy.delay_min);
}

static void eleven_deaths_in_a_minute_are_too_many(void **state)
{
    (void)state;
    struct restart restart = {0};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(restart_delay(&restart, &policy, i * SECOND, (i + 1) * SECOND), 0);
    }
    struct restart later = restart;
    /* The first was at 1 s: one minute later it does not count any more. */
    assert_int_equal(restart_delay(&restart, &policy, 20 * SECOND, 61 * SECOND - 1),
                     RESTART_GIVE_UP);
    assert_int_equal(restart_delay(&later, &policy, 20 * SECOND, 61 * SECOND), 0);
    restart_forgive(&restart);
    assert_int_equal(restart_delay(&restart, &policy, 0, SECOND), 0);
}

static void who_is_never_given_up_dies_for_ever(void **state)
{
    (void)state;
    struct restart_policy endless = policy;
    struct restart restart = {0};
    endless.deaths_max = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(restart_delay(&restart, &endless, i, i + 1) > 0);
    }
    assert_int_equal(restart.deaths, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_has_lived_starts_at_once),
        cmocka_unit_test(one_that_dies_young_waits_twice_as_long_each_time),
        cmocka_unit_test(the_delay_has_a_bound_and_a_life_ends_it),
        cmocka_unit_test(eleven_deaths_in_a_minute_are_too_many),
        cmocka_unit_test(who_is_never_given_up_dies_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
