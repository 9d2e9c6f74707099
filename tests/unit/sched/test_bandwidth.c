/* SPDX-License-Identifier: MIT */
/* What a job's limits of CPU time and priority do to its threads. */
#include "unit/object/start.h"

#include "sched/sched.h"

#define MS          1000000ul
#define LONG        (20ul * JOB_CPU_PERIOD_NS)
#define SHARE(part) (LONG / 100 * (part)) /* percent of one CPU */

static handle_t limited_job(handle_t parent, uint64_t cpu_ns)
{
    handle_t child = MAKE(fake_init_thread(), SYS_job_create, parent);

    assert_int_equal(fake_call(fake_init_thread(), SYS_job_set_limit, child, JOB_CPU_TIME, cpu_ns),
                     0);
    return child;
}

static void init_sleeps(void)
{
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void let_pass(time_ns_t ns)
{
    struct fake_thread *t = fake_init_thread();

    assert_int_equal(fake_call(t, SYS_thread_sleep, fake_now() + ns), FAKE_BLOCKED);
    fake_run_for(ns);
    assert_int_equal(fake_wait(t), 0);
}

static uint64_t time_of(const struct fake_process *process)
{
    return process->main->thread->cpu_ns;
}

/* What the process gets in LONG while nothing is called. */
static uint64_t measure(const struct fake_process *process)
{
    uint64_t before = time_of(process);

    fake_run_for(LONG);
    return time_of(process) - before;
}

static void assert_about(uint64_t actual, uint64_t expected)
{
    assert_in_range(actual, expected - expected / 10, expected + expected / 10);
}

static void test_bandwidth_thread_gets_its_share_of_an_idle_cpu(void **state)
{
    struct fake_process process;

    (void)state;
    (void)start();
    fake_process_create_in(limited_job(job(), 20 * MS), &process);
    init_sleeps();
    assert_about(measure(&process), SHARE(20));
}

/* A tick is longer than what it may have: the debt is paid. */
static void test_bandwidth_share_below_a_tick_is_kept_on_average(void **state)
{
    struct fake_process process;

    (void)state;
    (void)start();
    fake_process_create_in(limited_job(job(), 3 * MS), &process);
    init_sleeps();
    assert_about(measure(&process) + measure(&process), 2 * SHARE(3));
}

static void test_bandwidth_others_get_what_is_left(void **state)
{
    struct fake_process limited, other;
    uint64_t before;

    (void)state;
    (void)start();
    fake_process_create_in(limited_job(job(), 10 * MS), &limited);
    fake_process_create(&other);
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_set_priority, limited.thread, 200),
                     0);
    init_sleeps();
    before = time_of(&other);
    assert_about(measure(&limited), SHARE(10));
    assert_about(time_of(&other) - before, SHARE(90));
}

static void test_bandwidth_is_of_all_cpus_together(void **state)
{
    struct fake_process first, second;
    uint64_t before;
    handle_t limited;

    (void)state;
    (void)start_with(2, 0);
    limited = limited_job(job(), 50 * MS);
    fake_process_create_in(limited, &first);
    fake_process_create_in(limited, &second);
    init_sleeps();
    before = time_of(&second);
    assert_about(measure(&first) + time_of(&second) - before, SHARE(50));
}

static void test_bandwidth_of_the_job_above_holds_too(void **state)
{
    struct fake_process process, sibling;
    handle_t parent;
    uint64_t before;

    (void)state;
    (void)start();
    parent = limited_job(job(), 30 * MS);
    fake_process_create_in(limited_job(parent, 10 * MS), &process);
    fake_process_create_in(MAKE(fake_init_thread(), SYS_job_create, parent), &sibling);
    init_sleeps();
    before = time_of(&sibling);
    assert_about(measure(&process), SHARE(10));
    assert_about(time_of(&sibling) - before, SHARE(20));
}

