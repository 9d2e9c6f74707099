/* SPDX-License-Identifier: MIT */
/* The end of a process whose threads are in all kinds of places. */
#include "unit/object/start.h"

/* A thread that is being killed on its own must not pass for the last one to be told. */
static void test_process_kill_after_thread_kill_ends_all_threads(void **state)
{
    struct fake_thread *t = start_with(2, 3);

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct fake_process process;
        handle_t event = MAKE(t, SYS_event_create, job()), own, victim;

        fake_process_new(job(), &process);
        own = fake_grant(&process, event, RIGHTS_SAME);
        fake_process_start(&process);
        assert_int_equal(fake_call(process.main, SYS_object_wait, own, SIGNAL_USER, DEADLINE_NEVER),
                         FAKE_BLOCKED);
        (void)fake_thread_create(&process, &victim);
        for (uint64_t steps = fake_random() % 30; steps > 0; steps--) {
            (void)fake_step();
        }
        assert_int_equal(fake_call(t, SYS_thread_kill, victim), 0);
        assert_int_equal(fake_call(t, SYS_process_kill, process.process), 0);
        fake_run_for(1000000000);
        assert_int_equal(fake_call(t, SYS_process_info, process.process), 1);
    }
}

/* Whether it was killed first or started first, it ends. */
static void test_thread_killed_while_it_is_started_ends(void **state)
{
    struct fake_thread *t = start_with(3, 3), *other;
    const struct fake_process init = {.process = fake_bootstrap(BOOTSTRAP_PROCESS)};
    struct fake_process process;

    (void)state;
    other = fake_thread_create(&init, NULL);
    fake_process_new(job(), &process);
    for (unsigned round = 0; round < 300; round++) {
        handle_t thread = MAKE(t, SYS_thread_create, process.process);
        const struct fake_registers call = {
            .rax = SYS_thread_start,
            .rdi = thread,
            .rsi = FAKE_CODE,
        };
        int64_t status;

        fake_request_call(other, &call);
        assert_int_equal(fake_call(t, SYS_thread_kill, thread), 0);
        status = fake_wait(other);
        assert_true(status == 0 || status == -ESRCH);
        fake_run_for(1000000);
        assert_int_equal(fake_call(t, SYS_object_wait, thread, SIGNAL_EXITED, DEADLINE_POLL),
                         SIGNAL_EXITED);
        assert_int_equal(fake_call(t, SYS_handle_close, thread), 0);
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_thread_killed_while_it_is_started_ends),
    FAKE_TEST(test_process_kill_after_thread_kill_ends_all_threads),
};

FAKE_TEST_MAIN(tests)
