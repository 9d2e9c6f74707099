/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include "object/futex.h"

#define RW     (MAP_READ | MAP_WRITE)
#define AT     0x30000000000ul
#define OTHER  0x40000000000ul
#define WORD_A AT
#define WORD_B (AT + 64)

/* A process with shared memory at `address`. */
static struct fake_process sharer(struct fake_thread *t, handle_t memory, uint64_t address)
{
    struct fake_process process;

    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, address, 2 * PAGE_SIZE,
                               RW | MAP_FIXED),
                     address);
    return process;
}

static int64_t sleep_on(struct fake_thread *t, uint64_t word, uint32_t expected)
{
    return fake_call(t, SYS_futex_wait, word, expected, DEADLINE_NEVER);
}

static int64_t wake(struct fake_thread *t, uint64_t word, uint64_t count)
{
    return fake_call(t, SYS_futex_wake, word, count);
}

static void test_futex_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_int_equal(sleep_on(t, FAKE_DATA + 1, 0), -EINVAL);
    assert_int_equal(sleep_on(t, AT, 0), -EFAULT);
    assert_int_equal(sleep_on(t, 0, 0), -EFAULT);
    assert_int_equal(sleep_on(t, 0xffff800000000000ul, 0), -EFAULT);
    assert_int_equal(sleep_on(t, USER_LIMIT, 0), -EFAULT);
    assert_int_equal(fake_call(t, SYS_futex_wait, FAKE_DATA, 0, (uint64_t)-5), -EINVAL);
    assert_int_equal(sleep_on(t, FAKE_DATA, 1), -EAGAIN);
    assert_int_equal(fake_call(t, SYS_futex_wait, FAKE_DATA, 0, DEADLINE_POLL), -ETIMEDOUT);
    assert_int_equal(wake(t, FAKE_DATA + 2, 1), -EINVAL);
    assert_int_equal(wake(t, AT, 1), -EFAULT);
    assert_int_equal(wake(t, FAKE_DATA, 1), 0);
    assert_int_equal(fake_call(t, SYS_futex_requeue, FAKE_DATA, 1, 9, FAKE_DATA + 64, 1), -EAGAIN);
    assert_int_equal(fake_call(t, SYS_futex_requeue, FAKE_DATA, 1, 0, AT, 1), -EFAULT);
    assert_int_equal(fake_call(t, SYS_futex_requeue, FAKE_DATA, 1, 0, FAKE_DATA + 1, 1), -EINVAL);
}

/* Whatever queue they share. */
static void test_futex_wakes_nobody_at_other_words_of_the_page(void **state)
{
    struct fake_thread *t = start();
    struct fake_process a = sharer(t, MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0), AT);
    struct fake_thread *other = fake_thread_create(&a, NULL);

    (void)state;
    assert_int_equal(sleep_on(a.main, AT, 0), FAKE_BLOCKED);
    for (uint64_t word = AT + 4; word < AT + 2 * PAGE_SIZE; word += 4) {
        assert_int_equal(wake(other, word, 1), 0);
    }
    assert_int_equal(wake(other, AT, 1), 1);
}

static void test_futex_word_on_an_untouched_page_is_zero(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process a = sharer(t, memory, AT);

    (void)state;
    assert_int_equal(sleep_on(a.main, AT + PAGE_SIZE, 5), -EAGAIN);
    assert_int_equal(sleep_on(a.main, AT, 0), FAKE_BLOCKED);
    assert_true(a.main->restarts > 0);
}

static void test_futex_processes_meet_by_their_memory(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process a = sharer(t, memory, AT), b = sharer(t, memory, OTHER);

    (void)state;
    assert_int_equal(sleep_on(a.main, AT + 8, 0), FAKE_BLOCKED);
    assert_int_equal(wake(b.main, OTHER + 4, 1), 0);
    assert_int_equal(wake(b.main, OTHER + 8, 1), 1);
    assert_int_equal(fake_wait(a.main), 0);
    assert_int_equal(wake(b.main, OTHER + 8, 1), 0);
}

static void test_futex_wakes_in_the_order_of_arrival(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process p = sharer(t, memory, AT);
    struct fake_thread *threads[6];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        threads[i] = fake_thread_create(&p, NULL);
        assert_int_equal(sleep_on(threads[i], i % 2 == 0 ? WORD_A : WORD_B, 0), FAKE_BLOCKED);
    }
    assert_int_equal(wake(p.main, WORD_A, 2), 2);
    assert_int_equal(fake_wait(threads[0]), 0);
    assert_int_equal(fake_wait(threads[2]), 0);
    assert_int_equal(fake_wait(threads[4]), FAKE_BLOCKED);
    assert_int_equal(fake_wait(threads[1]), FAKE_BLOCKED);
    assert_int_equal(wake(p.main, WORD_B, 100), 3);
    assert_int_equal(wake(p.main, WORD_A, 100), 1);
}

static void test_futex_wake_is_bounded(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process p = sharer(t, memory, AT);

    (void)state;
    for (unsigned i = 0; i < FUTEX_STEP_MAX + 3; i++) {
        assert_int_equal(sleep_on(fake_thread_create(&p, NULL), WORD_A, 0), FAKE_BLOCKED);
    }
    assert_int_equal(wake(p.main, WORD_A, UINT32_MAX), FUTEX_STEP_MAX);
    assert_int_equal(wake(p.main, WORD_A, UINT32_MAX), 3);
}

