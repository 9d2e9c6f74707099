/* SPDX-License-Identifier: MIT */
/* Calls that wait: in the queue, for their answer, until they are given up; whose priority they
 * lend; and receivers that wait without a slot. */
#include "unit/object/server.h"

#include "sched/thread.h"

static const time_ns_t second_ns = 1000000000;

static void test_call_given_up_is_told_with_its_token(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    struct taken call, notice;

    (void)state;
    assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, fake_now() + second_ns, NULL),
                     FAKE_BLOCKED);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(call.kind, RECEIVED_CALL);
    fake_run_for(2 * second_ns);
    assert_int_equal(fake_wait(c.thread), -ETIMEDOUT);
    notice = take(s.thread, s.port, 0, 0);
    assert_int_equal(notice.kind, RECEIVED_NOTICE);
    assert_int_equal(notice.badge, call.token);
    assert_int_equal(notice.word, NOTICE_CALL_CANCELLED);
}

/* A caller that dies is a call given up. */
static void test_call_of_a_dead_caller_is_told(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    struct taken call;

    (void)state;
    call_begin(c.thread, c.session, 1);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(fake_call(s.thread, SYS_thread_kill, c.process.thread), 0);
    fake_settle();
    assert_int_equal(take(s.thread, s.port, 0, 0).badge, call.token);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, EMPTY), -ETOKEN_STALE);
}

static void test_call_given_up_in_the_queue_is_over(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 1);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(fake_port_call(c.thread, c.session, EMPTY, fake_now() + second_ns, NULL),
                         FAKE_BLOCKED);
        fake_run_for(2 * second_ns);
        assert_int_equal(fake_wait(c.thread), -ETIMEDOUT);
    }
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
    call_begin(c.thread, c.session, 5);
    assert_int_equal(take(s.thread, s.port, 0, 0).word, 5);
}

static void test_call_in_the_queue_lends_its_priority(void **state)
{
    struct server s = server_on(2, 0, 4); /* one CPU for each */
    struct client c = client(&s, 7, 0);
    struct thread *server = s.thread->thread;
    uint8_t base = server->base_priority;
    struct taken call;

    (void)state;
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT); /* serves from now on */
    assert_int_equal(fake_call(s.thread, SYS_thread_set_priority, c.process.thread, 200), 0);
    call_begin(c.thread, c.session, 1);
    assert_int_equal(server->priority, 200);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(server->priority, 200);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, EMPTY), 0);
    assert_int_equal(server->priority, base);
    assert_int_equal(fake_wait(c.thread), 0);
    call_begin(c.thread, c.session, 1);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(server->priority, 200);
    assert_int_equal(fake_call(s.thread, SYS_token_drop, s.port, call.token), 0);
    assert_int_equal(server->priority, base);
    assert_int_equal(server->base_priority, base);
}

/* Its slot must not go with the one that has stopped waiting. */
static void test_receiver_whose_time_is_over_leaves_its_slot(void **state)
{
    struct server s = server(1);
    struct client c = client(&s, 7, 0);
    struct receiver other = receiver(&s);

    (void)state;
    assert_int_equal(
        fake_reply_receive(other.thread, other.port, 0, fake_now() + second_ns, 0, NULL),
        FAKE_BLOCKED);
    fake_run_for(2 * second_ns);
    assert_int_equal(fake_wait(other.thread), -ETIMEDOUT);
    call_begin(c.thread, c.session, 3);
    assert_int_equal(take(s.thread, s.port, 0, 0).word, 3);
}

