/* SPDX-License-Identifier: MIT */
/*
 * What the fast path must decline, and what it does when it does not. A server in a process of its
 * own waits, so that calls and answers go the fast way; fast_count says whether they did.
 */
#include "unit/object/server.h"

#include "fake/machine.h"
#include "sched/thread.h"

struct pair {
    struct server init;
    struct fake_process process; /* the server's */
    struct fake_thread *server;
    handle_t port; /* in the server's table */
    struct client client;
};

static struct pair pair_on(unsigned cpus, uint64_t tokens, uint64_t limit)
{
    struct pair p = {.init = server_on(cpus, 0, tokens)};

    fake_process_new(job(), &p.process);
    p.port = fake_grant(&p.process, p.init.port, RIGHTS_SAME);
    fake_process_start(&p.process);
    p.server = p.process.main;
    p.client = client(&p.init, 7, limit);
    return p;
}

static struct pair pair(void)
{
    return pair_on(1, 4, 0);
}

static void wait_for_calls(const struct pair *p, struct fake_thread *thread)
{
    assert_int_equal(fake_reply_receive(thread, p->port, 0, DEADLINE_NEVER, 0, NULL), FAKE_BLOCKED);
}

/* Answers and waits for the next call, which does not come yet. */
static void answer(const struct pair *p, uint64_t token, uint64_t word)
{
    uint64_t words[8] = {word};

    assert_int_equal(
        fake_reply_receive(p->server, p->port, IPC_HEADER(0, 8, 0), DEADLINE_NEVER, token, words),
        FAKE_BLOCKED);
}

/* The client's call arrives at the waiting server; the token. */
static uint64_t arrive(const struct pair *p, uint64_t word)
{
    call_begin(p->client.thread, p->client.session, word);
    assert_int_equal(fake_wait(p->server), RECEIVED_CALL);
    assert_int_equal(p->server->registers.rdi, 7);
    assert_int_equal(p->server->registers.rbx, word);
    return p->server->registers.r10;
}

static void test_fast_call_and_answer_carry_all_words(void **state)
{
    struct pair p = pair();
    uint64_t out[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    const struct fake_registers *r = &p.server->registers;
    uint64_t count;

    (void)state;
    wait_for_calls(&p, p.server);
    count = fake_machine.fast_count;
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(9, 64, 0),
                                    DEADLINE_NEVER, out),
                     FAKE_BLOCKED);
    assert_int_equal(fake_wait(p.server), RECEIVED_CALL);
    const uint64_t got[8] = {r->rbx, r->rbp, r->r12, r->r13, r->r14, r->r15, r->r8, r->r9};
    const uint64_t sent[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    assert_memory_equal(got, sent, sizeof(got));
    assert_int_equal(r->rsi, IPC_HEADER(9, 64, 0));
    assert_int_equal(r->rdx, p.client.thread->thread->job_koid);
    assert_int_equal(
        fake_reply_receive(p.server, p.port, IPC_HEADER(3, 64, 0), DEADLINE_NEVER, r->r10, back),
        FAKE_BLOCKED);
    assert_int_equal(fake_machine.fast_count, count + 2);
    assert_int_equal(fake_wait(p.client.thread), 0);
    r = &p.client.thread->registers;
    assert_int_equal(r->rsi, IPC_HEADER(3, 64, 0));
    assert_int_equal(r->rbx, 11);
    assert_int_equal(r->r9, 18);
    assert_int_equal(r->rdi | r->rdx | r->r10, 0);
}

static void test_fast_call_copies_what_is_in_the_buffer(void **state)
{
    struct pair p = pair();
    uint64_t count;
    char *sent, *got;

    (void)state;
    (void)MAKE(p.server, SYS_thread_buffer, 0);
    (void)MAKE(p.client.thread, SYS_thread_buffer, 0);
    sent = p.client.thread->thread->buffer_payload;
    got = p.server->thread->buffer_payload;
    wait_for_calls(&p, p.server);
    for (unsigned i = 0; i < 200; i++) {
        sent[i] = (char)(i + 1);
    }
    got[100] = got[101] = 99;
    count = fake_machine.fast_count;
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(9, 101, 0),
                                    DEADLINE_NEVER, NULL),
                     FAKE_BLOCKED);
    assert_int_equal(fake_machine.fast_count, count + 1);
    assert_int_equal(fake_wait(p.server), RECEIVED_CALL);
    assert_memory_equal(got, sent, 101);
    assert_int_equal(got[101], 99);
}

