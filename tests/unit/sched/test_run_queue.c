/* SPDX-License-Identifier: MIT */
/* The queues by themselves, with records that never run: called on the boot CPU of a machine at
 * rest. */
#include "unit/object/start.h"

#include "sched/run_queue.h"
#include "sched/sched.h"

#define COUNT 24

static struct thread threads[COUNT];

static struct run_queue *queue(uint32_t cpu)
{
    return run_queue_get(cpu);
}

static struct thread *make(unsigned index, uint8_t priority)
{
    sched_thread_init(&threads[index], priority);
    return &threads[index];
}

static void machine_make(unsigned cpus)
{
    const struct fake_config config = {.cpus = cpus};

    fake_boot(&config);
    fake_settle();
    for (unsigned i = 0; i < cpus; i++) {
        run_queue_idle(queue(i), false);
    }
}

static void test_run_queue_pop_takes_the_highest_priority(void **state)
{
    (void)state;
    machine_make(1);
    run_queue_push_back(queue(0), make(0, 3));
    run_queue_push_back(queue(0), make(1, 255));
    run_queue_push_back(queue(0), make(2, 0));
    run_queue_push_back(queue(0), make(3, 64));
    assert_int_equal(run_queue_top(queue(0)), 255);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[1]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[3]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[0]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[2]);
    assert_ptr_equal(run_queue_pop(queue(0)), NULL);
    assert_int_equal(run_queue_top(queue(0)), -1);
}

static void test_run_queue_equals_come_in_order_and_the_front_first(void **state)
{
    (void)state;
    machine_make(1);
    run_queue_push_back(queue(0), make(0, 9));
    run_queue_push_back(queue(0), make(1, 9));
    run_queue_push_front(queue(0), make(2, 9));
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[2]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[0]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[1]);
}

static void test_run_queue_rotate_puts_the_current_behind_its_equals(void **state)
{
    (void)state;
    machine_make(1);
    run_queue_push_back(queue(0), make(0, 9));
    run_queue_push_back(queue(0), make(1, 9));
    assert_ptr_equal(run_queue_rotate(queue(0), make(2, 9)), &threads[0]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[1]);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[2]);
}

static void test_run_queue_rotate_returns_the_current_if_it_is_the_highest(void **state)
{
    (void)state;
    machine_make(1);
    run_queue_push_back(queue(0), make(0, 8));
    assert_ptr_equal(run_queue_rotate(queue(0), make(1, 9)), &threads[1]);
    assert_true(run_queue_remove(&threads[0]));
}

static void test_run_queue_remove_takes_out_of_any_queue_once(void **state)
{
    (void)state;
    machine_make(2);
    run_queue_push_back(queue(1), make(0, 9));
    assert_true(run_queue_remove(&threads[0]));
    assert_false(run_queue_remove(&threads[0]));
    assert_int_equal(run_queue_top(queue(1)), -1);
    assert_int_equal(queue(1)->ready_count, 0);
}

static void test_run_queue_reprioritize_moves_a_queued_thread(void **state)
{
    (void)state;
    machine_make(1);
    run_queue_push_back(queue(0), make(0, 9));
    run_queue_push_back(queue(0), make(1, 10));
    assert_true(run_queue_reprioritize(&threads[0], 200));
    assert_int_equal(run_queue_top(queue(0)), 200);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[0]);
    assert_int_equal(run_queue_top(queue(0)), 10);
    assert_ptr_equal(run_queue_pop(queue(0)), &threads[1]);
    assert_false(run_queue_reprioritize(&threads[0], 5));
    assert_int_equal(threads[0].priority, 5);
}

static void test_run_queue_steal_takes_the_victims_best(void **state)
{
    (void)state;
    machine_make(2);
    run_queue_push_back(queue(1), make(0, 9));
    run_queue_push_back(queue(1), make(1, 90));
    assert_ptr_equal(run_queue_steal(queue(0)), &threads[1]);
    assert_ptr_equal(run_queue_steal(queue(0)), &threads[0]);
    assert_ptr_equal(run_queue_steal(queue(0)), NULL);
}

