/* The handlers, called through the client's functions on a fake kernel (<quay/host.h>). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/host.h>
#include "NAME_server.h"

static struct NAME_kept kept;
static struct qy_subscriber subscribers[2];
static struct qy_server server;
static handle_t session;

static int setup(void **state)
{
    (void)state;
    qy_host_reset();
    kept = (struct NAME_kept){0};
    NAME_init(&kept);
    server = (struct qy_server){.dispatch = qy_NAME_dispatch,
                                .handlers = &NAME_handlers,
                                .subscribers = subscribers,
                                .subscriber_max = 2};
    session = qy_host_session(&server, 1);
    return 0;
}

static void test_get_before_set_says_nothing(void **state)
{
    char text[TEXT_MAX + 1];
    (void)state;
    assert_int_equal(qy_NAME_get(session, text, DEADLINE_NEVER), QY_CAPITALS_FAILURE_NOTHING);
}

static void test_get_gives_what_was_set_last(void **state)
{
    char text[TEXT_MAX + 1];
    (void)state;
    assert_int_equal(qy_NAME_set(session, "one", DEADLINE_NEVER), 0);
    assert_int_equal(qy_NAME_set(session, "two", DEADLINE_NEVER), 0);
    assert_int_equal(qy_NAME_get(session, text, DEADLINE_NEVER), 0);
    assert_string_equal(text, "two");
}

static void changed(void *context, const char *text)
{
    assert_string_equal(text, "one");
    ++*(int *)context;
}

static void test_set_is_told_to_subscribers(void **state)
{
    static const struct qy_NAME_events events = {.changed = changed};
    handle_t channel;
    int count = 0;
    (void)state;
    assert_int_equal(qy_NAME_subscribe(session, &channel, DEADLINE_NEVER), 0);
    assert_int_equal(qy_NAME_set(session, "one", DEADLINE_NEVER), 0);
    assert_int_equal(qy_NAME_receive(channel, &events, &count, 0), 0);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_get_before_set_says_nothing, setup),
        cmocka_unit_test_setup(test_get_gives_what_was_set_last, setup),
        cmocka_unit_test_setup(test_set_is_told_to_subscribers, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
