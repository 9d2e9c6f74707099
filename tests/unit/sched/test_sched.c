/* SPDX-License-Identifier: MIT */
/* Who runs: priorities, turns, affinity, and the wait word that exactly one may end. */
#include "unit/object/start.h"

#include "sched/sched.h"

/* Its first thread sleeps, and init waits: what else there is has the CPU. */
static void sleeping_process(struct fake_process *process)
{
    fake_process_create(process);
    assert_int_equal(fake_call(process->main, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void init_sleeps(void)
{
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static struct fake_thread *spinner(const struct fake_process *process, uint64_t priority)
{
    handle_t handle;
    struct fake_thread *thread = fake_thread_create(process, &handle);

    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_set_priority, handle, priority), 0);
    return thread;
}

static void test_wait_is_ended_by_the_first_who_tries(void **state)
{
    struct thread thread = {.wait = 6 | THREAD_WAITING};
    uint64_t seen = wait_seen(&thread);

    (void)state;
    assert_true(wait_try_end(&thread, seen));
    assert_false(wait_try_end(&thread, seen));
    assert_int_equal(thread.wait, 6);
}

/* Who has seen an earlier wait must not end the one that follows. */
static void test_wait_that_came_later_is_not_ended_by_what_was_seen_before(void **state)
{
    struct thread thread = {.wait = 6 | THREAD_WAITING};
    uint64_t seen = wait_seen(&thread);

    (void)state;
    assert_true(wait_try_end(&thread, seen));
    wait_publish(&thread);
    assert_false(wait_try_end(&thread, seen));
    assert_true(wait_seen(&thread) & THREAD_WAITING);
}

static void test_sched_priority_is_refused_above_the_highest(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;

    (void)state;
    fake_process_new(job(), &process);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 255), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 256), -EINVAL);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, job(), 5), -EWRONG_TYPE);
    assert_int_equal(
        fake_call(t, SYS_thread_set_priority, with_rights(t, process.thread, RIGHTS_BASIC), 5),
        -EACCES);
}

static void test_sched_more_important_thread_runs_as_soon_as_it_is_woken(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job()), own;
    struct fake_process process;

    (void)state;
    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(process.main, SYS_event_wait, own, 1, 0, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 200), 0);
    fake_request_call(
        t, &(struct fake_registers){.rax = SYS_event_signal, .rdi = event, .rdx = 1, .rsi = 0});
    while (process.main->state != FAKE_DONE) {
        assert_true(fake_step());
    }
    assert_ptr_equal(fake_on_cpu(0), process.main);
    assert_int_not_equal(t->state, FAKE_DONE);
}

static void test_sched_equals_take_turns(void **state)
{
    struct fake_process process;
    struct fake_thread *a, *b;
    unsigned turns_a = 0, turns_b = 0;

    (void)state;
    (void)start();
    sleeping_process(&process);
    a = spinner(&process, 50);
    b = spinner(&process, 50);
    init_sleeps();
    for (unsigned i = 0; i < 40; i++) {
        fake_run_for(SCHED_SLICE_NS);
        turns_a += fake_on_cpu(0) == a;
        turns_b += fake_on_cpu(0) == b;
    }
    assert_true(turns_a >= 5);
    assert_true(turns_b >= 5);
}

static void test_sched_less_important_thread_waits(void **state)
{
    struct fake_process process;
    struct fake_thread *high;

    (void)state;
    (void)start();
    sleeping_process(&process);
    (void)spinner(&process, 20);
    high = spinner(&process, 60);
    init_sleeps();
    for (unsigned i = 0; i < 10; i++) {
        fake_run_for(SCHED_SLICE_NS);
        fake_time_add(SCHED_SLICE_NS);
        assert_ptr_equal(fake_on_cpu(0), high);
    }
}

static void test_sched_affinity_keeps_a_thread_on_its_cpus(void **state)
{
    struct fake_thread *t = start_with(3, 0);
    struct fake_process process;
    handle_t handle;
    struct fake_thread *thread;

    (void)state;
    fake_process_create(&process);
    thread = fake_thread_create(&process, &handle);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        assert_int_equal(fake_call(t, SYS_thread_set_affinity, handle, 1u << cpu), 0);
        fake_settle(); /* the interrupt that tells its CPU */
        assert_int_equal(fake_call(thread, SYS_thread_yield), 0);
        assert_int_equal(thread->thread->cpu, cpu);
    }
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, handle, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, handle, 1u << 3), -EINVAL);
}

static void test_sched_woken_thread_interrupts_a_cpu_that_runs_less_important_work(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    handle_t event = MAKE(t, SYS_event_create, job()), own;
    struct fake_process process, busy;
    struct fake_thread *low;
    handle_t low_handle;

    (void)state;
    fake_process_create(&busy);
    fake_process_new(job(), &process);
    own = fake_grant(&process, event, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, process.thread, 1u << 1), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, process.thread, 200), 0);
    assert_int_equal(fake_call(process.main, SYS_event_wait, own, 1, 0, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    low = fake_thread_create(&busy, &low_handle);
    assert_int_equal(fake_call(t, SYS_thread_set_priority, low_handle, 10), 0);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, low_handle, 1u << 1), 0);
    assert_int_equal(fake_call(t, SYS_event_signal, event, 0, 1), 0);
    fake_settle(); /* no time passes: no slice ends */
    assert_int_equal(process.main->state, FAKE_DONE);
    (void)low;
}

static void test_sched_yield_with_nobody_else_comes_back(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_int_equal(fake_call(t, SYS_thread_yield), 0);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_wait_is_ended_by_the_first_who_tries),
    FAKE_TEST(test_wait_that_came_later_is_not_ended_by_what_was_seen_before),
    FAKE_TEST(test_sched_priority_is_refused_above_the_highest),
    FAKE_TEST(test_sched_more_important_thread_runs_as_soon_as_it_is_woken),
    FAKE_TEST(test_sched_equals_take_turns),
    FAKE_TEST(test_sched_less_important_thread_waits),
    FAKE_TEST(test_sched_affinity_keeps_a_thread_on_its_cpus),
    FAKE_TEST(test_sched_woken_thread_interrupts_a_cpu_that_runs_less_important_work),
    FAKE_TEST(test_sched_yield_with_nobody_else_comes_back),
};

FAKE_TEST_MAIN(tests)