static void test_futex_wait_ends_at_its_deadline_and_leaves_the_queue(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process p = sharer(t, memory, AT);
    struct fake_thread *second = fake_thread_create(&p, NULL);
    uint64_t deadline = (uint64_t)fake_now() + 500000000;

    (void)state;
    assert_int_equal(fake_call(p.main, SYS_futex_wait, WORD_A, 0, deadline), FAKE_BLOCKED);
    assert_int_equal(sleep_on(second, WORD_A, 0), FAKE_BLOCKED);
    fake_run_for(600000000);
    assert_int_equal(fake_wait(p.main), -ETIMEDOUT);
    assert_int_equal(wake(p.main, WORD_A, 5), 1);
    assert_int_equal(fake_wait(second), 0);
}

static void test_futex_requeue_wakes_some_and_moves_others(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process p = sharer(t, memory, AT);
    struct fake_thread *threads[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        threads[i] = fake_thread_create(&p, NULL);
        assert_int_equal(sleep_on(threads[i], WORD_A, 0), FAKE_BLOCKED);
    }
    assert_int_equal(fake_call(p.main, SYS_futex_requeue, WORD_A, 1, 0, WORD_B, 2), 1);
    assert_int_equal(fake_result2(p.main), 2);
    assert_int_equal(fake_wait(threads[0]), 0);
    assert_int_equal(wake(p.main, WORD_B, 1), 1);
    assert_int_equal(fake_wait(threads[1]), 0);
    assert_int_equal(wake(p.main, WORD_A, 100), 2);
    assert_int_equal(fake_wait(threads[2]), FAKE_BLOCKED);
    assert_int_equal(fake_call(p.main, SYS_futex_requeue, WORD_B, 0, 0, WORD_B, 5), 0);
    assert_int_equal(fake_result2(p.main), 0);
    assert_int_equal(wake(p.main, WORD_B, 100), 1);
}

static void test_futex_moved_sleeper_can_be_killed(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process a = sharer(t, memory, AT), b = sharer(t, memory, AT);

    (void)state;
    assert_int_equal(sleep_on(a.main, WORD_A, 0), FAKE_BLOCKED);
    assert_int_equal(fake_call(b.main, SYS_futex_requeue, WORD_A, 0, 0, WORD_B, 1), 0);
    assert_int_equal(fake_call(t, SYS_process_kill, a.process), 0);
    fake_run_for(1000000000);
    assert_int_equal(wake(b.main, WORD_A, 10), 0);
    assert_int_equal(wake(b.main, WORD_B, 10), 0);
}

/* Waiter, waker that changes the word, and now and then a requeue or a deadline, on several CPUs.
 */
static void test_futex_no_wake_up_is_lost(void **state)
{
    struct fake_thread *t = start_with(3, 4);
    handle_t memory = MAKE(t, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    struct fake_process a = sharer(t, memory, AT), b = sharer(t, memory, OTHER);
    struct fake_thread *mover = fake_thread_create(&b, NULL);

    (void)state;
    for (uint64_t i = 0; i < 400; i++) {
        uint64_t deadline = i % 3 == 0 ? (uint64_t)fake_now() + 1000 : (uint64_t)DEADLINE_NEVER;
        int64_t result;

        fake_request_call(a.main, &(struct fake_registers){
                                      .rax = SYS_futex_wait, .rdi = AT, .rsi = i, .rdx = deadline});
        for (uint64_t steps = fake_random() % 40; steps > 0; steps--) {
            (void)fake_step();
        }
        if (i % 4 == 0) {
            (void)fake_call(mover, SYS_futex_requeue, OTHER, 0, i, OTHER + 64, 1);
        }
        assert_true(fake_write(b.main, OTHER, i + 1));
        assert_true(wake(b.main, OTHER, 10) >= 0);
        if (i % 4 == 0) {
            assert_true(wake(b.main, OTHER + 64, 10) >= 0);
        }
        result = fake_wait(a.main);
        assert_true(result == 0 || result == -EAGAIN ||
                    (result == -ETIMEDOUT && deadline != (uint64_t)DEADLINE_NEVER));
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_futex_refuses_what_is_wrong),
    FAKE_TEST(test_futex_wakes_nobody_at_other_words_of_the_page),
    FAKE_TEST(test_futex_word_on_an_untouched_page_is_zero),
    FAKE_TEST(test_futex_processes_meet_by_their_memory),
    FAKE_TEST(test_futex_wakes_in_the_order_of_arrival),
    FAKE_TEST(test_futex_wake_is_bounded),
    FAKE_TEST(test_futex_wait_ends_at_its_deadline_and_leaves_the_queue),
    FAKE_TEST(test_futex_requeue_wakes_some_and_moves_others),
    FAKE_TEST(test_futex_moved_sleeper_can_be_killed),
    FAKE_TEST(test_futex_no_wake_up_is_lost),
};

FAKE_TEST_MAIN(tests)
