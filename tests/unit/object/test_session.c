/* SPDX-License-Identifier: MIT */
#include "unit/object/server.h"

static void close_in(const struct client *c)
{
    assert_int_equal(fake_call(c->thread, SYS_handle_close, c->session), 0);
}

static void test_session_badge_comes_with_every_call(void **state)
{
    struct server s = server(4);
    struct client a = client(&s, 0x1234567890abcdef, 0), b = client(&s, 0, 0);
    struct taken taken;

    (void)state;
    call_begin(a.thread, a.session, 1);
    taken = take(s.thread, s.port, 0, 0);
    assert_int_equal(taken.badge, 0x1234567890abcdef);
    assert_int_equal(taken.word, 1);
    call_begin(b.thread, b.session, 2);
    assert_int_equal(take(s.thread, s.port, 0, 0).badge, 0);
}

static void test_session_owner_handle_cannot_call(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 1, 0);

    (void)state;
    assert_int_equal(fake_port_call(s.thread, c.owner, EMPTY, DEADLINE_POLL, NULL), -EACCES);
}

static void test_session_call_limit_counts_queued_and_received_calls(void **state)
{
    struct server s = server(8);
    struct client c = client(&s, 1, 2);
    struct fake_thread *second = fake_thread_create(&c.process, NULL);
    struct fake_thread *third = fake_thread_create(&c.process, NULL);
    struct taken taken;
    uint64_t word;

    (void)state;
    call_begin(c.thread, c.session, 1);
    taken = take(s.thread, s.port, 0, 0); /* received */
    call_begin(second, c.session, 2);     /* queued */
    assert_int_equal(fake_port_call(third, c.session, EMPTY, DEADLINE_NEVER, NULL), -EQUOTA);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, taken.token, EMPTY), 0);
    assert_int_equal(call_end(c.thread, &word), 0);
    call_begin(third, c.session, 3);
    assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, DEADLINE_NEVER, NULL), -EQUOTA);
}

/* An impatient client must not get at more of the server's slots than its limit. */
static void test_session_call_that_timed_out_counts_until_it_is_answered(void **state)
{
    struct server s = server(8);
    struct client c = client(&s, 1, 1);
    struct taken taken;

    (void)state;
    assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, fake_now() + 1000000000, NULL),
                     FAKE_BLOCKED);
    taken = take(s.thread, s.port, 0, 0);
    fake_run_for(2000000000);
    assert_int_equal(fake_wait(c.thread), -ETIMEDOUT);
    assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, DEADLINE_NEVER, NULL), -EQUOTA);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, taken.token, EMPTY),
                     -ETOKEN_STALE);
    call_begin(c.thread, c.session, 2);
}

static void test_session_closed_notice_comes_after_the_last_handle_and_call(void **state)
{
    struct server s = server(8);
    struct client c = client(&s, 77, 0);
    struct fake_thread *second = fake_thread_create(&c.process, NULL);
    struct taken taken, notice;

    (void)state;
    call_begin(c.thread, c.session, 1);
    taken = take(s.thread, s.port, 0, 0);
    assert_int_equal(fake_call(second, SYS_handle_close, c.session), 0);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
    notice = take(s.thread, s.port, taken.token, 0);
    assert_int_equal(notice.kind, RECEIVED_NOTICE);
    assert_int_equal(notice.badge, 77);
    assert_int_equal(notice.word, NOTICE_SESSION_CLOSED);
    assert_int_equal(fake_wait(c.thread), 0);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
}

static void test_session_revoked_through_its_owner_handle_is_closed(void **state)
{
    struct server s = server(8);
    struct client c = client(&s, 77, 0);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_handle_revoke, c.owner), 0);
    assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, DEADLINE_NEVER, NULL), -EREVOKED);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, RECEIVED_NOTICE);
}

static void test_session_client_that_dies_closes_it(void **state)
{
    struct server s = server(8);
    struct client c = client(&s, 77, 0);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_process_kill, c.process.process), 0);
    fake_run_for(1000000000);
    assert_int_equal(take(s.thread, s.port, 0, 0).word, NOTICE_SESSION_CLOSED);
}

static void test_session_of_a_closed_port_cannot_be_made(void **state)
{
    struct server s = server(8);
    handle_t mint = with_rights(s.thread, s.port, RIGHTS_BASIC | RIGHT_MINT);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_handle_close, s.port), 0);
    assert_int_equal(fake_call(s.thread, SYS_session_create, mint, 1, 0), -EPEER_DIED);
    assert_int_equal(fake_call(s.thread, SYS_session_create, mint, 1, 1ul << 32), -EINVAL);
}

static void test_session_goes_without_a_trace(void **state)
{
    struct server s = server(8);
    struct client keeper = client(&s, 1, 0);
    struct fake_balance before;

    (void)state;
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT); /* now it serves the port */
    fake_balance(&before);
    for (unsigned i = 0; i < 5; i++) {
        handle_t owner = MAKE(s.thread, SYS_session_create, s.port, 5, 0);
        handle_t session = fake_result2(s.thread);

        assert_int_equal(fake_call(s.thread, SYS_handle_close, i % 2 ? owner : session), 0);
        assert_int_equal(fake_call(s.thread, SYS_handle_close, i % 2 ? session : owner), 0);
        assert_int_equal(take(s.thread, s.port, 0, 0).word, NOTICE_SESSION_CLOSED);
    }
    fake_balance_check(&before);
    close_in(&keeper);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_session_badge_comes_with_every_call),
    FAKE_TEST(test_session_owner_handle_cannot_call),
    FAKE_TEST(test_session_call_limit_counts_queued_and_received_calls),
    FAKE_TEST(test_session_call_that_timed_out_counts_until_it_is_answered),
    FAKE_TEST(test_session_closed_notice_comes_after_the_last_handle_and_call),
    FAKE_TEST(test_session_revoked_through_its_owner_handle_is_closed),
    FAKE_TEST(test_session_client_that_dies_closes_it),
    FAKE_TEST(test_session_of_a_closed_port_cannot_be_made),
    FAKE_TEST(test_session_goes_without_a_trace),
};

FAKE_TEST_MAIN(tests)