static void test_receiver_that_dies_leaves_its_slot(void **state)
{
    struct server s = server(1);
    struct client c = client(&s, 7, 0);
    struct receiver other = receiver(&s);

    (void)state;
    assert_int_equal(fake_reply_receive(other.thread, other.port, 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(s.thread, SYS_thread_kill, other.process.thread), 0);
    fake_settle();
    call_begin(c.thread, c.session, 3);
    assert_int_equal(take(s.thread, s.port, 0, 0).word, 3);
}

/* A call is queued and a receiver waits, but the only slot is taken; an answer frees it. */
static void test_receiver_without_a_slot_is_woken_by_a_free_one(void **state)
{
    struct server s = server(1);
    struct client a = client(&s, 1, 0), b = client(&s, 2, 0);
    struct receiver other = receiver(&s);
    struct taken call;

    (void)state;
    call_begin(a.thread, a.session, 1);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(fake_reply_receive(other.thread, other.port, 0, DEADLINE_NEVER, 0, NULL),
                     FAKE_BLOCKED);
    call_begin(b.thread, b.session, 2);
    assert_int_equal(fake_wait(other.thread), FAKE_BLOCKED);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, EMPTY), 0);
    assert_int_equal(fake_wait(other.thread), RECEIVED_CALL);
    assert_int_equal(other.thread->registers.rdi, 2);
    assert_int_equal(fake_wait(a.thread), 0);
}

static void test_call_refuses_what_is_wrong(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    const uint64_t passed = (uint64_t)fake_now() - 1;

    (void)state;
    assert_int_equal(fake_call(c.thread, SYS_port_call, c.session, EMPTY, DEADLINE_NEVER, 1),
                     -EINVAL);
    assert_int_equal(fake_call(c.thread, SYS_port_call, c.session, EMPTY, passed), -ETIMEDOUT);
    assert_int_equal(
        fake_call(c.thread, SYS_port_call, c.session, EMPTY | 1ul << 60, DEADLINE_NEVER), -EINVAL);
    assert_int_equal(
        fake_call(c.thread, SYS_port_call, c.session, IPC_HEADER(1, 4097, 0), DEADLINE_NEVER),
        -EMSGSIZE);
    assert_int_equal(
        fake_call(c.thread, SYS_port_call, c.session, IPC_HEADER(1, 0, 17), DEADLINE_NEVER),
        -EMSGSIZE);
    assert_int_equal(
        fake_call(c.thread, SYS_port_call, c.session, IPC_HEADER(1, 0, 1), DEADLINE_NEVER),
        -ENO_BUFFER);
    assert_int_equal(take(s.thread, s.port, 0, 0).kind, -ETIMEDOUT);
}

static void test_answer_that_is_wrong_leaves_the_token_good(void **state)
{
    struct server s = server(4);
    struct client c = client(&s, 7, 0);
    struct taken call;

    (void)state;
    call_begin(c.thread, c.session, 1);
    call = take(s.thread, s.port, 0, 0);
    assert_int_equal(
        fake_call(s.thread, SYS_port_reply, s.port, call.token, IPC_HEADER(1, 4097, 0)), -EMSGSIZE);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, IPC_HEADER(1, 100, 0)),
                     -ENO_BUFFER);
    (void)MAKE(s.thread, SYS_thread_buffer, 0);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, IPC_HEADER(1, 100, 0)),
                     -ENO_BUFFER); /* the caller's */
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, EMPTY | 1ul << 60),
                     -EINVAL);
    assert_int_equal(fake_wait(c.thread), FAKE_BLOCKED);
    assert_int_equal(fake_call(s.thread, SYS_port_reply, s.port, call.token, EMPTY), 0);
    assert_int_equal(fake_wait(c.thread), 0);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_call_given_up_is_told_with_its_token),
    FAKE_TEST(test_call_of_a_dead_caller_is_told),
    FAKE_TEST(test_call_given_up_in_the_queue_is_over),
    FAKE_TEST(test_call_in_the_queue_lends_its_priority),
    FAKE_TEST(test_receiver_whose_time_is_over_leaves_its_slot),
    FAKE_TEST(test_receiver_that_dies_leaves_its_slot),
    FAKE_TEST(test_receiver_without_a_slot_is_woken_by_a_free_one),
    FAKE_TEST(test_call_refuses_what_is_wrong),
    FAKE_TEST(test_answer_that_is_wrong_leaves_the_token_good),
};

FAKE_TEST_MAIN(tests)
