/* SPDX-License-Identifier: MIT */
/* Memory whose pages a program supplies. */
#include <string.h>
#include "unit/object/start.h"

#define RW      (MAP_READ | MAP_WRITE)
#define PAGES   20ul
#define SIZE    (PAGES * PAGE_SIZE)
#define KEY     77
#define TIMEOUT 1000000000

struct paged {
    handle_t port, memory, source;
    uint64_t address; /* in the client */
    struct fake_process process;
    struct fake_thread *client;
};

/* init is the pager; a client has the memory mapped. */
static void paged_new(struct fake_thread *t, time_ns_t timeout, struct paged *paged)
{
    uint64_t address;

    fake_process_create(&paged->process);
    paged->client = paged->process.main;
    paged->port = MAKE(t, SYS_port_create, job(), 4);
    paged->memory = MAKE(t, SYS_memory_pager, job(), SIZE, paged->port, KEY, (uint64_t)timeout);
    paged->source = MAKE(t, SYS_memory_create, job(), SIZE, 0);
    address = MAKE(t, SYS_aspace_map, aspace(), paged->source, 0, 0, SIZE, RW);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_true(fake_write(t, address + i * PAGE_SIZE, 100 + i));
    }
    paged->address = MAKE(t, SYS_aspace_map, paged->process.aspace, paged->memory, 0, 0, SIZE, RW);
}

/* Reads a page; true: the thread waits for it. */
static bool touch(const struct paged *paged, struct fake_thread *thread, uint64_t page)
{
    fake_request_access(thread, FAKE_READ, paged->address + page * PAGE_SIZE, 0);
    return fake_wait(thread) == FAKE_BLOCKED;
}

static void supply(struct fake_thread *t, const struct paged *paged, uint64_t page, uint64_t count)
{
    assert_int_equal(fake_call(t, SYS_memory_supply, paged->memory, page * PAGE_SIZE, paged->source,
                               page * PAGE_SIZE, count * PAGE_SIZE),
                     count * PAGE_SIZE);
}

/* What a thread has read that had to wait. */
static uint64_t arrived(struct fake_thread *thread)
{
    assert_true(fake_wait(thread) != FAKE_BLOCKED);
    return thread->value;
}

/* The next notice at the port is of this page. */
static void expect_fault(struct fake_thread *t, const struct paged *paged, uint64_t page)
{
    uint64_t words[8] = {0};

    assert_int_equal(fake_reply_receive(t, paged->port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_NOTICE);
    assert_int_equal(t->registers.rdi, KEY);
    assert_int_equal(words[0], NOTICE_PAGE_FAULT);
    assert_int_equal(words[1], page * PAGE_SIZE);
}

static void expect_nothing(struct fake_thread *t, const struct paged *paged)
{
    assert_int_equal(fake_reply_receive(t, paged->port, 0, DEADLINE_POLL, 0, NULL), -ETIMEDOUT);
}

static void test_pager_is_told_and_its_page_arrives(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct paged paged;

    (void)state;
    paged_new(t, TIMEOUT, &paged);
    expect_nothing(t, &paged);
    assert_true(touch(&paged, paged.client, 3));
    expect_fault(t, &paged, 3);
    expect_nothing(t, &paged);
    supply(t, &paged, 3, 1);
    assert_int_equal(arrived(paged.client), 103);
    assert_false(touch(&paged, paged.client, 3)); /* it is there now */
    expect_nothing(t, &paged);
}

static void test_pager_is_told_of_each_fault_of_many_threads(void **state)
{
    struct fake_thread *t = start_with(2, 0), *threads[6];
    struct paged paged;

    (void)state;
    paged_new(t, DEADLINE_NEVER, &paged);
    for (unsigned i = 0; i < 6; i++) {
        handle_t handle;

        threads[i] = fake_thread_create(&paged.process, &handle);
        assert_true(touch(&paged, threads[i], i / 2));
    }
    expect_fault(t, &paged, 0);
    expect_fault(t, &paged, 0);
    expect_fault(t, &paged, 1);
    supply(t, &paged, 0, 2); /* the second one of page 1 as well, which was not told of yet */
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(arrived(threads[i]), 100 + i / 2);
    }
    supply(t, &paged, 2, 16);
    for (unsigned i = 4; i < 6; i++) {
        assert_int_equal(arrived(threads[i]), 102);
    }
}

static void test_pager_that_is_late_ends_the_process(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct paged paged;

    (void)state;
    paged_new(t, TIMEOUT, &paged);
    assert_true(touch(&paged, paged.client, 0));
    fake_run_for(2 * TIMEOUT);
    assert_int_equal(fake_call(t, SYS_process_info, paged.process.process), 1);
    assert_non_null(strstr(fake_log(), "its pager did not supply it in time"));
    expect_fault(t, &paged, 0); /* said before it gave up */
    expect_nothing(t, &paged);
}

/* The page comes when the deadline has passed, but before the thread has run again. */
static void test_pager_that_is_late_but_there_is_good_enough(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct paged paged;

    (void)state;
    paged_new(t, TIMEOUT, &paged);
    assert_true(touch(&paged, paged.client, 0));
    expect_fault(t, &paged, 0);
    fake_time_add(2 * TIMEOUT);
    assert_int_equal(fake_call(t, SYS_memory_supply, paged.memory, 0, paged.source, 0, PAGE_SIZE),
                     PAGE_SIZE);
    assert_int_equal(arrived(paged.client), 100);
}

