/* SPDX-License-Identifier: MIT */
/* Tokens, and the end of ports and of those who serve them. */
#include "mm/inject.h"
#include "unit/object/server.h"

static void test_port_create_refuses_no_tokens_and_too_many(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_int_equal(fake_call(t, SYS_port_create, job(), 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_port_create, job(), 513), -EINVAL);
    assert_int_equal(fake_call(t, SYS_port_create, job(), 1ul << 32 | 1), -EINVAL);
    (void)MAKE(t, SYS_port_create, job(), 512);
}

static void test_port_token_answers_once(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    struct taken first;
    uint64_t word;

    (void)state;
    call_begin(c.thread, c.session, 11);
    first = take(s.thread, s.port, 0, 0);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, first.token, EMPTY), 0);
    assert_int_equal(call_end(c.thread, &word), 0);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, first.token, EMPTY),
                     -ETOKEN_STALE);
    assert_int_equal(fake_call(s.thread, SYS_token_drop, s.port, first.token), -ETOKEN_STALE);
    assert_int_equal(take(s.thread, s.port, first.token, 0).kind, -ETOKEN_STALE);
}

/* With one slot, the next call has the same slot and must have another token. */
static void test_port_token_of_a_slot_used_again_is_another(void **state)
{
    struct server s = server(1);
    struct client c = client(&s, 7, 0);
    uint64_t tokens[3], word;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        call_begin(c.thread, c.session, i);
        tokens[i] = take(s.thread, s.port, 0, 0).token;
        for (unsigned old = 0; old < i; old++) {
            assert_int_not_equal(tokens[old], tokens[i]);
            assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, tokens[old], EMPTY),
                             -ETOKEN_STALE);
        }
        assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, tokens[i], EMPTY), 0);
        assert_int_equal(call_end(c.thread, &word), 0);
    }
}

static void test_port_token_is_no_good_in_another_process(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    struct receiver other = receiver(&s);
    struct taken taken;
    uint64_t word;

    (void)state;
    call_begin(c.thread, c.session, 11);
    taken = take(s.thread, s.port, 0, 0);
    assert_int_equal(fake_call(other.thread, SYS_port_reply, other.port, taken.token, EMPTY),
                     -ETOKEN_STALE);
    assert_int_equal(fake_call(other.thread, SYS_token_drop, other.port, taken.token),
                     -ETOKEN_STALE);
    assert_int_equal(take(other.thread, other.port, taken.token, 0).kind, -ETOKEN_STALE);
    assert_int_equal(fake_wait(c.thread), FAKE_BLOCKED);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, taken.token, EMPTY), 0);
    assert_int_equal(call_end(c.thread, &word), 0);
}

static void test_port_token_dropped_tells_the_caller(void **state)
{
    struct server s = server(1);
    struct client c = client(&s, 7, 0);
    uint64_t word;

    (void)state;
    call_begin(c.thread, c.session, 11);
    assert_int_equal(
        fake_call(s.thread, SYS_token_drop, s.port, take(s.thread, s.port, 0, 0).token), 0);
    assert_int_equal(call_end(c.thread, &word), -ETOKEN_DROPPED);
    call_begin(c.thread, c.session, 12);
    assert_int_equal(take(s.thread, s.port, 0, 0).word, 12);
}

static void test_port_guessed_tokens_are_refused(void **state)
{
    struct server s = server(2);
    const uint64_t guesses[] = {1, 0x10000, 0x10001, 0xffff, UINT64_MAX, 1ul << 63};

    (void)state;
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, guesses[i], EMPTY),
                         -ETOKEN_STALE);
        assert_int_equal(fake_call(s.thread, SYS_token_drop, s.port, guesses[i]), -ETOKEN_STALE);
    }
}

static void test_port_without_free_tokens_leaves_calls_queued(void **state)
{
    struct server s = server(1);
    struct client a = client(&s, 1, 0), b = client(&s, 2, 0);
    struct taken taken;

    (void)state;
    call_begin(a.thread, a.session, 1);
    call_begin(b.thread, b.session, 2);
    taken = take(s.thread, s.port, 0, 0);
    assert_int_equal(taken.badge, 1);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
    taken = take(s.thread, s.port, taken.token, 5);
    assert_int_equal(taken.kind, RECEIVED_CALL);
    assert_int_equal(taken.badge, 2);
    assert_int_equal(fake_wait(a.thread), 0);
}

static void test_port_calls_come_by_priority_and_in_order_among_equals(void **state)
{
    static const unsigned priorities[] = {100, 150, 50, 150};
    static const unsigned expected[] = {1, 3, 0, 2};
    struct server s = server_on(2, 0, 8);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct client c = client(&s, i, 0);

        assert_int_equal(
            fake_call(s.thread, SYS_thread_set_priority, c.process.thread, priorities[i]), 0);
        call_begin(c.thread, c.session, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(take(s.thread, s.port, 0, 0).badge, expected[i]);
    }
}

