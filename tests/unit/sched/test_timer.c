/* SPDX-License-Identifier: MIT */
/* The timer queues: armed and fired as the kernel does it, on the boot CPU of a machine at rest. */
#include "unit/object/start.h"

#include "sched/timer.h"

#define COUNT 40

struct record {
    struct timer_node node;
    unsigned fired_count;
    time_ns_t due;
};

static struct record records[COUNT];
static unsigned order[COUNT], fired_total;
static time_ns_t start_time;

static void fire(struct timer_node *node, time_ns_t now)
{
    struct record *record = CONTAINER_OF(node, struct record, node);

    (void)now;
    record->fired_count++;
    if (fired_total < COUNT) {
        order[fired_total] = (unsigned)(record - records);
    }
    fired_total++;
}

static time_ns_t due(const struct timer_node *node)
{
    return CONTAINER_OF(node, const struct record, node)->due;
}

static void machine_make(void)
{
    fake_boot(NULL);
    fake_settle();
    for (unsigned i = 0; i < COUNT; i++) {
        timer_node_init(&records[i].node, fire, NULL);
    }
    start_time = fake_now();
}

static void test_timer_fires_at_its_time_and_not_before(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 1000);
    timer_interrupt(start_time + 999);
    assert_int_equal(records[0].fired_count, 0);
    timer_interrupt(start_time + 1000);
    assert_int_equal(records[0].fired_count, 1);
    timer_interrupt(start_time + 2000);
    assert_int_equal(records[0].fired_count, 1);
}

static void test_timer_armed_makes_the_hardware_interrupt(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 5000000);
    fake_run_for(4000000);
    assert_int_equal(records[0].fired_count, 0);
    fake_run_for(2000000);
    assert_int_equal(records[0].fired_count, 1);
}

static void test_timers_fire_in_the_order_of_their_times(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 300);
    timer_arm(&records[1].node, start_time + 100);
    timer_arm(&records[2].node, start_time + 200);
    timer_interrupt(start_time + 1000);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 0);
}

static void test_timer_armed_again_forgets_its_first_time(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 100);
    timer_arm(&records[0].node, start_time + 500);
    timer_interrupt(start_time + 100);
    assert_int_equal(records[0].fired_count, 0);
    timer_interrupt(start_time + 500);
    assert_int_equal(records[0].fired_count, 1);
}

static void test_timer_disarmed_does_not_fire(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 100);
    timer_disarm(&records[0].node);
    timer_disarm(&records[0].node);
    timer_interrupt(start_time + 1000);
    assert_int_equal(records[0].fired_count, 0);
    timer_arm(&records[0].node, start_time + 2000);
    timer_interrupt(start_time + 2000);
    assert_int_equal(records[0].fired_count, 1);
}

static void test_timer_armed_for_never_is_disarmed(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 100);
    timer_arm(&records[0].node, DEADLINE_NEVER);
    timer_interrupt(start_time + 1000);
    assert_int_equal(records[0].fired_count, 0);
}

static void test_timer_retired_cannot_be_armed(void **state)
{
    (void)state;
    machine_make();
    timer_arm(&records[0].node, start_time + 100);
    timer_retire(&records[0].node);
    timer_arm(&records[0].node, start_time + 100);
    timer_arm_by(&records[0].node, start_time + 100);
    timer_interrupt(start_time + 1000);
    assert_int_equal(records[0].fired_count, 0);
}

static void test_timer_arm_by_only_brings_forward(void **state)
{
    (void)state;
    machine_make();
    timer_arm_by(&records[0].node, start_time + 500);
    timer_arm_by(&records[0].node, start_time + 900);
    assert_int_equal(records[0].node.at, start_time + 500);
    timer_arm_by(&records[0].node, start_time + 100);
    assert_int_equal(records[0].node.at, start_time + 100);
    timer_disarm(&records[0].node);
}

static void test_timer_due_later_comes_back_later(void **state)
{
    (void)state;
    machine_make();
    timer_node_init(&records[0].node, fire, due);
    records[0].due = start_time + 700;
    timer_arm(&records[0].node, start_time + 100);
    timer_interrupt(start_time + 100);
    assert_int_equal(records[0].fired_count, 0);
    assert_int_equal(records[0].node.at, start_time + 700);
    timer_interrupt(start_time + 700);
    assert_int_equal(records[0].fired_count, 1);
}

static void test_timer_due_never_is_dropped(void **state)
{
    (void)state;
    machine_make();
    timer_node_init(&records[0].node, fire, due);
    records[0].due = DEADLINE_NEVER;
    timer_arm(&records[0].node, start_time + 100);
    timer_interrupt(start_time + 100);
    assert_int_equal(records[0].fired_count, 0);
    assert_int_equal(records[0].node.at, DEADLINE_NEVER);
}

/* What is left over fires in interrupts that come at once. */
static void test_timers_due_at_once_fire_in_bounded_steps(void **state)
{
    (void)state;
    machine_make();
    for (unsigned i = 0; i < COUNT; i++) {
        timer_arm(&records[i].node, start_time + 100);
    }
    timer_interrupt(start_time + 100);
    assert_true(fired_total > 0 && fired_total < COUNT);
    fake_time_add(100);
    fake_run_for(1000);
    assert_int_equal(fired_total, COUNT);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_timer_fires_at_its_time_and_not_before),
    FAKE_TEST(test_timer_armed_makes_the_hardware_interrupt),
    FAKE_TEST(test_timers_fire_in_the_order_of_their_times),
    FAKE_TEST(test_timer_armed_again_forgets_its_first_time),
    FAKE_TEST(test_timer_disarmed_does_not_fire),
    FAKE_TEST(test_timer_armed_for_never_is_disarmed),
    FAKE_TEST(test_timer_retired_cannot_be_armed),
    FAKE_TEST(test_timer_arm_by_only_brings_forward),
    FAKE_TEST(test_timer_due_later_comes_back_later),
    FAKE_TEST(test_timer_due_never_is_dropped),
    FAKE_TEST(test_timers_due_at_once_fire_in_bounded_steps),
};

FAKE_TEST_MAIN(tests)
