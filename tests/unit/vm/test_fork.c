/* SPDX-License-Identifier: MIT */
/* Copies of address spaces and handle tables. */
#include "unit/object/start.h"

#define RW    (MAP_READ | MAP_WRITE)
#define AT    0x40000000ul
#define PAGES 100ul

struct copy {
    handle_t process, aspace;
};

static void copy_new(struct fake_thread *t, handle_t payer, struct copy *copy)
{
    copy->process = MAKE(t, SYS_process_create, payer, FAKE_DATA, 4);
    copy->aspace = fake_result2(t);
}

/* Its first thread, without a mapping of its own: it can only read and write. */
static struct fake_thread *copy_start(struct fake_thread *t, const struct copy *copy)
{
    handle_t thread = MAKE(t, SYS_thread_create, copy->process);
    struct fake_thread *fake = fake_thread_of_handle(t, thread);

    assert_int_equal(fake_call(t, SYS_thread_start, thread, FAKE_CODE, 0x20000, 0), 0);
    return fake;
}

static handle_t map_at(struct fake_thread *t, uint64_t address, uint64_t pages, uint32_t flags)
{
    handle_t memory = MAKE(t, SYS_memory_create, job(), pages * PAGE_SIZE, MEMORY_RESIZABLE);

    assert_int_equal(fake_call(t, SYS_aspace_map, aspace(), memory, 0, address, pages * PAGE_SIZE,
                               RW | MAP_FIXED | flags),
                     address);
    return memory;
}

static uint64_t word(struct fake_thread *t, uint64_t address)
{
    uint64_t value = UINT64_MAX;

    assert_true(fake_read(t, address, &value));
    return value;
}

static void test_fork_copies_shares_leaves_out_and_zeroes(void **state)
{
    struct fake_thread *t = start(), *child;
    struct copy copy;

    (void)state;
    map_at(t, AT, PAGES, MAP_FORK_COPY);
    map_at(t, AT + 0x1000000, 1, MAP_FORK_SHARE);
    map_at(t, AT + 0x2000000, 1, MAP_FORK_NONE);
    map_at(t, AT + 0x3000000, 1, MAP_FORK_ZERO);
    for (uint64_t i = 0; i < PAGES; i += 9) {
        assert_true(fake_write(t, AT + i * PAGE_SIZE, i + 1));
    }
    for (uint64_t i = 1; i < 4; i++) {
        assert_true(fake_write(t, AT + i * 0x1000000, i));
    }
    copy_new(t, job(), &copy);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), 0);
    child = copy_start(t, &copy);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_int_equal(word(child, AT + i * PAGE_SIZE), i % 9 == 0 ? i + 1 : 0);
    }
    assert_int_equal(word(child, AT + 0x1000000), 1);
    assert_int_equal(word(child, AT + 0x3000000), 0);
    assert_true(fake_write(child, AT, 100));
    assert_true(fake_write(child, AT + 0x1000000, 200));
    assert_true(fake_write(t, AT + 9 * PAGE_SIZE, 300));
    assert_int_equal(word(t, AT), 1);
    assert_int_equal(word(t, AT + 0x1000000), 200);
    assert_int_equal(word(child, AT + 9 * PAGE_SIZE), 10);
    fake_settle();
    fake_tlb_check();
    assert_false(fake_write(child, AT + 0x2000000, 1)); /* which ends it */
}

static void test_fork_two_mappings_of_one_memory_remain_that(void **state)
{
    struct fake_thread *t = start(), *child;
    handle_t memory = map_at(t, AT, PAGES, MAP_FORK_COPY);
    struct copy copy;

    (void)state;
    assert_int_equal(fake_call(t, SYS_aspace_map, aspace(), memory, PAGE_SIZE, AT + 0x1000000,
                               2 * PAGE_SIZE, MAP_READ | MAP_FIXED),
                     AT + 0x1000000);
    assert_int_equal(
        fake_call(t, SYS_aspace_protect, aspace(), AT + 5 * PAGE_SIZE, PAGE_SIZE, MAP_READ), 0);
    assert_true(fake_write(t, AT + PAGE_SIZE, 1));
    copy_new(t, job(), &copy);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), 0);
    child = copy_start(t, &copy);
    assert_true(fake_write(child, AT + PAGE_SIZE, 2));
    assert_int_equal(word(child, AT + 0x1000000), 2);
    assert_int_equal(word(t, AT + 0x1000000), 1);
}