static void test_port_closed_fails_queued_and_received_calls(void **state)
{
    struct server s = server(1);
    struct client a = client(&s, 1, 0), b = client(&s, 2, 0);

    (void)state;
    call_begin(a.thread, a.session, 1);
    call_begin(b.thread, b.session, 2);
    assert_int_equal(take(s.thread, s.port, 0, 0).badge, 1);
    assert_int_equal(fake_call(s.thread, SYS_handle_close, s.port), 0);
    fake_settle();
    assert_int_equal(fake_wait(a.thread), -EPEER_DIED);
    assert_int_equal(fake_wait(b.thread), -EPEER_DIED);
    assert_int_equal(fake_port_call(a.thread, a.session, EMPTY, DEADLINE_NEVER, NULL), -EPEER_DIED);
    assert_int_equal(
        fake_call(s.thread, SYS_object_wait, a.owner, SIGNAL_PEER_CLOSED, DEADLINE_POLL),
        SIGNAL_PEER_CLOSED);
}

static void test_port_whose_right_to_receive_remains_is_not_closed(void **state)
{
    struct server s = server(1);
    struct client c = client(&s, 1, 0);
    handle_t copy = MAKE(s.thread, SYS_handle_dup, s.port, RIGHTS_SAME);

    (void)state;
    assert_int_equal(fake_call(s.thread, SYS_handle_close, s.port), 0);
    fake_settle();
    call_begin(c.thread, c.session, 1);
    assert_int_equal(take(s.thread, copy, 0, 0).badge, 1);
}

static void test_port_server_that_dies_fails_its_calls_and_leaves_queued_ones(void **state)
{
    struct server s = server(4);
    struct client a = client(&s, 1, 0), b = client(&s, 2, 0);
    struct receiver other = receiver(&s);

    (void)state;
    call_begin(a.thread, a.session, 1);
    assert_int_equal(take(other.thread, other.port, 0, 0).badge, 1);
    call_begin(b.thread, b.session, 2);
    assert_int_equal(fake_call(s.thread, SYS_process_kill, other.process.process), 0);
    fake_run_for(1000000000);
    assert_int_equal(fake_wait(a.thread), -EPEER_DIED);
    assert_int_equal(fake_wait(b.thread), FAKE_BLOCKED);
    assert_int_equal(take(s.thread, s.port, 0, 0).badge, 2);
}

static void test_port_receiver_ends_when_the_port_is_closed(void **state)
{
    struct server s = server(4);
    struct receiver other = receiver(&s);
    struct fake_thread *second;

    (void)state;
    second = fake_thread_create(&other.process, NULL);
    assert_int_equal(fake_call(s.thread, SYS_handle_close, s.port), 0);
    assert_int_equal(fake_reply_receive(other.thread, other.port, 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(second, SYS_handle_close, other.port), 0);
    fake_settle();
    assert_int_equal(fake_wait(other.thread), -EBADF);
}

/* The end of a port leaves its token slot with the receiver, which then asks another port. */
static void test_port_that_cannot_be_served_gets_no_slot_of_another(void **state)
{
    struct server s = server(1);
    handle_t second = MAKE(s.thread, SYS_port_create, job(), 1);
    struct client c[] = {client(&(struct server){s.thread, second}, 7, 0),
                         client(&(struct server){s.thread, second}, 8, 0)};
    struct fake_process other;
    struct fake_thread *closer;
    handle_t ports[2];

    (void)state;
    fake_process_new(job(), &other);
    ports[0] = fake_grant(&other, s.port, RIGHTS_SAME);
    ports[1] = fake_grant(&other, second, RIGHTS_SAME);
    fake_process_start(&other);
    closer = fake_thread_create(&other, NULL);
    assert_int_equal(fake_call(s.thread, SYS_handle_close, s.port), 0);
    assert_int_equal(fake_reply_receive(other.main, ports[0], 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(closer, SYS_handle_close, ports[0]), 0);
    fake_settle();
    assert_int_equal(fake_wait(other.main), -EBADF);
    inject_fail_after(1);
    assert_int_equal(take(other.main, ports[1], 0, 0).kind, -ENOMEM);
    inject_fail_after(0);
    call_begin(c[0].thread, c[0].session, 11);
    call_begin(c[1].thread, c[1].session, 12);
    assert_int_equal(take(other.main, ports[1], 0, 0).kind, RECEIVED_CALL);
    assert_int_equal(take(other.main, ports[1], 0, 0).kind, -ETIMEDOUT);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_port_create_refuses_no_tokens_and_too_many),
    FAKE_TEST(test_port_token_answers_once),
    FAKE_TEST(test_port_token_of_a_slot_used_again_is_another),
    FAKE_TEST(test_port_token_is_no_good_in_another_process),
    FAKE_TEST(test_port_token_dropped_tells_the_caller),
    FAKE_TEST(test_port_guessed_tokens_are_refused),
    FAKE_TEST(test_port_without_free_tokens_leaves_calls_queued),
    FAKE_TEST(test_port_calls_come_by_priority_and_in_order_among_equals),
    FAKE_TEST(test_port_closed_fails_queued_and_received_calls),
    FAKE_TEST(test_port_whose_right_to_receive_remains_is_not_closed),
    FAKE_TEST(test_port_server_that_dies_fails_its_calls_and_leaves_queued_ones),
    FAKE_TEST(test_port_receiver_ends_when_the_port_is_closed),
    FAKE_TEST(test_port_that_cannot_be_served_gets_no_slot_of_another),
};

FAKE_TEST_MAIN(tests)
