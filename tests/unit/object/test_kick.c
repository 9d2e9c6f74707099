/* SPDX-License-Identifier: MIT */
/* Kicks, and the two phases in which a call is cancelled. */
#include "unit/object/start.h"

#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include "sched/thread.h"

/* init serves; a process calls. */
static struct {
    struct fake_thread *server, *client;
    struct fake_process process;
    handle_t port, session;
    uint64_t token;
} world;

static void begin(void)
{
    handle_t session;

    world.server = start();
    world.port = MAKE(world.server, SYS_port_create, job(), 4);
    (void)MAKE(world.server, SYS_session_create, world.port, 5, 0);
    session = fake_result2(world.server);
    fake_process_new(job(), &world.process);
    world.session = fake_grant(&world.process, session, RIGHTS_SAME);
    fake_process_start(&world.process);
    world.client = world.process.main;
}

/* The client calls, and the server has the token. */
static void call(uint64_t header, time_ns_t deadline)
{
    uint64_t words[8] = {0};

    assert_int_equal(fake_port_call(world.client, world.session, header, deadline, words),
                     FAKE_BLOCKED);
    assert_int_equal(fake_reply_receive(world.server, world.port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_CALL);
    assert_int_equal(world.server->registers.rsi, header & ~IPC_CANCEL_FIRST);
    world.token = world.server->registers.r10;
}

static int64_t kick(time_ns_t grace)
{
    return fake_call(world.server, SYS_thread_kick, world.process.thread, (uint64_t)grace);
}

/* The notice that is next, which must be of this token. */
static uint64_t notice(void)
{
    uint64_t words[8] = {0};

    assert_int_equal(fake_reply_receive(world.server, world.port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_NOTICE);
    assert_int_equal(world.server->registers.rdi, world.token);
    return words[0];
}

static int64_t answer(void)
{
    return fake_call(world.server, SYS_port_reply, world.port, world.token, IPC_HEADER(9, 0, 0));
}

static void test_kick_ends_a_sleep(void **state)
{
    (void)state;
    begin();
    assert_int_equal(fake_call(world.client, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
    assert_int_equal(kick(0), 0);
    assert_int_equal(fake_wait(world.client), -EINTR);
    assert_int_equal(fake_call(world.client, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void test_kick_of_a_thread_that_does_not_wait_ends_its_next_wait(void **state)
{
    (void)state;
    begin();
    assert_int_equal(kick(0), 0);
    assert_int_equal(fake_call(world.client, SYS_clock_read) > 0, 1);
    assert_int_equal(fake_call(world.client, SYS_thread_sleep, DEADLINE_NEVER), -EINTR);
    assert_int_equal(fake_call(world.client, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void test_kick_of_a_thread_that_does_not_wait_ends_its_next_call(void **state)
{
    uint64_t words[8] = {0};

    (void)state;
    begin();
    /* It has called before, so the fast path knows the handle. */
    call(IPC_HEADER(1, 0, 0), DEADLINE_NEVER);
    assert_int_equal(answer(), 0);
    assert_int_equal(fake_wait(world.client), 0);
    assert_int_equal(kick(0), 0);
    assert_int_equal(
        fake_port_call(world.client, world.session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, words),
        -EINTR);
    assert_int_equal(fake_reply_receive(world.server, world.port, 0, DEADLINE_POLL, 0, words),
                     -ETIMEDOUT);
}

static void test_kick_takes_a_queued_call_back(void **state)
{
    uint64_t words[8] = {0};

    (void)state;
    begin();
    assert_int_equal(fake_port_call(world.client, world.session, 0, DEADLINE_NEVER, words),
                     FAKE_BLOCKED);
    assert_int_equal(kick(DEADLINE_NEVER), 0);
    assert_int_equal(fake_wait(world.client), -EINTR);
    assert_int_equal(fake_reply_receive(world.server, world.port, 0, DEADLINE_POLL, 0, words),
                     -ETIMEDOUT);
}

static void test_kick_asks_the_server_and_its_answer_arrives(void **state)
{
    (void)state;
    begin();
    call(IPC_HEADER(1, 0, 0), DEADLINE_NEVER);
    assert_int_equal(kick(DEADLINE_NEVER), 0);
    assert_int_equal(fake_wait(world.client), FAKE_BLOCKED);
    assert_int_equal(notice(), NOTICE_CANCEL_REQUESTED);
    assert_int_equal(answer(), 0);
    assert_int_equal(fake_wait(world.client), 0);
    assert_int_equal(world.client->registers.rsi, IPC_HEADER(9, 0, 0));
    assert_int_equal(fake_call(world.client, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void test_kick_ends_the_call_when_the_grace_is_over(void **state)
{
    (void)state;
    begin();
    call(IPC_HEADER(1, 0, 0), DEADLINE_NEVER);
    assert_int_equal(kick(fake_now() + 5000000), 0);
    assert_int_equal(notice(), NOTICE_CANCEL_REQUESTED);
    fake_run_for(6000000);
    assert_int_equal(fake_wait(world.client), -ETIMEDOUT);
    assert_int_equal(notice(), NOTICE_CALL_CANCELLED);
    assert_int_equal(answer(), -ETOKEN_STALE);
}

static void test_kick_does_not_lengthen_a_deadline(void **state)
{
    (void)state;
    begin();
    call(IPC_HEADER(1, 0, 0), fake_now() + 100000000);
    assert_int_equal(kick(DEADLINE_NEVER), 0);
    fake_run_for(200000000);
    assert_int_equal(fake_wait(world.client), -ETIMEDOUT);
}

static void test_deadline_of_a_call_that_wants_it_asks_first(void **state)
{
    (void)state;
    begin();
    call(IPC_HEADER(1, 0, 0) | IPC_CANCEL_FIRST, fake_now() + 100000000);
    fake_run_for(200000000);
    assert_int_equal(fake_wait(world.client), FAKE_BLOCKED);
    assert_int_equal(notice(), NOTICE_CANCEL_REQUESTED);
    fake_run_for(IPC_CANCEL_GRACE_NS);
    assert_int_equal(fake_wait(world.client), -ETIMEDOUT);
    assert_int_equal(notice(), NOTICE_CALL_CANCELLED);
}

static void test_kick_ends_a_receive_without_spending_the_token(void **state)
{
    uint64_t words[8] = {0};

    (void)state;
    begin();
    call(IPC_HEADER(1, 0, 0), DEADLINE_NEVER);
    assert_int_equal(fake_call(world.server, SYS_thread_kick, fake_bootstrap(BOOTSTRAP_THREAD), 0),
                     0);
    assert_int_equal(fake_reply_receive(world.server, world.port, IPC_HEADER(9, 0, 0),
                                        DEADLINE_NEVER, world.token, words),
                     -EINTR);
    assert_int_equal(answer(), 0);
    assert_int_equal(fake_wait(world.client), 0);
}

static void test_kick_refuses_what_is_wrong(void **state)
{
    (void)state;
    begin();
    assert_int_equal(kick(-1), -EINVAL);
    assert_int_equal(fake_call(world.server, SYS_thread_kick, job(), 0), -EWRONG_TYPE);
    assert_int_equal(fake_call(world.server, SYS_thread_kick,
                               with_rights(world.server, world.process.thread, RIGHTS_BASIC), 0),
                     -EACCES);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_kick_ends_a_sleep),
    FAKE_TEST(test_kick_of_a_thread_that_does_not_wait_ends_its_next_wait),
    FAKE_TEST(test_kick_of_a_thread_that_does_not_wait_ends_its_next_call),
    FAKE_TEST(test_kick_takes_a_queued_call_back),
    FAKE_TEST(test_kick_asks_the_server_and_its_answer_arrives),
    FAKE_TEST(test_kick_ends_the_call_when_the_grace_is_over),
    FAKE_TEST(test_kick_does_not_lengthen_a_deadline),
    FAKE_TEST(test_deadline_of_a_call_that_wants_it_asks_first),
    FAKE_TEST(test_kick_ends_a_receive_without_spending_the_token),
    FAKE_TEST(test_kick_refuses_what_is_wrong),
};

FAKE_TEST_MAIN(tests)
