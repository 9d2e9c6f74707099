/* SPDX-License-Identifier: MIT */
/* Jobs: the tree of them, what they count and limit, and how they end. */
#include "unit/object/start.h"

static handle_t process_in(struct fake_thread *t, handle_t parent)
{
    return MAKE(t, SYS_process_create, parent, 0, 0);
}

static uint64_t usage(struct fake_thread *t, handle_t of, uint64_t resource)
{
    assert_int_equal(fake_call(t, SYS_job_info, of, resource), 0);
    return fake_result2(t);
}

static void test_job_kill_ends_what_is_in_it_and_below(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    handle_t top = MAKE(t, SYS_job_create, job());
    handle_t below = MAKE(t, SYS_job_create, MAKE(t, SYS_job_create, top));
    struct fake_process here, deep, outside;

    (void)state;
    fake_process_create_in(top, &here);
    fake_process_create_in(below, &deep);
    fake_process_create(&outside);
    assert_int_equal(fake_call(t, SYS_job_kill, top), 0);
    fake_run_for(1000000000);
    assert_int_equal(fake_call(t, SYS_process_info, here.process), 1);
    assert_int_equal(fake_call(t, SYS_process_info, deep.process), 1);
    assert_int_equal(fake_call(t, SYS_process_info, outside.process), 0);
    assert_int_equal(fake_call(t, SYS_object_wait, below, SIGNAL_NO_PROCESSES, DEADLINE_POLL),
                     SIGNAL_NO_PROCESSES);
}

static void test_job_killed_takes_nobody_in(void **state)
{
    struct fake_thread *t = start();
    handle_t top = MAKE(t, SYS_job_create, job());
    struct fake_balance before;

    (void)state;
    assert_int_equal(fake_call(t, SYS_job_kill, top), 0);
    fake_balance(&before);
    assert_int_equal(fake_call(t, SYS_process_create, top, 0, 0), -ECANCELED);
    assert_int_equal(fake_call(t, SYS_job_create, top), -ECANCELED);
    fake_balance_check(&before);
}

static void test_job_says_when_it_has_no_processes(void **state)
{
    struct fake_thread *t = start();
    handle_t top = MAKE(t, SYS_job_create, job()), first, second;

    (void)state;
    first = process_in(t, top);
    second = process_in(t, top);
    assert_int_equal(fake_call(t, SYS_process_kill, first), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_object_wait, top, SIGNAL_NO_PROCESSES, DEADLINE_POLL),
                     -ETIMEDOUT);
    assert_int_equal(fake_call(t, SYS_process_kill, second), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_object_wait, top, SIGNAL_NO_PROCESSES, DEADLINE_POLL),
                     SIGNAL_NO_PROCESSES);
    (void)process_in(t, top);
    assert_int_equal(fake_call(t, SYS_object_wait, top, SIGNAL_NO_PROCESSES, DEADLINE_POLL),
                     -ETIMEDOUT);
}

/* What is refused at one level is charged at none. */
static void test_job_limits_hold_for_all_below(void **state)
{
    struct fake_thread *t = start();
    handle_t top = MAKE(t, SYS_job_create, job()), below = MAKE(t, SYS_job_create, top), process;

    (void)state;
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_PROCESSES, 1), 0);
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_THREADS, 2), 0);
    assert_int_equal(fake_call(t, SYS_job_set_limit, below, JOB_JOBS, 0), 0);
    process = process_in(t, below);
    assert_int_equal(fake_call(t, SYS_process_create, below, 0, 0), -EQUOTA);
    (void)MAKE(t, SYS_thread_create, process);
    (void)MAKE(t, SYS_thread_create, process);
    assert_int_equal(fake_call(t, SYS_thread_create, process), -EQUOTA);
    assert_int_equal(fake_call(t, SYS_job_create, below), -EQUOTA);
    assert_int_equal(usage(t, below, JOB_PROCESSES), 1);
    assert_int_equal(usage(t, below, JOB_THREADS), 2);
    assert_int_equal(usage(t, below, JOB_JOBS), 0);
    assert_int_equal(fake_call(t, SYS_job_kill, below), 0);
    fake_run_for(1000000000);
    assert_int_equal(fake_call(t, SYS_handle_close, process), 0);
    fake_settle();
    assert_int_equal(usage(t, top, JOB_THREADS), 2); /* handles to them are left */
}

static void test_job_memory_limit_stops_its_processes_only(void **state)
{
    struct fake_thread *t = start();
    handle_t top = MAKE(t, SYS_job_create, job());

    (void)state;
    (void)MAKE(t, SYS_event_create, top);
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY, usage(t, top, JOB_MEMORY)),
                     0);
    assert_int_equal(fake_call(t, SYS_event_create, top), -ENOMEM);
    assert_int_equal(fake_call(t, SYS_port_create, top, 4), -ENOMEM);
    (void)MAKE(t, SYS_event_create, job());
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY, JOB_UNLIMITED), 0);
    (void)MAKE(t, SYS_event_create, top);
}

static void test_job_tree_is_only_so_deep(void **state)
{
    struct fake_thread *t = start();
    handle_t last = job();
    unsigned depth = 1;
    int64_t result;

    (void)state;
    while ((result = fake_call(t, SYS_job_create, last)) > 0) {
        last = (handle_t)result;
        assert_true(++depth <= JOB_DEPTH_MAX);
    }
    assert_int_equal(result, -EQUOTA);
    assert_int_equal(depth, JOB_DEPTH_MAX);
}