static void test_fast_call_declines_a_payload_without_buffers(void **state)
{
    struct pair p = pair();
    uint64_t count;

    (void)state;
    wait_for_calls(&p, p.server);
    count = fake_machine.fast_count;
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(9, 65, 0),
                                    DEADLINE_NEVER, NULL),
                     -ENO_BUFFER);
    (void)MAKE(p.client.thread, SYS_thread_buffer, 0);
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, IPC_HEADER(9, 65, 0),
                                    DEADLINE_NEVER, NULL),
                     -ENO_BUFFER); /* the receiver's */
    assert_int_equal(fake_machine.fast_count, count);
    (void)arrive(&p, 5);
}

static void test_fast_call_counts_against_the_limit(void **state)
{
    struct pair p = pair_on(1, 4, 1);
    struct fake_thread *server = fake_thread_create(&p.process, NULL);
    struct fake_thread *second = fake_thread_create(&p.client.process, NULL);

    (void)state;
    wait_for_calls(&p, server);
    wait_for_calls(&p, p.server);
    (void)arrive(&p, 1);
    assert_int_equal(fake_port_call(second, p.client.session, EMPTY, DEADLINE_NEVER, NULL),
                     -EQUOTA);
    assert_int_equal(fake_wait(server), FAKE_BLOCKED);
}

static void test_fast_answer_gives_the_credit_back(void **state)
{
    struct pair p = pair_on(1, 4, 1);
    uint64_t count, word;

    (void)state;
    wait_for_calls(&p, p.server);
    count = fake_machine.fast_count;
    for (unsigned i = 0; i < 5; i++) {
        answer(&p, arrive(&p, i), 100 + i);
        assert_int_equal(call_end(p.client.thread, &word), 0);
        assert_int_equal(word, 100 + i);
    }
    assert_int_equal(fake_machine.fast_count, count + 10);
}

static void test_fast_answer_ends_the_token(void **state)
{
    struct pair p = pair_on(1, 1, 0);
    uint64_t first, second;

    (void)state;
    wait_for_calls(&p, p.server);
    first = arrive(&p, 1);
    answer(&p, first, 2);
    assert_int_equal(fake_wait(p.client.thread), 0);
    second = arrive(&p, 3);
    assert_int_not_equal(first, second);
    assert_int_equal(take(p.server, p.port, first, 4).kind, -ETOKEN_STALE);
    assert_int_equal(fake_wait(p.client.thread), FAKE_BLOCKED);
}

static void test_fast_answer_needs_a_token_of_the_own_process(void **state)
{
    struct pair p = pair();
    struct fake_process other;
    handle_t port;
    uint64_t token;

    (void)state;
    fake_process_new(job(), &other);
    port = fake_grant(&other, p.init.port, RIGHTS_SAME);
    fake_process_start(&other);
    assert_int_equal(take(other.main, port, 0, 0).kind, -ETIMEDOUT); /* serves the port too */
    wait_for_calls(&p, p.server);
    token = arrive(&p, 1);
    assert_int_equal(fake_reply_receive(other.main, port, EMPTY, DEADLINE_NEVER, token, NULL),
                     -ETOKEN_STALE);
    assert_int_equal(fake_wait(p.client.thread), FAKE_BLOCKED);
    answer(&p, token, 9);
    assert_int_equal(fake_wait(p.client.thread), 0);
}

static void test_fast_answer_does_not_pass_by_a_notice(void **state)
{
    struct pair p = pair();
    uint64_t token;

    (void)state;
    wait_for_calls(&p, p.server);
    token = arrive(&p, 1);
    assert_int_equal(fake_call(p.init.thread, SYS_port_notify, p.init.port, 6), 0);
    assert_int_equal(fake_reply_receive(p.server, p.port, EMPTY, DEADLINE_NEVER, token, NULL),
                     RECEIVED_NOTICE);
    assert_int_equal(p.server->registers.rbx, 6);
    assert_int_equal(fake_wait(p.client.thread), 0);
}

static void test_fast_answer_does_not_pass_by_a_queued_call(void **state)
{
    struct pair p = pair();
    struct fake_thread *second = fake_thread_create(&p.client.process, NULL);
    uint64_t token;

    (void)state;
    wait_for_calls(&p, p.server);
    token = arrive(&p, 1);
    call_begin(second, p.client.session, 2);
    assert_int_equal(fake_reply_receive(p.server, p.port, EMPTY, DEADLINE_NEVER, token, NULL),
                     RECEIVED_CALL);
    assert_int_equal(p.server->registers.rbx, 2);
}

