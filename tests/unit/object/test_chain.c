/* SPDX-License-Identifier: MIT */
/* Chains of calls: rings are refused, and priority goes to the end of a chain. */
#include "unit/object/start.h"

#include <sys/wait.h>
#include <unistd.h>
#include "object/process.h"
#include "sched/sched.h"

#define EMPTY IPC_HEADER(1, 0, 0)
#define SIZE  11

/* Programs that serve a port each and may call all the others. */
static struct {
    struct fake_process process[SIZE];
    struct fake_thread *thread[SIZE];
    handle_t port[SIZE];          /* in its own table */
    handle_t session[SIZE][SIZE]; /* [caller][server] */
} world;

static handle_t transfer(unsigned to, handle_t handle)
{
    handle_t there = fake_grant(&world.process[to], handle, RIGHTS_SAME);

    assert_int_equal(fake_call(fake_init_thread(), SYS_handle_close, handle), 0);
    return there;
}

static int64_t poll_by(struct fake_thread *thread, unsigned server)
{
    return fake_reply_receive(thread, world.port[server], EMPTY, DEADLINE_POLL, 0, NULL);
}

static int64_t poll(unsigned server)
{
    return poll_by(world.thread[server], server);
}

static void world_make(unsigned size, unsigned cpus, unsigned choice)
{
    struct fake_thread *t = start_with(cpus, choice);

    for (unsigned i = 0; i < size; i++) {
        fake_process_new(job(), &world.process[i]);
    }
    for (unsigned i = 0; i < size; i++) {
        handle_t port = MAKE(t, SYS_port_create, job(), 16);

        for (unsigned caller = 0; caller < size; caller++) {
            (void)MAKE(t, SYS_session_create, port, i, 16);
            world.session[caller][i] = transfer(caller, fake_result2(t));
        }
        world.port[i] = transfer(i, port);
    }
    for (unsigned i = 0; i < size; i++) {
        fake_process_start(&world.process[i]);
        world.thread[i] = world.process[i].main;
        assert_int_equal(poll(i), -ETIMEDOUT); /* it is one of those who serve the port */
    }
}

static int64_t call(unsigned caller, unsigned server)
{
    return fake_port_call(world.thread[caller], world.session[caller][server], EMPTY,
                          DEADLINE_NEVER, NULL);
}

/* Receives a call that is queued: its token, and by whom. */
static uint64_t take(unsigned server)
{
    assert_int_equal(poll(server), RECEIVED_CALL);
    return world.thread[server]->registers.r10;
}

/* Answers, and looks for another call. */
static void answer(unsigned server, uint64_t token, int64_t expected)
{
    assert_int_equal(fake_reply_receive(world.thread[server], world.port[server], EMPTY,
                                        DEADLINE_POLL, token, NULL),
                     expected);
}

static unsigned priority(unsigned i)
{
    return world.thread[i]->thread->priority;
}

static void set_priority(unsigned i, unsigned value)
{
    assert_int_equal(
        fake_call(fake_init_thread(), SYS_thread_set_priority, world.process[i].thread, value), 0);
}

/* As the figures name it. */
static koid_t waits_process(unsigned i)
{
    const struct thread *thread = world.thread[i]->thread;
    return thread->wait_ops->waits_process(thread);
}

static void test_chain_is_told_by_process(void **state)
{
    (void)state;
    world_make(2, 1, 0);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    assert_int_equal(waits_process(0), world.thread[1]->thread->process->object.koid); /* queued */
    (void)take(1);
    assert_int_equal(waits_process(0), world.thread[1]->thread->process->object.koid);
}

static void test_chain_call_to_oneself_is_refused(void **state)
{
    (void)state;
    world_make(1, 1, 0);
    assert_int_equal(call(0, 0), -EDEADLK);
    assert_int_equal(poll(0), -ETIMEDOUT); /* it stands in no queue */
}

static void test_chain_ring_of_a_call_in_hand_is_refused(void **state)
{
    uint64_t token;

    (void)state;
    world_make(2, 1, 0);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    token = take(1);
    assert_int_equal(call(1, 0), -EDEADLK);
    answer(1, token, -ETIMEDOUT); /* the first call is as good as before */
    assert_int_equal(fake_wait(world.thread[0]), 0);
}

static void test_chain_ring_of_three_queued_calls_is_refused(void **state)
{
    (void)state;
    world_make(3, 1, 0);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    assert_int_equal(call(1, 2), FAKE_BLOCKED);
    assert_int_equal(call(2, 0), -EDEADLK);
    answer(2, take(2), -ETIMEDOUT);
    assert_int_equal(fake_wait(world.thread[1]), 0);
    answer(1, take(1), -ETIMEDOUT);
    assert_int_equal(fake_wait(world.thread[0]), 0);
}