static void test_bandwidth_of_zero_stops_a_job_until_it_is_raised(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t limited = limited_job(job(), JOB_UNLIMITED);

    (void)state;
    fake_process_create_in(limited, &process);
    assert_int_equal(fake_call(t, SYS_job_set_limit, limited, JOB_CPU_TIME, 0), 0);
    let_pass(30 * MS);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 20), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, process.thread, 1), 0);
    let_pass(5 * JOB_CPU_PERIOD_NS);
    assert_true(time_of(&process) <= SCHED_SLICE_NS);
    assert_int_equal(fake_call(t, SYS_job_set_limit, limited, JOB_CPU_TIME, JOB_UNLIMITED), 0);
    init_sleeps();
    assert_about(measure(&process), SHARE(100));
}

static void test_bandwidth_thread_that_was_set_aside_can_be_killed(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;

    (void)state;
    fake_process_create_in(limited_job(job(), 0), &process);
    let_pass(30 * MS);
    assert_true(process.main->thread->is_parked);
    assert_int_equal(fake_call(t, SYS_thread_kill, process.thread), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_object_wait, process.process, SIGNAL_EXITED, DEADLINE_POLL),
                     SIGNAL_EXITED);
}

/* More than are looked at in one go. */
static void test_bandwidth_many_threads_share_it(void **state)
{
    struct fake_process process;
    uint64_t total = 0, least = UINT64_MAX;
    struct fake_thread *threads[40];
    handle_t handle;

    (void)state;
    (void)start();
    fake_process_create_in(limited_job(job(), 40 * MS), &process);
    for (unsigned i = 0; i < 40; i++) {
        threads[i] = fake_thread_create(&process, &handle);
    }
    init_sleeps();
    fake_run_for(2 * LONG);
    for (unsigned i = 0; i < 40; i++) {
        uint64_t used = threads[i]->thread->cpu_ns;

        total += used;
        least = used < least ? used : least;
    }
    assert_about(total + time_of(&process), 2 * SHARE(40));
    assert_true(least > 0);
}

static void test_bandwidth_usage_is_told(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t limited = limited_job(job(), 50 * MS);

    (void)state;
    fake_process_create_in(limited, &process);
    let_pass(30 * MS);
    assert_int_equal(fake_call(t, SYS_job_info, limited, JOB_CPU_TIME), 0);
    assert_in_range(fake_result2(t), 1, 60 * MS);
    assert_int_equal(fake_result3(t), 50 * MS);
}

static void test_priority_limit_holds_for_new_threads_and_changes(void **state)
{
    struct fake_thread *t = start();
    handle_t parent = MAKE(t, SYS_job_create, job());
    handle_t child = MAKE(t, SYS_job_create, parent);
    struct fake_process process;

    (void)state;
    assert_int_equal(fake_call(t, SYS_job_set_limit, parent, JOB_PRIORITY, 40), 0);
    fake_process_new(child, &process);
    assert_int_equal(fake_thread_of_handle(t, process.thread)->thread->base_priority, 40);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 41), -EQUOTA);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 40), 0);
    assert_int_equal(fake_call(t, SYS_job_set_limit, parent, JOB_PRIORITY, JOB_UNLIMITED), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 255), 0);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_bandwidth_thread_gets_its_share_of_an_idle_cpu),
    FAKE_TEST(test_bandwidth_share_below_a_tick_is_kept_on_average),
    FAKE_TEST(test_bandwidth_others_get_what_is_left),
    FAKE_TEST(test_bandwidth_is_of_all_cpus_together),
    FAKE_TEST(test_bandwidth_of_the_job_above_holds_too),
    FAKE_TEST(test_bandwidth_of_zero_stops_a_job_until_it_is_raised),
    FAKE_TEST(test_bandwidth_thread_that_was_set_aside_can_be_killed),
    FAKE_TEST(test_bandwidth_many_threads_share_it),
    FAKE_TEST(test_bandwidth_usage_is_told),
    FAKE_TEST(test_priority_limit_holds_for_new_threads_and_changes),
};

FAKE_TEST_MAIN(tests)
