/* SPDX-License-Identifier: MIT */
/* Rounds on the fake machine: what runs, where, and after which CPUs have left the kernel. */
#include "unit/object/start.h"

#include "core/sync.h"
#include "fake/machine.h"

struct work {
    struct sync_node node;
    unsigned run_count;
    uint64_t ended_before; /* calls that CPU 1's thread had ended when the round began */
};

static struct work works[64];
static uint64_t calls_ended;

static void work_run(struct sync_node *node)
{
    CONTAINER_OF(node, struct work, node)->run_count++;
}

/* CPU 1 was in a call when the round began: that call must have ended. */
static void work_run_after_the_call(struct sync_node *node)
{
    struct work *work = CONTAINER_OF(node, struct work, node);

    work->run_count++;
    FAKE_CHECK(calls_ended > work->ended_before);
}

static void machine_make(unsigned cpus)
{
    (void)start_with(cpus, 0);
    fake_settle();
}

static void test_sync_post_runs_in_an_entry_of_its_own(void **state)
{
    (void)state;
    machine_make(1);
    sync_post(&works[0].node, work_run);
    assert_int_equal(works[0].run_count, 0);
    fake_settle();
    assert_int_equal(works[0].run_count, 1);
}

static void test_sync_defer_runs_once_the_batch_is_flushed(void **state)
{
    (void)state;
    machine_make(2);
    sync_defer(&works[0].node, work_run);
    sync_defer(&works[1].node, work_run);
    assert_int_equal(works[0].run_count, 0);
    sync_flush();
    fake_settle();
    assert_int_equal(works[0].run_count, 1);
    assert_int_equal(works[1].run_count, 1);
    sync_flush();
    fake_settle();
    assert_int_equal(works[0].run_count, 1);
}

static void test_sync_defer_of_many_needs_no_flush(void **state)
{
    (void)state;
    machine_make(2);
    for (unsigned i = 0; i < 64; i++) {
        sync_defer(&works[i].node, work_run);
    }
    fake_settle();
    assert_int_equal(works[0].run_count, 1);
}

static void test_sync_round_of_no_cpu_runs_soon(void **state)
{
    (void)state;
    machine_make(2);
    sync_round(&works[0].node, 0, work_run);
    fake_settle();
    assert_int_equal(works[0].run_count, 1);
}

static bool thread_calls(struct fake_thread *thread, unsigned cpu)
{
    (void)cpu;
    fake_request_call(thread, &(struct fake_registers){.rax = SYS_handle_info, .rdi = 1});
    return true;
}

static void thread_called(struct fake_thread *thread)
{
    thread->state = FAKE_FREE;
    calls_ended++;
}

/* CPU 1 does nothing but call; CPU 0 asks for a round while it is in the middle of a call. */
static void test_sync_round_waits_for_a_call_that_was_under_way(void **state)
{
    struct fake_thread *t = start_with(2, 2);
    struct fake_process process;
    unsigned round_count = 0;

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
    fake_user_hook = thread_calls;
    fake_done_hook = thread_called;
    for (unsigned i = 0; i < 20000 && round_count < 200; i++) {
        struct fake_cpu *caller = &fake_machine.cpus[1], *other = &fake_machine.cpus[0];

        assert_true(fake_step());
        if (other->state == CPU_KERNEL && caller->state != CPU_KERNEL) {
            struct fake_cpu *swap = caller;

            caller = other;
            other = swap;
        }
        if (caller->state == CPU_KERNEL && caller->entry == ENTRY_SYSCALL &&
            other->state != CPU_KERNEL && works[0].run_count == round_count) {
            works[0].ended_before = calls_ended;
            sync_round(&works[0].node, 3, work_run_after_the_call);
            round_count++;
            while (works[0].run_count < round_count) {
                assert_true(fake_step());
            }
        }
    }
    assert_true(round_count > 20);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_sync_post_runs_in_an_entry_of_its_own),
    FAKE_TEST(test_sync_defer_runs_once_the_batch_is_flushed),
    FAKE_TEST(test_sync_defer_of_many_needs_no_flush),
    FAKE_TEST(test_sync_round_of_no_cpu_runs_soon),
    FAKE_TEST(test_sync_round_waits_for_a_call_that_was_under_way),
};

FAKE_TEST_MAIN(tests)
