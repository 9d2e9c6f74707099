/* SPDX-License-Identifier: MIT */
/* The counter's handlers, called as a client calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/host.h>
#include "../../servers/counter/counter.h"

static struct qy_server server = {.dispatch = qy_counter_dispatch, .handlers = &counter_handlers};

static void test_increment_answers_with_the_number_after_it(void **state)
{
    (void)state;
    qy_host_reset();
    handle_t session = qy_host_session(&server, 1);
    uint64_t before, after;
    assert_int_equal(qy_counter_read(session, &before, DEADLINE_NEVER), 0);
    assert_int_equal(qy_counter_increment(session, 5, &after, DEADLINE_NEVER), 0);
    assert_int_equal(after, before + 5);
    assert_int_equal(qy_counter_increment(session, UINT64_MAX, &after, DEADLINE_NEVER), 0);
    assert_int_equal(after, before + 4);
}

static void test_deadline_that_has_passed_sends_nothing(void **state)
{
    (void)state;
    qy_host_reset();
    handle_t session = qy_host_session(&server, 1);
    uint64_t before, after;
    assert_int_equal(qy_counter_read(session, &before, DEADLINE_NEVER), 0);
    qy_host_now = 100;
    assert_int_equal(qy_counter_increment(session, 1, &after, 99), -ETIMEDOUT);
    assert_int_equal(qy_counter_read(session, &after, DEADLINE_NEVER), 0);
    assert_int_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_increment_answers_with_the_number_after_it),
        cmocka_unit_test(test_deadline_that_has_passed_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