static void test_pager_whose_port_is_closed_ends_faults(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct paged paged;
    struct fake_thread *other;
    handle_t handle;

    (void)state;
    paged_new(t, DEADLINE_NEVER, &paged);
    other = fake_thread_create(&paged.process, &handle);
    assert_true(touch(&paged, paged.client, 0));
    assert_true(touch(&paged, other, 1));
    expect_fault(t, &paged, 0);
    assert_int_equal(fake_call(t, SYS_handle_close, paged.port), 0);
    fake_run_for(1000000);
    assert_int_equal(fake_call(t, SYS_process_info, paged.process.process), 1);
    assert_non_null(strstr(fake_log(), "its pager is gone"));
}

static void test_pager_forgets_threads_that_are_killed(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct fake_thread *other;
    struct paged paged;
    handle_t handle;

    (void)state;
    paged_new(t, DEADLINE_NEVER, &paged);
    other = fake_thread_create(&paged.process, &handle);
    assert_true(touch(&paged, other, 4));
    assert_true(touch(&paged, paged.client, 5));
    assert_int_equal(fake_call(t, SYS_thread_kill, handle), 0);
    expect_fault(t, &paged, 4); /* said before it died */
    expect_fault(t, &paged, 5);
    expect_nothing(t, &paged);
    supply(t, &paged, 4, 2);
    assert_int_equal(arrived(paged.client), 105);
}

static void test_pager_memory_that_goes_lets_faults_go(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct fake_balance balance;
    struct paged paged;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        fake_balance(&balance); /* the second time, when init's tables have grown */
        paged_new(t, DEADLINE_NEVER, &paged);
        assert_true(touch(&paged, paged.client, 0));
        assert_int_equal(fake_call(t, SYS_process_kill, paged.process.process), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, paged.memory), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, paged.source), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, paged.process.process), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, paged.process.aspace), 0);
        fake_run_for(1000000);
        (void)fake_reply_receive(t, paged.port, 0, DEADLINE_POLL, 0, NULL);
        assert_int_equal(fake_call(t, SYS_handle_close, paged.port), 0);
        fake_run_for(1000000);
    }
}

static void test_pager_page_that_was_decommitted_is_asked_for_again(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct paged paged;

    (void)state;
    paged_new(t, TIMEOUT, &paged);
    supply(t, &paged, 0, 2);
    assert_false(touch(&paged, paged.client, 1));
    assert_int_equal(paged.client->value, 101);
    assert_int_equal(fake_call(t, SYS_memory_decommit, paged.memory, PAGE_SIZE, PAGE_SIZE),
                     PAGE_SIZE);
    assert_true(touch(&paged, paged.client, 1));
    expect_fault(t, &paged, 1);
}

static void test_pager_create_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    handle_t port = MAKE(t, SYS_port_create, job(), 4), weak;

    (void)state;
    weak = with_rights(t, port, RIGHTS_BASIC | RIGHT_RECV);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), SIZE, weak, KEY, TIMEOUT), -EACCES);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), SIZE, job(), KEY, TIMEOUT),
                     -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), SIZE, stale(t), KEY, TIMEOUT), -EBADF);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), 0, port, KEY, TIMEOUT), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), SIZE, port, KEY, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), SIZE, port, KEY, UINT64_MAX), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_pager, job(), UINT64_MAX, port, KEY, TIMEOUT), -E2BIG);
}

static void test_pager_stable_mappings_refuse_it(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    handle_t port = MAKE(t, SYS_port_create, job(), 4);
    handle_t paged = MAKE(t, SYS_memory_pager, job(), SIZE, port, KEY, TIMEOUT);
    handle_t resizable = MAKE(t, SYS_memory_create, job(), SIZE, MEMORY_RESIZABLE);
    handle_t stable = MAKE(t, SYS_memory_create, job(), SIZE, 0);

    (void)state;
    assert_int_equal(fake_call(t, SYS_aspace_map, aspace(), paged, 0, 0, SIZE, RW | MAP_STABLE),
                     -ENOTSUP);
    assert_int_equal(fake_call(t, SYS_aspace_map, aspace(), resizable, 0, 0, SIZE, RW | MAP_STABLE),
                     -ENOTSUP);
    (void)MAKE(t, SYS_aspace_map, aspace(), stable, 0, 0, SIZE, RW | MAP_STABLE);
    (void)MAKE(t, SYS_aspace_map, aspace(), paged, 0, 0, SIZE, RW);
    assert_int_equal(fake_call(t, SYS_memory_clone, job(), paged, 0, SIZE), -ENOTSUP);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_pager_is_told_and_its_page_arrives),
    FAKE_TEST(test_pager_is_told_of_each_fault_of_many_threads),
    FAKE_TEST(test_pager_that_is_late_ends_the_process),
    FAKE_TEST(test_pager_that_is_late_but_there_is_good_enough),
    FAKE_TEST(test_pager_whose_port_is_closed_ends_faults),
    FAKE_TEST(test_pager_forgets_threads_that_are_killed),
    FAKE_TEST(test_pager_memory_that_goes_lets_faults_go),
    FAKE_TEST(test_pager_page_that_was_decommitted_is_asked_for_again),
    FAKE_TEST(test_pager_create_refuses_what_is_wrong),
    FAKE_TEST(test_pager_stable_mappings_refuse_it),
};

FAKE_TEST_MAIN(tests)