/* Its registers are still in the other CPU's hands. */
static void test_run_queue_steal_leaves_what_its_cpu_has_not_let_go(void **state)
{
    (void)state;
    machine_make(2);
    run_queue_push_back(queue(1), make(0, 9));
    threads[0].on_cpu = 1;
    assert_ptr_equal(run_queue_steal(queue(0)), NULL);
    threads[0].on_cpu = 0;
    assert_ptr_equal(run_queue_steal(queue(0)), &threads[0]);
}

static void test_run_queue_steal_respects_affinity(void **state)
{
    (void)state;
    machine_make(2);
    run_queue_push_back(queue(1), make(0, 90));
    run_queue_push_back(queue(1), make(1, 9));
    threads[0].affinity = 1u << 1;
    assert_ptr_equal(run_queue_steal(queue(0)), &threads[1]);
    assert_ptr_equal(run_queue_steal(queue(0)), NULL);
    assert_true(run_queue_remove(&threads[0]));
}

static void test_run_queue_steal_gives_up_after_a_bounded_search(void **state)
{
    (void)state;
    machine_make(2);
    for (unsigned i = 0; i < COUNT; i++) {
        run_queue_push_back(queue(1), make(i, 9));
        threads[i].affinity = i == COUNT - 1 ? UINT64_MAX : 1u << 1;
    }
    assert_ptr_equal(run_queue_steal(queue(0)), NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(run_queue_remove(&threads[i]));
    }
}

static void test_run_queue_place_prefers_idle_cpus_then_the_last_one(void **state)
{
    struct thread *thread;

    (void)state;
    machine_make(3);
    thread = make(0, 9);
    thread->cpu = 1;
    assert_int_equal(run_queue_place(thread), 1);
    run_queue_idle(queue(2), true);
    assert_int_equal(run_queue_place(thread), 2);
    assert_int_equal(run_queue_place(thread), 1); /* it is promised to the first */
    run_queue_idle(queue(1), true);
    run_queue_idle(queue(2), true);
    assert_int_equal(run_queue_place(thread), 1);
}

static void test_run_queue_place_is_one_that_affinity_allows(void **state)
{
    struct thread *thread;

    (void)state;
    machine_make(3);
    thread = make(0, 9);
    thread->cpu = 1;
    thread->affinity = 1u << 2;
    assert_int_equal(run_queue_place(thread), 2);
    run_queue_idle(queue(0), true);
    assert_int_equal(run_queue_place(thread), 2);
    thread->affinity = 1u << 0 | 1u << 2;
    assert_int_equal(run_queue_place(thread), 0);
}

static void test_sched_wake_of_one_being_left_puts_it_where_it_is(void **state)
{
    struct thread *thread;

    (void)state;
    machine_make(3);
    thread = make(0, 9);
    thread->cpu = 1;
    thread->on_cpu = 1;
    run_queue_idle(queue(2), true);
    sched_wake(thread);
    assert_int_equal(run_queue_top(queue(2)), -1);
    assert_true(run_queue_remove(thread));
    assert_int_equal(thread->cpu, 1);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_run_queue_pop_takes_the_highest_priority),
    FAKE_TEST(test_run_queue_equals_come_in_order_and_the_front_first),
    FAKE_TEST(test_run_queue_rotate_puts_the_current_behind_its_equals),
    FAKE_TEST(test_run_queue_rotate_returns_the_current_if_it_is_the_highest),
    FAKE_TEST(test_run_queue_remove_takes_out_of_any_queue_once),
    FAKE_TEST(test_run_queue_reprioritize_moves_a_queued_thread),
    FAKE_TEST(test_run_queue_steal_takes_the_victims_best),
    FAKE_TEST(test_run_queue_steal_leaves_what_its_cpu_has_not_let_go),
    FAKE_TEST(test_run_queue_steal_respects_affinity),
    FAKE_TEST(test_run_queue_steal_gives_up_after_a_bounded_search),
    FAKE_TEST(test_run_queue_place_prefers_idle_cpus_then_the_last_one),
    FAKE_TEST(test_run_queue_place_is_one_that_affinity_allows),
    FAKE_TEST(test_sched_wake_of_one_being_left_puts_it_where_it_is),
};

FAKE_TEST_MAIN(tests)