static void test_chain_is_no_ring_while_another_thread_serves(void **state)
{
    struct fake_thread *second;
    handle_t handle;

    (void)state;
    world_make(2, 1, 0);
    second = fake_thread_create(&world.process[0], &handle);
    assert_int_equal(poll_by(second, 0), -ETIMEDOUT);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    assert_int_equal(call(1, 0), FAKE_BLOCKED);
    assert_int_equal(poll_by(second, 0), RECEIVED_CALL);
}

static void test_chain_port_that_nobody_serves_is_no_ring(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t session;

    (void)state;
    (void)MAKE(t, SYS_port_create, job(), 4);
    session = MAKE(t, SYS_port_create, job(), 4);
    (void)MAKE(t, SYS_session_create, session, 1, 4);
    session = fake_result2(t);
    fake_process_new(job(), &process);
    session = fake_grant(&process, session, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_port_call(process.main, session, EMPTY, DEADLINE_NEVER, NULL),
                     FAKE_BLOCKED);
}

/* Two CPUs close a ring at once: at least one of them sees it. */
static void test_chain_ring_closed_from_both_sides_does_not_stay(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            unsigned refused = 0;

            world_make(2, 2, 2 + seed % 5);
            for (unsigned i = 0; i < seed; i++) {
                (void)fake_random();
            }
            for (unsigned i = 0; i < 2; i++) {
                const struct fake_registers registers = {.rax = SYS_port_call,
                                                         .rdi = world.session[i][1 - i],
                                                         .rsi = EMPTY,
                                                         .rdx = (uint64_t)DEADLINE_NEVER};

                fake_request_call(world.thread[i], &registers);
            }
            fake_settle();
            for (unsigned i = 0; i < 2; i++) {
                refused += world.thread[i]->state == FAKE_DONE &&
                           (int64_t)world.thread[i]->registers.rax == -EDEADLK;
            }
            _exit(refused == 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_chain_lends_to_its_end(void **state)
{
    uint64_t token;

    (void)state;
    world_make(4, 2, 0); /* one CPU for what is important */
    set_priority(0, 180);
    assert_int_equal(call(2, 3), FAKE_BLOCKED);
    token = take(3);
    assert_int_equal(call(1, 2), FAKE_BLOCKED);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    assert_int_equal(priority(1), 180);
    assert_int_equal(priority(2), 180);
    assert_int_equal(priority(3), 180);
    answer(3, token, -ETIMEDOUT);
    assert_int_equal(priority(3), PRIORITY_DEFAULT);
}

/* 0, more important, waits for 1, which stood behind 2 in the queue of 3. */
static void test_chain_moves_a_queued_caller_ahead(void **state)
{
    uint64_t first;

    (void)state;
    world_make(4, 2, 0); /* one CPU for what is important */
    set_priority(0, 180);
    assert_int_equal(call(2, 3), FAKE_BLOCKED);
    assert_int_equal(call(1, 3), FAKE_BLOCKED);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    first = take(3);
    assert_int_equal(priority(3), 180);
    answer(3, first, RECEIVED_CALL);
    assert_int_equal(fake_wait(world.thread[1]), 0);
}

static void test_chain_priority_that_is_set_while_queued_counts(void **state)
{
    (void)state;
    world_make(3, 2, 0); /* one CPU for what is important */
    assert_int_equal(call(0, 2), FAKE_BLOCKED);
    assert_int_equal(call(1, 2), FAKE_BLOCKED);
    set_priority(1, 170);
    assert_int_equal(priority(2), 170);
    answer(2, take(2), RECEIVED_CALL);
    assert_int_equal(fake_wait(world.thread[1]), 0);
}

static void test_chain_ends_at_its_bound(void **state)
{
    (void)state;
    world_make(SIZE, 2, 0); /* one CPU for what is important */
    for (unsigned i = SIZE - 1; i > 1; i--) {
        assert_int_equal(call(i - 1, i), FAKE_BLOCKED);
    }
    set_priority(0, 180);
    assert_int_equal(call(0, 1), FAKE_BLOCKED);
    assert_int_equal(priority(1), 180);
    assert_int_equal(priority(8), 180);
    assert_int_equal(priority(SIZE - 1), PRIORITY_DEFAULT);
    assert_int_equal(call(SIZE - 1, 1), FAKE_BLOCKED); /* a ring too long to be seen */
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_chain_call_to_oneself_is_refused),
    FAKE_TEST(test_chain_is_told_by_process),
    FAKE_TEST(test_chain_ring_of_a_call_in_hand_is_refused),
    FAKE_TEST(test_chain_ring_of_three_queued_calls_is_refused),
    FAKE_TEST(test_chain_is_no_ring_while_another_thread_serves),
    FAKE_TEST(test_chain_port_that_nobody_serves_is_no_ring),
    FAKE_TEST(test_chain_ring_closed_from_both_sides_does_not_stay),
    FAKE_TEST(test_chain_lends_to_its_end),
    FAKE_TEST(test_chain_moves_a_queued_caller_ahead),
    FAKE_TEST(test_chain_priority_that_is_set_while_queued_counts),
    FAKE_TEST(test_chain_ends_at_its_bound),
};

FAKE_TEST_MAIN(tests)
