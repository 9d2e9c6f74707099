/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include "object/event.h"

static int64_t event_set(struct fake_thread *t, handle_t event, uint64_t clear, uint64_t set)
{
    return fake_call(t, SYS_event_signal, event, clear, set);
}

static int64_t event_poll(struct fake_thread *t, handle_t event, uint64_t bits, uint64_t consume)
{
    return fake_call(t, SYS_event_wait, event, bits, consume, DEADLINE_POLL);
}

/* A process with a handle to the event, whose main thread waits for the bits. */
static struct fake_thread *waiter(handle_t event, uint64_t bits, uint64_t consume)
{
    struct fake_process process;
    handle_t own;

    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(process.main, SYS_event_wait, own, bits, consume, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    return process.main;
}

static void test_event_signal_clears_then_sets_and_tells_the_bits_before(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(event_set(t, event, 0, 5), 0);
    assert_int_equal(fake_result2(t), 0);
    assert_int_equal(event_set(t, event, 4, 1ul << 63), 0);
    assert_int_equal(fake_result2(t), 5);
    assert_int_equal(event_set(t, event, UINT64_MAX, 2), 0);
    assert_int_equal(fake_result2(t), 1ul << 63 | 1);
    assert_int_equal(event_poll(t, event, UINT64_MAX, 0), 0);
    assert_int_equal(fake_result2(t), 2);
}

static void test_event_wait_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    handle_t reader = with_rights(t, event, RIGHTS_BASIC);

    (void)state;
    assert_int_equal(event_poll(t, event, 0, 0), -EINVAL);
    assert_int_equal(event_poll(t, event, 1, 2), -EINVAL);
    assert_int_equal(fake_call(t, SYS_event_wait, event, 1, 0, (uint64_t)-1), -EINVAL);
    assert_int_equal(event_poll(t, reader, 1, 1), -EACCES);
    assert_int_equal(event_poll(t, reader, 1, 0), -ETIMEDOUT);
    assert_int_equal(event_set(t, reader, 0, 1), -EACCES);
    assert_int_equal(event_poll(t, job(), 1, 0), -EWRONG_TYPE);
    assert_int_equal(event_set(t, stale(t), 0, 1), -EBADF);
}

static void test_event_consume_takes_the_bits_found(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    (void)event_set(t, event, 0, 7);
    assert_int_equal(event_poll(t, event, 6, 1), 0);
    assert_int_equal(fake_result2(t), 6);
    assert_int_equal(event_poll(t, event, 6, 1), -ETIMEDOUT);
    assert_int_equal(event_poll(t, event, 1, 0), 0);
}

static void test_event_signal_wakes_who_waits_for_the_bit(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_thread *one = waiter(event, 1, 0), *two = waiter(event, 2, 0);

    (void)state;
    (void)event_set(t, event, 0, 2);
    assert_int_equal(fake_wait(two), 0);
    assert_int_equal(fake_result2(two), 2);
    assert_int_equal(fake_wait(one), FAKE_BLOCKED);
    (void)event_set(t, event, 0, 1);
    assert_int_equal(fake_wait(one), 0);
    assert_int_equal(fake_result2(one), 1);
}

static void test_event_bit_goes_to_the_first_consumer_only(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_thread *looker = waiter(event, 1, 0), *first = waiter(event, 1, 1),
                       *second = waiter(event, 1, 1);

    (void)state;
    (void)event_set(t, event, 0, 1);
    assert_int_equal(fake_wait(looker), 0);
    assert_int_equal(fake_wait(first), 0);
    assert_int_equal(fake_wait(second), FAKE_BLOCKED);
    assert_int_equal(event_poll(t, event, 1, 0), -ETIMEDOUT);
    (void)event_set(t, event, 0, 1);
    assert_int_equal(fake_wait(second), 0);
}

static void test_event_wait_ends_at_its_deadline(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    time_ns_t deadline = fake_now() + 5000000;

    (void)state;
    assert_int_equal(fake_call(t, SYS_event_wait, event, 1, 0, (uint64_t)deadline), FAKE_BLOCKED);
    fake_run_for(4000000);
    assert_int_equal(fake_wait(t), FAKE_BLOCKED);
    fake_run_for(10000000);
    assert_int_equal(fake_wait(t), -ETIMEDOUT);
    assert_true(fake_now() >= deadline);
    assert_int_equal(event_set(t, event, 0, 1), 0);
}