static void test_fast_call_leaves_the_receiver_on_its_cpus(void **state)
{
    struct pair p = pair_on(2, 4, 0);
    uint64_t count;

    (void)state;
    assert_int_equal(fake_call(p.init.thread, SYS_thread_set_affinity, p.process.thread, 2), 0);
    assert_int_equal(fake_call(p.init.thread, SYS_thread_set_affinity, p.client.process.thread, 1),
                     0);
    fake_settle();
    wait_for_calls(&p, p.server);
    count = fake_machine.fast_count;
    answer(&p, arrive(&p, 1), 2);
    assert_int_equal(p.server->thread->cpu, 1);
    assert_int_equal(fake_wait(p.client.thread), 0);
    assert_int_equal(p.client.thread->thread->cpu, 0);
    assert_int_equal(fake_machine.fast_count, count);
}

/* The answer wakes a caller of less importance than a thread that is ready. */
static void test_fast_answer_lets_who_is_more_important_go_first(void **state)
{
    struct pair p = pair();
    struct fake_process other;
    struct fake_thread *between;
    handle_t handle;
    uint64_t token;

    (void)state;
    fake_process_create(&other);
    assert_int_equal(fake_call(other.main, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
    assert_int_equal(fake_call(p.init.thread, SYS_thread_set_priority, p.client.process.thread, 20),
                     0);
    wait_for_calls(&p, p.server);
    assert_int_equal(fake_call(p.init.thread, SYS_thread_sleep, (uint64_t)fake_now() + 1000000000),
                     FAKE_BLOCKED);
    token = arrive(&p, 1);
    fake_time_add(1000000000);
    assert_int_equal(fake_wait(p.init.thread), 0);
    between = fake_thread_create(&other, &handle);
    assert_int_equal(fake_call(p.init.thread, SYS_thread_set_priority, handle, 50), 0);
    assert_int_equal(fake_call(p.init.thread, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
    answer(&p, token, 2);
    fake_settle();
    assert_ptr_equal(fake_on_cpu(0), between);
    assert_int_equal(p.client.thread->state, FAKE_CALL);
}

static void test_fast_call_lends_its_priority_until_the_answer(void **state)
{
    struct pair p = pair_on(2, 4, 0);
    uint8_t base = p.server->thread->priority;
    uint64_t count, token;

    (void)state;
    assert_int_equal(
        fake_call(p.init.thread, SYS_thread_set_priority, p.client.process.thread, 200), 0);
    wait_for_calls(&p, p.server);
    count = fake_machine.fast_count;
    token = arrive(&p, 1);
    assert_int_equal(p.server->thread->priority, 200);
    answer(&p, token, 2);
    assert_int_equal(fake_machine.fast_count, count + 2);
    assert_int_equal(p.server->thread->priority, base);
}

static void test_fast_call_after_its_handle_was_revoked_is_refused(void **state)
{
    struct pair p = pair();

    (void)state;
    wait_for_calls(&p, p.server);
    answer(&p, arrive(&p, 1), 2);
    assert_int_equal(fake_wait(p.client.thread), 0);
    assert_int_equal(fake_call(p.init.thread, SYS_handle_revoke, p.client.owner), 0);
    assert_int_equal(fake_port_call(p.client.thread, p.client.session, EMPTY, DEADLINE_NEVER, NULL),
                     -EREVOKED);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_fast_call_and_answer_carry_all_words),
    FAKE_TEST(test_fast_call_copies_what_is_in_the_buffer),
    FAKE_TEST(test_fast_call_declines_a_payload_without_buffers),
    FAKE_TEST(test_fast_call_counts_against_the_limit),
    FAKE_TEST(test_fast_answer_gives_the_credit_back),
    FAKE_TEST(test_fast_answer_ends_the_token),
    FAKE_TEST(test_fast_answer_needs_a_token_of_the_own_process),
    FAKE_TEST(test_fast_answer_does_not_pass_by_a_notice),
    FAKE_TEST(test_fast_answer_does_not_pass_by_a_queued_call),
    FAKE_TEST(test_fast_call_leaves_the_receiver_on_its_cpus),
    FAKE_TEST(test_fast_answer_lets_who_is_more_important_go_first),
    FAKE_TEST(test_fast_call_lends_its_priority_until_the_answer),
    FAKE_TEST(test_fast_call_after_its_handle_was_revoked_is_refused),
};

FAKE_TEST_MAIN(tests)