/* It lives as long as what it has paid for, and then gives back all. */
static void test_job_without_handles_ends_with_its_last_object(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;

    (void)state;
    fake_balance(&before);
    for (unsigned i = 0; i < 3; i++) {
        handle_t top = MAKE(t, SYS_job_create, job()), below = MAKE(t, SYS_job_create, top);
        handle_t event = MAKE(t, SYS_event_create, below);

        assert_int_equal(fake_call(t, SYS_job_kill, top), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, top), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, below), 0);
        fake_settle();
        assert_int_equal(fake_call(t, SYS_event_signal, event, 0, 1), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, event), 0);
    }
    fake_balance_check(&before);
}

static void test_job_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_int_equal(fake_call(t, SYS_job_info, job(), JOB_RESOURCE_COUNT), -EINVAL);
    assert_int_equal(fake_call(t, SYS_job_set_limit, job(), JOB_RESOURCE_COUNT, 1), -EINVAL);
    assert_int_equal(fake_call(t, SYS_job_set_limit, job(), UINT64_MAX, 1), -EINVAL);
}

static int64_t low(struct fake_thread *t, handle_t of)
{
    return fake_call(t, SYS_object_wait, of, SIGNAL_LOW_MEMORY, DEADLINE_POLL);
}

static void test_job_says_when_its_memory_is_low(void **state)
{
    enum {
        PAGES = 40
    };
    struct fake_thread *t = start_with(2, 3);
    handle_t top = MAKE(t, SYS_job_create, job()), child = MAKE(t, SYS_job_create, top);
    handle_t memory = MAKE(t, SYS_memory_create, child, PAGES * PAGE_SIZE, 0);
    handle_t port = MAKE(t, SYS_port_create, job(), 2);
    uint64_t address =
        MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE);
    uint64_t words[8];
    unsigned count = 0;

    (void)state;
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY, 64 * PAGE_SIZE), 0);
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY_LOW, 32 * PAGE_SIZE), 0);
    assert_int_equal(fake_call(t, SYS_job_info, top, JOB_MEMORY_LOW), 0);
    assert_int_equal(fake_result3(t), 32 * PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_port_bind, port, top, SIGNAL_LOW_MEMORY, 9), 0);
    assert_int_equal(low(t, top), -ETIMEDOUT);
    for (; count < PAGES && low(t, top) == -ETIMEDOUT; count++) {
        assert_true(fake_write(t, address + count * PAGE_SIZE, 1));
        fake_settle();
    }
    assert_in_range(count, 20, 32);
    assert_int_equal(low(t, child), -ETIMEDOUT); /* it has no limit of its own */
    assert_int_equal(fake_reply_receive(t, port, 0, DEADLINE_POLL, 0, words), RECEIVED_NOTICE);
    assert_int_equal(t->registers.rdi, 9);
    assert_int_equal(t->registers.rbx, SIGNAL_LOW_MEMORY);
    /* A page is not enough to be out of it, 8 are. */
    assert_true(MAKE(t, SYS_memory_decommit, memory, 0, 2 * PAGE_SIZE));
    fake_settle();
    assert_int_equal(low(t, top), SIGNAL_LOW_MEMORY);
    assert_true(MAKE(t, SYS_memory_decommit, memory, 2 * PAGE_SIZE, 6 * PAGE_SIZE));
    fake_settle();
    assert_int_equal(low(t, top), -ETIMEDOUT);
    /* And by its limits. */
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY, 40 * PAGE_SIZE), 0);
    fake_settle();
    assert_int_equal(low(t, top), SIGNAL_LOW_MEMORY);
    assert_int_equal(fake_reply_receive(t, port, 0, DEADLINE_POLL, 0, words), RECEIVED_NOTICE);
    assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY_LOW, 0), 0);
    fake_settle();
    assert_int_equal(low(t, top), -ETIMEDOUT);
    assert_int_equal(
        fake_call(t, SYS_job_set_limit, with_rights(t, top, RIGHTS_BASIC), JOB_MEMORY_LOW, 0),
        -EACCES);
}

/* The job goes while it is being told. */
static void test_job_whose_memory_is_low_ends(void **state)
{
    struct fake_thread *t = start_with(2, 2);
    struct fake_balance before;

    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        handle_t top, memory;

        if (round == 1) {
            fake_balance(&before);
        }
        top = MAKE(t, SYS_job_create, job());
        memory = MAKE(t, SYS_memory_create, top, PAGE_SIZE, 0);
        assert_int_equal(fake_call(t, SYS_job_set_limit, top, JOB_MEMORY_LOW, JOB_UNLIMITED), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, round % 2 ? top : memory), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, round % 2 ? memory : top), 0);
    }
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_job_kill_ends_what_is_in_it_and_below),
    FAKE_TEST(test_job_killed_takes_nobody_in),
    FAKE_TEST(test_job_says_when_it_has_no_processes),
    FAKE_TEST(test_job_limits_hold_for_all_below),
    FAKE_TEST(test_job_memory_limit_stops_its_processes_only),
    FAKE_TEST(test_job_tree_is_only_so_deep),
    FAKE_TEST(test_job_says_when_its_memory_is_low),
    FAKE_TEST(test_job_whose_memory_is_low_ends),
    FAKE_TEST(test_job_without_handles_ends_with_its_last_object),
    FAKE_TEST(test_job_refuses_what_is_wrong),
};

FAKE_TEST_MAIN(tests)