static void test_event_signal_user_follows_the_bits(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(fake_call(t, SYS_object_wait, event, SIGNAL_USER, DEADLINE_POLL), -ETIMEDOUT);
    (void)event_set(t, event, 0, 1ul << 40);
    assert_int_equal(fake_call(t, SYS_object_wait, event, SIGNAL_USER, DEADLINE_POLL), SIGNAL_USER);
    (void)event_poll(t, event, UINT64_MAX, 1);
    assert_int_equal(fake_call(t, SYS_object_wait, event, SIGNAL_USER, DEADLINE_POLL), -ETIMEDOUT);
}

static void test_event_waiters_are_bounded(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_process process;
    struct fake_thread *threads[EVENT_WAITERS_MAX];
    handle_t own;

    (void)state;
    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    for (unsigned i = 0; i < EVENT_WAITERS_MAX; i++) {
        threads[i] = fake_thread_create(&process, NULL);
        assert_int_equal(fake_call(threads[i], SYS_event_wait, own, 1, 0, DEADLINE_NEVER),
                         FAKE_BLOCKED);
    }
    assert_int_equal(fake_call(process.main, SYS_event_wait, own, 1, 0, DEADLINE_NEVER), -EBUSY);
    (void)event_set(t, event, 0, 1);
    for (unsigned i = 0; i < EVENT_WAITERS_MAX; i++) {
        assert_int_equal(fake_wait(threads[i]), 0);
    }
}

static void test_event_whose_last_handle_goes_cancels_its_waiters(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_process process;
    struct fake_thread *second;
    struct fake_balance before;
    handle_t own, own_event;

    (void)state;
    fake_process_new(job(), &process);
    own = fake_grant(&process, job(), RIGHTS_SAME);
    fake_process_start(&process);
    second = fake_thread_create(&process, NULL);
    fake_balance(&before);
    own_event = MAKE(second, SYS_event_create, own);
    assert_int_equal(fake_call(process.main, SYS_event_wait, own_event, 1, 0, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(second, SYS_handle_close, own_event), 0);
    assert_int_equal(fake_wait(process.main), -ECANCELED);
    (void)event;
    fake_balance_check(&before);
}

static void test_event_waiter_that_is_killed_leaves_the_queue(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_process process;
    struct fake_thread *rest;
    handle_t own;

    (void)state;
    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(process.main, SYS_event_wait, own, 1, 1, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    rest = waiter(event, 1, 1);
    assert_int_equal(fake_call(t, SYS_process_kill, process.process), 0);
    fake_run_for(1000000000);
    (void)event_set(t, event, 0, 1);
    assert_int_equal(fake_wait(rest), 0);
}

static void test_event_ping_pong_on_several_cpus_loses_nothing(void **state)
{
    struct fake_thread *t = start_with(3, 5);
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_process a, b;
    handle_t event_a, event_b;

    (void)state;
    fake_process_new(job(), &a);
    fake_process_new(job(), &b);
    event_a = fake_grant(&a, event, RIGHTS_SAME);
    event_b = fake_grant(&b, event, RIGHTS_SAME);
    fake_process_start(&a);
    fake_process_start(&b);
    for (unsigned i = 0; i < 300; i++) {
        fake_request_call(
            a.main,
            &(struct fake_registers){
                .rax = SYS_event_wait, .rdi = event_a, .rsi = 1, .rdx = 1, .r10 = DEADLINE_NEVER});
        for (uint64_t steps = fake_random() % 60; steps > 0; steps--) {
            (void)fake_step();
        }
        assert_int_equal(fake_call(b.main, SYS_event_signal, event_b, 0, 1), 0);
        assert_int_equal(fake_wait(a.main), 0);
        assert_int_equal(fake_result2(a.main), 1);
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_event_signal_clears_then_sets_and_tells_the_bits_before),
    FAKE_TEST(test_event_wait_refuses_what_is_wrong),
    FAKE_TEST(test_event_consume_takes_the_bits_found),
    FAKE_TEST(test_event_signal_wakes_who_waits_for_the_bit),
    FAKE_TEST(test_event_bit_goes_to_the_first_consumer_only),
    FAKE_TEST(test_event_wait_ends_at_its_deadline),
    FAKE_TEST(test_event_signal_user_follows_the_bits),
    FAKE_TEST(test_event_waiters_are_bounded),
    FAKE_TEST(test_event_whose_last_handle_goes_cancels_its_waiters),
    FAKE_TEST(test_event_waiter_that_is_killed_leaves_the_queue),
    FAKE_TEST(test_event_ping_pong_on_several_cpus_loses_nothing),
};

FAKE_TEST_MAIN(tests)