static void test_fork_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    struct copy copy, other;
    handle_t thread;

    (void)state;
    copy_new(t, job(), &copy);
    copy_new(t, job(), &other);
    assert_int_equal(fake_call(t, SYS_aspace_fork, aspace(), aspace()), -EINVAL);
    assert_int_equal(fake_call(t, SYS_aspace_fork, aspace(), copy.aspace), -EBUSY);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), 0);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), -EBUSY);
    assert_int_equal(fake_call(t, SYS_process_kill, other.process), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_aspace_fork, other.aspace, aspace()), -ESRCH);
    assert_int_equal(
        fake_call(t, SYS_handle_fork, other.process, fake_bootstrap(BOOTSTRAP_PROCESS)), -EBUSY);
    assert_int_equal(fake_call(t, SYS_handle_fork, copy.process, copy.process), -EINVAL);
    thread = MAKE(t, SYS_thread_create, copy.process);
    assert_int_equal(fake_call(t, SYS_handle_grant, copy.process, thread, RIGHTS_SAME, HANDLE_COPY),
                     1 << 24);
    assert_int_equal(fake_call(t, SYS_handle_fork, copy.process, fake_bootstrap(BOOTSTRAP_PROCESS)),
                     -EBUSY);
}

/* With too little memory it stops, refuses what a half copy must not do, and goes on. */
static void test_fork_goes_on_after_it_ran_out_of_memory(void **state)
{
    struct fake_thread *t = start(), *child;
    handle_t payer = MAKE(t, SYS_job_create, job()), memory, thread;
    struct copy copy;
    unsigned failures = 0;
    int64_t status;

    (void)state;
    memory = map_at(t, AT, PAGES, MAP_FORK_COPY);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_true(fake_write(t, AT + i * PAGE_SIZE, i + 1));
    }
    copy_new(t, payer, &copy);
    thread = MAKE(t, SYS_thread_create, copy.process);
    assert_int_equal(fake_call(t, SYS_job_info, payer, JOB_MEMORY), 0);
    for (uint64_t limit = fake_result2(t);; limit += 3 * PAGE_SIZE) {
        assert_int_equal(fake_call(t, SYS_job_set_limit, payer, JOB_MEMORY, limit), 0);
        status = fake_call(t, SYS_aspace_fork, copy.aspace, aspace());
        if (status == 0) {
            break;
        }
        failures++;
        assert_int_equal(status, -ENOMEM);
        assert_int_equal(fake_call(t, SYS_thread_start, thread, FAKE_CODE, 0x20000, 0), -EBUSY);
        assert_int_equal(fake_call(t, SYS_aspace_map, copy.aspace, memory, 0, 0, PAGE_SIZE, RW),
                         -EBUSY);
        assert_int_equal(fake_call(t, SYS_aspace_fork, aspace(), copy.aspace), -EBUSY);
    }
    assert_true(failures > 10);
    assert_int_equal(fake_call(t, SYS_job_set_limit, payer, JOB_MEMORY, UINT64_MAX), 0);
    child = copy_start(t, &copy);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_int_equal(word(child, AT + i * PAGE_SIZE), i + 1);
    }
}

/* A copy that is thrown away half made gives everything back. */
static void test_fork_half_made_leaves_nothing(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    struct fake_balance balance;

    (void)state;
    map_at(t, AT, PAGES, MAP_FORK_COPY);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_true(fake_write(t, AT + i * PAGE_SIZE, i + 1));
    }
    for (unsigned round = 0; round < 2; round++) {
        handle_t payer;
        struct copy copy;

        fake_balance(&balance); /* the second time, when init's tables have grown */
        payer = MAKE(t, SYS_job_create, job());
        copy_new(t, payer, &copy);
        assert_int_equal(fake_call(t, SYS_job_info, payer, JOB_MEMORY), 0);
        assert_int_equal(
            fake_call(t, SYS_job_set_limit, payer, JOB_MEMORY, fake_result2(t) + 30 * PAGE_SIZE),
            0);
        assert_int_equal(
            fake_call(t, SYS_handle_fork, copy.process, fake_bootstrap(BOOTSTRAP_PROCESS)), 0);
        assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), -ENOMEM);
        assert_int_equal(fake_call(t, SYS_process_kill, copy.process), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, copy.process), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, copy.aspace), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, payer), 0);
        fake_run_for(1000000000);
    }
    fake_balance_check(&balance);
}

