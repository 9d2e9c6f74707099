/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "../../../servers/init/restart.h"

#define MILLISECOND ((time_ns_t)1000000)
#define SECOND      ((time_ns_t)1000000000)

static void one_that_has_lived_starts_at_once(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 5 * SECOND;
    for (int i = 0; i < 20; i++) {
        time_ns_t started = now;
        now += 7 * SECOND; /* at most 9 in any minute */
        assert_int_equal(restart_delay(&restart, started, now), 0);
    }
    assert_int_equal(restart.deaths, 20);
}

static void one_that_dies_young_waits_twice_as_long_each_time(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 0, expected = RESTART_DELAY_MIN;
    for (int i = 0; i < RESTARTS_MAX; i++) {
        time_ns_t delay = restart_delay(&restart, now, now + MILLISECOND);
        assert_int_equal(delay, expected);
        expected = expected * 2 < RESTART_DELAY_MAX ? expected * 2 : RESTART_DELAY_MAX;
        now += MILLISECOND + delay;
    }
    assert_int_equal(restart_delay(&restart, now, now + MILLISECOND), RESTART_GIVE_UP);
}

static void the_delay_has_a_bound_and_a_life_ends_it(void **state)
{
    (void)state;
    struct restart restart = {0};
    time_ns_t now = 0, delay = 0;
    for (int i = 0; i < 30; i++) {
        now += 10 * SECOND;
        delay = restart_delay(&restart, now, now + MILLISECOND);
    }
    assert_int_equal(delay, RESTART_DELAY_MAX);
    now += 10 * SECOND;
    assert_int_equal(restart_delay(&restart, now - RESTART_LIFE, now), 0);
    assert_int_equal(restart_delay(&restart, now, now + 1), RESTART_DELAY_MIN);
}

static void eleven_deaths_in_a_minute_are_too_many(void **state)
{
    (void)state;
    struct restart restart = {0};
    for (int i = 0; i < RESTARTS_MAX; i++) {
        assert_int_equal(restart_delay(&restart, i * SECOND, (i + 1) * SECOND), 0);
    }
    struct restart later = restart;
    /* The first was at 1 s: one minute later it does not count any more. */
    assert_int_equal(restart_delay(&restart, 20 * SECOND, 61 * SECOND - 1), RESTART_GIVE_UP);
    assert_int_equal(restart_delay(&later, 20 * SECOND, 61 * SECOND), 0);
    restart_forgive(&restart);
    assert_int_equal(restart_delay(&restart, 0, SECOND), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_has_lived_starts_at_once),
        cmocka_unit_test(one_that_dies_young_waits_twice_as_long_each_time),
        cmocka_unit_test(the_delay_has_a_bound_and_a_life_ends_it),
        cmocka_unit_test(eleven_deaths_in_a_minute_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
