/* SPDX-License-Identifier: MIT */
/* Notices: user bits, and the signals that are bound to a port. */
#include "unit/object/server.h"

static void test_notice_bits_pile_up_and_come_once(void **state)
{
    struct server s = server(4);
    struct taken notice;

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, 1), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, 4), 0);
    notice = take(s.thread, s.port, 0, 0);
    assert_int_equal(notice.kind, RECEIVED_NOTICE);
    assert_int_equal(notice.badge, 0);
    assert_int_equal(notice.word, 5);
    assert_int_equal(notice.second, 2);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, 2), 0);
    notice = take(s.thread, s.port, 0, 0);
    assert_int_equal(notice.word, 2);
    assert_int_equal(notice.second, 1);
}

static void test_notice_bits_that_only_the_kernel_says_are_refused(void **state)
{
    struct server s = server(4);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, NOTICE_SESSION_CLOSED), -EINVAL);
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, NOTICE_CALL_CANCELLED), -EINVAL);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
}

static void test_notice_wakes_a_receiver(void **state)
{
    struct server s = server(4);
    struct receiver other = receiver(&s);

    (void)state;
    assert_int_equal(fake_reply_receive(other.thread, other.port, 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(s.thread, SYS_port_notify, s.port, 8), 0);
    assert_int_equal(fake_wait(other.thread), RECEIVED_NOTICE);
    assert_int_equal(other.thread->registers.rbx, 8);
}

static void test_binding_is_told_of_its_signals_until_it_ends(void **state)
{
    struct server s = server(4);
    handle_t event = MAKE(s.thread, SYS_event_create, job());
    struct taken notice;

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, SIGNAL_USER, 55), 0);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
    assert_int_equal(fake_call(s.thread, SYS_event_signal, event, 0, 1), 0);
    notice = take(s.thread, s.port, 0, 0);
    assert_int_equal(notice.kind, RECEIVED_NOTICE);
    assert_int_equal(notice.badge, 55);
    assert_int_equal(notice.word, SIGNAL_USER);
    assert_int_equal(fake_call(s.thread, SYS_event_signal, event, 1, 0), 0);
    assert_int_equal(fake_call(s.thread, SYS_event_signal, event, 0, 1), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_unbind, s.port, event), 0);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT); /* it was pending */
    assert_int_equal(fake_call(s.thread, SYS_port_unbind, s.port, event), -ENOENT);
}

static void test_binding_of_a_set_signal_is_told_at_once(void **state)
{
    struct server s = server(4);
    handle_t event = MAKE(s.thread, SYS_event_create, job());

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_event_signal, event, 0, 1), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, SIGNAL_USER, 55), 0);
    assert_int_equal(take(s.thread, s.port, 0, 0).badge, 55);
}

static void test_binding_twice_is_refused(void **state)
{
    struct server s = server(4);
    handle_t event = MAKE(s.thread, SYS_event_create, job());
    handle_t other = MAKE(s.thread, SYS_port_create, job(), 1);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, SIGNAL_USER, 1), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, SIGNAL_USER, 2), -EEXIST);
    assert_int_equal(fake_call(s.thread, SYS_port_bind, other, event, SIGNAL_USER, 2), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, 0, 2), -EINVAL);
    assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, 1ul << 32, 2), -EINVAL);
}

static void test_binding_gives_back_all_it_took(void **state)
{
    struct server s = server(4);
    handle_t event = MAKE(s.thread, SYS_event_create, job());
    struct fake_balance before;

    (void)state;
    fake_balance(&before);
    for (unsigned i = 0; i < 3; i++) {
        handle_t port = MAKE(s.thread, SYS_port_create, job(), 1);

        assert_int_equal(fake_call(s.thread, SYS_port_bind, s.port, event, SIGNAL_USER, 1), 0);
        assert_int_equal(fake_call(s.thread, SYS_port_unbind, s.port, event), 0);
        assert_int_equal(fake_call(s.thread, SYS_port_bind, port, event, SIGNAL_USER, 1), 0);
        assert_int_equal(fake_call(s.thread, SYS_handle_close, port), 0);
    }
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_notice_bits_pile_up_and_come_once),
    FAKE_TEST(test_notice_bits_that_only_the_kernel_says_are_refused),
    FAKE_TEST(test_notice_wakes_a_receiver),
    FAKE_TEST(test_binding_is_told_of_its_signals_until_it_ends),
    FAKE_TEST(test_binding_of_a_set_signal_is_told_at_once),
    FAKE_TEST(test_binding_twice_is_refused),
    FAKE_TEST(test_binding_gives_back_all_it_took),
};

FAKE_TEST_MAIN(tests)