static void test_fork_of_handles_keeps_values_and_rights(void **state)
{
    struct fake_thread *t = start();
    handle_t events[200], weak, bound, closed;
    struct fake_thread *child;
    struct copy copy;

    (void)state;
    copy_new(t, job(), &copy);
    for (unsigned i = 0; i < 200; i++) {
        events[i] = MAKE(t, SYS_event_create, job());
    }
    weak = with_rights(t, events[0], RIGHT_TRANSFER | RIGHT_WAIT);
    bound = with_rights(t, events[0], RIGHT_DUP | RIGHT_WAIT);
    closed = stale(t);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), 0);
    assert_int_equal(fake_call(t, SYS_handle_fork, copy.process, fake_bootstrap(BOOTSTRAP_PROCESS)),
                     0);
    assert_int_equal(fake_call(t, SYS_handle_fork, copy.process, fake_bootstrap(BOOTSTRAP_PROCESS)),
                     0);
    child = copy_start(t, &copy);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(fake_call(child, SYS_event_signal, events[i], 0, 1), 0);
    }
    assert_int_equal(fake_call(child, SYS_handle_info, events[3]), OBJECT_EVENT);
    assert_int_equal(fake_result2(child), RIGHTS_EVENT);
    assert_int_equal(fake_call(child, SYS_handle_info, weak), -EBADF);
    assert_int_equal(fake_call(child, SYS_handle_info, bound), -EBADF);
    assert_int_equal(fake_call(child, SYS_handle_info, closed), -EBADF);
    for (unsigned i = 0; i < 100; i++) { /* none that the parent has meant something by */
        handle_t fresh = MAKE(child, SYS_event_create, job());

        assert_true(fresh != weak && fresh != bound && fresh != closed);
    }
}

static void test_fork_of_handles_makes_siblings(void **state)
{
    struct fake_thread *t = start(), *child;
    handle_t event, derived, below;
    struct copy copy;

    (void)state;
    copy_new(t, job(), &copy);
    event = MAKE(t, SYS_event_create, job());
    derived = with_rights(t, event, RIGHTS_SAME);
    below = with_rights(t, derived, RIGHTS_SAME);
    assert_int_equal(fake_call(t, SYS_aspace_fork, copy.aspace, aspace()), 0);
    assert_int_equal(fake_call(t, SYS_handle_fork, copy.process, fake_bootstrap(BOOTSTRAP_PROCESS)),
                     0);
    child = copy_start(t, &copy);
    assert_int_equal(fake_call(t, SYS_handle_revoke, derived), 0); /* `below` is its own child's */
    assert_int_equal(fake_call(t, SYS_handle_info, below), -EREVOKED);
    assert_int_equal(fake_call(child, SYS_handle_info, derived), OBJECT_EVENT);
    assert_int_equal(fake_call(t, SYS_handle_revoke, event), 0);
    assert_int_equal(fake_call(child, SYS_handle_info, derived), -EREVOKED);
    assert_int_equal(fake_call(child, SYS_handle_info, event), OBJECT_EVENT);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_fork_copies_shares_leaves_out_and_zeroes),
    FAKE_TEST(test_fork_two_mappings_of_one_memory_remain_that),
    FAKE_TEST(test_fork_refuses_what_is_wrong),
    FAKE_TEST(test_fork_goes_on_after_it_ran_out_of_memory),
    FAKE_TEST(test_fork_half_made_leaves_nothing),
    FAKE_TEST(test_fork_of_handles_keeps_values_and_rights),
    FAKE_TEST(test_fork_of_handles_makes_siblings),
};

FAKE_TEST_MAIN(tests)
