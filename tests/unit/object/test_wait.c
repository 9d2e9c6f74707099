/* SPDX-License-Identifier: MIT */
/* Waiting for signals and for time. */
#include "unit/object/start.h"

#define MS 1000000l

static void test_wait_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(fake_call(t, SYS_object_wait, event, 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_object_wait, event, 1ul << 32, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_object_wait, event, SIGNAL_USER, (uint64_t)-1), -EINVAL);
    assert_int_equal(
        fake_call(t, SYS_object_wait, with_rights(t, event, RIGHT_DUP), SIGNAL_USER, DEADLINE_POLL),
        -EACCES);
    assert_int_equal(fake_call(t, SYS_object_wait, stale(t), SIGNAL_USER, 0), -EBADF);
    assert_int_equal(fake_call(t, SYS_thread_sleep, (uint64_t)-1), -EINVAL);
}

static void test_wait_for_the_exit_of_a_process(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_object_wait, process.process, SIGNAL_EXITED, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    fake_request_call(process.main, &(struct fake_registers){.rax = SYS_process_exit, .rdi = 5});
    assert_int_equal(fake_wait(t), SIGNAL_EXITED);
    assert_int_equal(fake_call(t, SYS_object_wait, process.process, SIGNAL_EXITED, DEADLINE_NEVER),
                     SIGNAL_EXITED);
}

static void test_wait_ends_at_its_deadline(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());
    time_ns_t deadline = fake_now() + 3 * MS;

    (void)state;
    assert_int_equal(fake_call(t, SYS_object_wait, event, SIGNAL_USER, (uint64_t)deadline),
                     FAKE_BLOCKED);
    fake_run_for(10 * MS);
    assert_int_equal(fake_wait(t), -ETIMEDOUT);
    assert_int_equal(fake_call(t, SYS_event_signal, event, 0, 1), 0);
}

static void test_wait_and_signal_on_several_cpus_lose_nothing(void **state)
{
    struct fake_thread *t = start_with(3, 4);
    handle_t event = MAKE(t, SYS_event_create, job());
    struct fake_process p;
    handle_t own;

    (void)state;
    fake_process_new(job(), &p);
    own = fake_grant(&p, event, RIGHTS_SAME);
    fake_process_start(&p);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t deadline =
            i % 2 == 0 ? (uint64_t)DEADLINE_NEVER : (uint64_t)fake_now() + fake_random() % 500;
        int64_t result;

        fake_request_call(
            p.main, &(struct fake_registers){
                        .rax = SYS_object_wait, .rdi = own, .rsi = SIGNAL_USER, .rdx = deadline});
        for (uint64_t steps = fake_random() % 50; steps > 0; steps--) {
            (void)fake_step();
            fake_time_add(10);
        }
        assert_int_equal(fake_call(t, SYS_event_signal, event, 0, 1), 0);
        result = fake_wait(p.main);
        assert_true(result == SIGNAL_USER ||
                    (result == -ETIMEDOUT && deadline != (uint64_t)DEADLINE_NEVER));
        assert_int_equal(fake_call(t, SYS_event_signal, event, 1, 0), 0);
    }
}

static void test_wait_that_is_killed_gives_the_object_back(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;
    struct fake_process p;
    handle_t event, own;

    (void)state;
    fake_balance(&before);
    event = MAKE(t, SYS_event_create, job());
    fake_process_new(job(), &p);
    own = fake_grant(&p, event, RIGHTS_SAME);
    fake_process_start(&p);
    assert_int_equal(fake_call(p.main, SYS_object_wait, own, SIGNAL_USER, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(t, SYS_process_kill, p.process), 0);
    fake_run_for(1000 * MS);
    assert_int_equal(fake_call(t, SYS_event_signal, event, 0, 1), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, event), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, p.thread), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, p.aspace), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, p.process), 0);
    fake_balance_check(&before);
}

static void test_sleep_lasts_until_the_deadline(void **state)
{
    struct fake_thread *t = start();
    time_ns_t deadline = fake_now() + 7 * MS;

    (void)state;
    assert_int_equal(fake_call(t, SYS_thread_sleep, (uint64_t)deadline), FAKE_BLOCKED);
    fake_run_for(6 * MS);
    assert_int_equal(fake_wait(t), FAKE_BLOCKED);
    fake_run_for(2 * MS);
    assert_int_equal(fake_wait(t), 0);
    assert_true(fake_now() >= deadline);
    assert_int_equal(fake_call(t, SYS_thread_sleep, 0), 0);
}

static void test_clock_read_goes_with_time(void **state)
{
    struct fake_thread *t = start();
    int64_t before = fake_call(t, SYS_clock_read, 0);

    (void)state;
    fake_time_add(MS);
    assert_true(fake_call(t, SYS_clock_read, 0) >= before + MS);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_wait_refuses_what_is_wrong),
    FAKE_TEST(test_wait_for_the_exit_of_a_process),
    FAKE_TEST(test_wait_ends_at_its_deadline),
    FAKE_TEST(test_wait_and_signal_on_several_cpus_lose_nothing),
    FAKE_TEST(test_wait_that_is_killed_gives_the_object_back),
    FAKE_TEST(test_sleep_lasts_until_the_deadline),
    FAKE_TEST(test_clock_read_goes_with_time),
};

FAKE_TEST_MAIN(tests)
