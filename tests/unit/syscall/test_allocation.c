/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, for every n, in every call that allocates: each time a clean -ENOMEM,
 * nothing lost, and at last the call succeeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <quay/abi/bootstrap.h>
#include "fake.h"
#include "mm/inject.h"

static struct fake_thread *init;
static handle_t job;
static bool keeps_table; /* what a table has grown by before the failure stays */

/* init's table is full to the last slot of its chunks, so that the next handle needs memory. */
static void fill_table(void)
{
    uint64_t before, after;

    do {
        assert_int_equal(fake_call(init, SYS_job_info, job, JOB_MEMORY), 0);
        before = fake_result2(init);
        assert_true(fake_call(init, SYS_handle_dup, job, RIGHTS_SAME) > 0);
        assert_int_equal(fake_call(init, SYS_job_info, job, JOB_MEMORY), 0);
        after = fake_result2(init);
    } while (before == after);
    for (unsigned i = 0; i < 63; i++) {
        assert_true(fake_call(init, SYS_handle_dup, job, RIGHTS_SAME) > 0);
    }
}

static void begin(void)
{
    fake_boot(NULL);
    init = fake_init_thread();
    job = fake_bootstrap(BOOTSTRAP_JOB);
    assert_true(fake_write(init, FAKE_DATA, 0));
}

/* Returns the result of the call once no allocation of it fails any more. */
static int64_t fails_cleanly(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                             uint64_t e, uint64_t f, unsigned least)
{
    for (uint64_t n = 1; n < 100; n++) {
        struct fake_balance before;
        int64_t result;
        bool is_over;

        fake_balance(&before);
        inject_fail_after(n);
        result = fake_call(init, number, a, b, c, d, e, f);
        is_over = inject_is_armed();
        inject_fail_after(0);
        if (is_over) {
            assert_true(result >= 0);
            assert_true(n > least); /* else nothing was tried */
            return result;
        }
        assert_int_equal(result, -ENOMEM);
        if (!keeps_table) {
            fake_balance_check(&before);
        }
    }
    fail_msg("the call never succeeds");
    return 0;
}

#define ALLOCATION_TEST(name, least, ...)                                                          \
    static void test_allocation_##name(void **state)                                               \
    {                                                                                              \
        (void)state;                                                                               \
        begin();                                                                                   \
        (void)fails_cleanly(SYS_##name, __VA_ARGS__, least);                                       \
    }

ALLOCATION_TEST(job_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(process_create, 2, job, FAKE_DATA, 4, 0, 0, 0)
ALLOCATION_TEST(port_create, 2, job, 4, 0, 0, 0, 0)
ALLOCATION_TEST(event_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(timer_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(memory_create, 1, job, 0x4000, 0, 0, 0, 0)
ALLOCATION_TEST(thread_buffer, 2, 0, 0, 0, 0, 0, 0)
ALLOCATION_TEST(irq_create, 1, fake_bootstrap(BOOTSTRAP_RESOURCE), job, 5, 0, 0, 0)
ALLOCATION_TEST(io_create, 1, fake_bootstrap(BOOTSTRAP_RESOURCE), job, 0x100, 8, 0, 0)

static void test_allocation_handle_dup(void **state)
{
    (void)state;
    begin();
    fill_table();
    (void)fails_cleanly(SYS_handle_dup, job, RIGHTS_SAME, 0, 0, 0, 0, 1);
}

static void test_allocation_thread_create(void **state)
{
    int64_t process;

    (void)state;
    begin();
    process = fake_call(init, SYS_process_create, job, FAKE_DATA, 4);
    assert_true(process > 0);
    (void)fails_cleanly(SYS_thread_create, (uint64_t)process, 0, 0, 0, 0, 0, 1);
}

static void test_allocation_handle_grant(void **state)
{
    int64_t process;

    (void)state;
    begin();
    process = fake_call(init, SYS_process_create, job, FAKE_DATA, 4);
    keeps_table = true;
    (void)fails_cleanly(SYS_handle_grant, (uint64_t)process, job, RIGHTS_SAME, HANDLE_COPY, 0, 0,
                        1);
}

static void test_allocation_session_create(void **state)
{
    int64_t port;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    assert_true(port > 0);
    (void)fails_cleanly(SYS_session_create, (uint64_t)port, 7, 0, 0, 0, 0, 1);
}

static void test_allocation_port_bind(void **state)
{
    int64_t port, event;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    event = fake_call(init, SYS_event_create, job);
    (void)fails_cleanly(SYS_port_bind, (uint64_t)port, (uint64_t)event, SIGNAL_USER, 1, 0, 0, 1);
}

static void test_allocation_aspace_map(void **state)
{
    int64_t memory;

    (void)state;
    begin();
    memory = fake_call(init, SYS_memory_create, job, 0x4000, 0);
    (void)fails_cleanly(SYS_aspace_map, fake_bootstrap(BOOTSTRAP_ASPACE), (uint64_t)memory, 0, 0,
                        0x4000, MAP_READ | MAP_WRITE, 1);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_allocation_handle_dup),     FAKE_TEST(test_allocation_job_create),
    FAKE_TEST(test_allocation_process_create), FAKE_TEST(test_allocation_port_create),
    FAKE_TEST(test_allocation_event_create),   FAKE_TEST(test_allocation_timer_create),
    FAKE_TEST(test_allocation_memory_create),  FAKE_TEST(test_allocation_thread_buffer),
    FAKE_TEST(test_allocation_irq_create),     FAKE_TEST(test_allocation_io_create),
    FAKE_TEST(test_allocation_thread_create),  FAKE_TEST(test_allocation_handle_grant),
    FAKE_TEST(test_allocation_session_create), FAKE_TEST(test_allocation_port_bind),
    FAKE_TEST(test_allocation_aspace_map),
};

FAKE_TEST_MAIN(tests)
