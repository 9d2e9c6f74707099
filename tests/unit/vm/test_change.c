/* SPDX-License-Identifier: MIT */
/* Pages that change while they are mapped: clones, supplies, decommit, resize. */
#include "unit/object/start.h"

#include "mm/inject.h"
#include "vm/memory.h"

#define RW (MAP_READ | MAP_WRITE)

static handle_t make(struct fake_thread *t, uint64_t pages)
{
    return MAKE(t, SYS_memory_create, job(), pages * PAGE_SIZE, MEMORY_RESIZABLE);
}

static uint64_t map(struct fake_thread *t, handle_t memory, uint64_t pages)
{
    return MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, pages * PAGE_SIZE, RW);
}

/* All of it, in as many calls as it takes. */
static void supply(struct fake_thread *t, handle_t to, handle_t from, uint64_t pages)
{
    for (uint64_t done = 0; done < pages * PAGE_SIZE;) {
        done += MAKE(t, SYS_memory_supply, to, done, from, done, pages * PAGE_SIZE - done);
    }
}

static handle_t snapshot(struct fake_thread *t, handle_t memory, uint64_t pages)
{
    handle_t clone = MAKE(t, SYS_memory_clone, job(), memory, 0, pages * PAGE_SIZE);

    supply(t, clone, memory, pages);
    return clone;
}

static void decommit(struct fake_thread *t, handle_t memory, uint64_t first, uint64_t pages)
{
    for (uint64_t done = 0; done < pages * PAGE_SIZE;) {
        done += MAKE(t, SYS_memory_decommit, memory, first * PAGE_SIZE + done,
                     pages * PAGE_SIZE - done);
    }
}

static uint64_t word(struct fake_thread *t, uint64_t address)
{
    uint64_t value = UINT64_MAX;

    assert_true(fake_read(t, address, &value));
    return value;
}

static uint64_t committed(struct fake_thread *t, handle_t memory)
{
    assert_true(fake_call(t, SYS_memory_info, memory) > 0);
    return fake_result2(t) / PAGE_SIZE;
}

static uint64_t usage(struct fake_thread *t)
{
    assert_int_equal(fake_call(t, SYS_job_info, job(), JOB_MEMORY), 0);
    return fake_result2(t);
}

static void test_change_a_clone_and_its_source_do_not_see_each_others_writes(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 100), clone;
    uint64_t a = map(t, memory, 100), b;

    (void)state;
    assert_true(fake_write(t, a, 1));
    assert_true(fake_write(t, a + 99 * PAGE_SIZE, 2));
    clone = snapshot(t, memory, 100);
    b = map(t, clone, 100);
    assert_int_equal(committed(t, clone), 2);
    assert_int_equal(word(t, b), 1);
    assert_int_equal(word(t, b + 99 * PAGE_SIZE), 2);
    assert_int_equal(word(t, b + 50 * PAGE_SIZE), 0);
    assert_true(fake_write(t, a, 3));
    assert_true(fake_write(t, b + 99 * PAGE_SIZE, 4));
    assert_int_equal(word(t, b), 1);
    assert_int_equal(word(t, a), 3);
    assert_int_equal(word(t, a + 99 * PAGE_SIZE), 2);
    assert_int_equal(word(t, b + 99 * PAGE_SIZE), 4);
    fake_settle();
    fake_tlb_check();
}

static void test_change_a_clone_is_paid_by_its_creator_as_it_is_filled(void **state)
{
    struct fake_thread *t = start();
    handle_t child = MAKE(t, SYS_job_create, job()), memory = make(t, 4), clone;
    uint64_t a = map(t, memory, 4);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(fake_write(t, a + i * PAGE_SIZE, i));
    }
    clone = MAKE(t, SYS_memory_clone, child, memory, 0, 4 * PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_job_info, child, JOB_MEMORY), 0);
    assert_int_equal(
        fake_call(t, SYS_job_set_limit, child, JOB_MEMORY, fake_result2(t) + 2 * PAGE_SIZE), 0);
    assert_int_equal(fake_call(t, SYS_memory_supply, clone, 0, memory, 0, 4 * PAGE_SIZE),
                     2 * PAGE_SIZE);
    assert_int_equal(
        fake_call(t, SYS_memory_supply, clone, 2 * PAGE_SIZE, memory, 2 * PAGE_SIZE, PAGE_SIZE),
        -ENOMEM);
}

static void test_change_zero_children_follows_the_clones(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 1), first, second;

    (void)state;
    assert_int_equal(fake_call(t, SYS_object_wait, memory, SIGNAL_ZERO_CHILDREN, 0),
                     SIGNAL_ZERO_CHILDREN);
    first = MAKE(t, SYS_memory_clone, job(), memory, 0, PAGE_SIZE);
    second = MAKE(t, SYS_memory_clone, job(), memory, 0, PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_handle_close, first), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_object_wait, memory, SIGNAL_ZERO_CHILDREN, 0), -ETIMEDOUT);
    assert_int_equal(fake_call(t, SYS_handle_close, second), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_object_wait, memory, SIGNAL_ZERO_CHILDREN, INT64_MAX),
                     SIGNAL_ZERO_CHILDREN);
    /* A parent may go first. */
    first = MAKE(t, SYS_memory_clone, job(), memory, 0, PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
    fake_settle();
    assert_int_equal(fake_call(t, SYS_handle_close, first), 0);
}

static void test_change_decommitted_pages_read_zero_and_are_given_back(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 5000);
    uint64_t a = map(t, memory, 5000), before;

    (void)state;
    assert_true(fake_write(t, a + 4999 * PAGE_SIZE, 9));
    before = usage(t);
    for (unsigned i = 100; i < 200; i++) {
        assert_true(fake_write(t, a + i * PAGE_SIZE, i));
    }
    decommit(t, memory, 0, 150);
    assert_int_equal(committed(t, memory), 51);
    assert_int_equal(word(t, a + 149 * PAGE_SIZE), 0);
    assert_int_equal(word(t, a + 150 * PAGE_SIZE), 150);
    decommit(t, memory, 0, 4999);
    assert_true(usage(t) <= before + 2 * PAGE_SIZE); /* nodes and tables stay */
    assert_int_equal(word(t, a + 4999 * PAGE_SIZE), 9);
}

static void test_change_resize_grows_and_shrinks(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 8);
    uint64_t a = map(t, memory, 8), b, value;
    struct fake_process process;

    (void)state;
    assert_true(fake_write(t, a + 7 * PAGE_SIZE, 7));
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, 8 * 512 * 512 * PAGE_SIZE), 0);
    assert_int_equal(word(t, a + 7 * PAGE_SIZE), 7);
    b = map(t, memory, 10000);
    assert_true(fake_write(t, b + 9999 * PAGE_SIZE, 8));
    assert_int_equal(word(t, b + 7 * PAGE_SIZE), 7);
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, 7 * PAGE_SIZE), 0);
    assert_int_equal(committed(t, memory), 0);
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, 8 * PAGE_SIZE), 0);
    assert_int_equal(word(t, a + 7 * PAGE_SIZE), 0);
    /* Behind the end there is nothing. */
    fake_process_create(&process);
    b = MAKE(t, SYS_aspace_map, process.aspace, memory, 0, 0, 8 * PAGE_SIZE, RW);
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, PAGE_SIZE), 0);
    assert_true(fake_write(process.main, b, 1));
    assert_false(fake_read(process.main, b + PAGE_SIZE, &value));
}

static void test_change_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 4), other = make(t, 4);
    handle_t fixed = MAKE(t, SYS_memory_create, job(), PAGE_SIZE, 0);
    handle_t device = MAKE(t, SYS_memory_physical, resource(), job(), 0xfe000000, PAGE_SIZE);
    handle_t reader = with_rights(t, memory, RIGHTS_BASIC | RIGHT_READ);

    (void)state;
    assert_int_equal(fake_call(t, SYS_memory_resize, fixed, PAGE_SIZE), -EACCES);
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_resize, memory, MEMORY_SIZE_MAX + 1), -E2BIG);
    assert_int_equal(fake_call(t, SYS_memory_decommit, reader, 0, PAGE_SIZE), -EACCES);
    assert_int_equal(fake_call(t, SYS_memory_decommit, memory, 1, PAGE_SIZE), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_decommit, memory, 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_decommit, memory, PAGE_SIZE, 4 * PAGE_SIZE), -ERANGE);
    assert_int_equal(fake_call(t, SYS_memory_decommit, device, 0, PAGE_SIZE), -ENOTSUP);
    assert_int_equal(fake_call(t, SYS_memory_clone, job(), device, 0, PAGE_SIZE), -ENOTSUP);
    assert_int_equal(fake_call(t, SYS_memory_clone, job(), memory, 0, 5 * PAGE_SIZE), -ERANGE);
    assert_int_equal(fake_call(t, SYS_memory_clone, job(), memory, 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_supply, reader, 0, other, 0, PAGE_SIZE), -EACCES);
    assert_int_equal(fake_call(t, SYS_memory_supply, memory, 0, memory, PAGE_SIZE, PAGE_SIZE),
                     -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_supply, memory, 0, other, 8, PAGE_SIZE), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_supply, memory, 4 * PAGE_SIZE, other, 0, PAGE_SIZE),
                     -ERANGE);
    assert_int_equal(
        fake_call(t, SYS_memory_supply, memory, 0, other, UINT64_MAX - 4095, 2 * PAGE_SIZE),
        -ERANGE);
    assert_int_equal(fake_call(t, SYS_memory_supply, memory, 0, device, 0, PAGE_SIZE), -ENOTSUP);
}

static void test_change_unshare_without_memory_ends_the_process_only(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 1);
    uint64_t a = map(t, memory, 1), b;
    struct fake_process process;

    (void)state;
    assert_true(fake_write(t, a, 5));
    fake_process_create(&process);
    b = MAKE(t, SYS_aspace_map, process.aspace, snapshot(t, memory, 1), 0, 0, PAGE_SIZE, RW);
    assert_int_equal(word(process.main, b), 5);
    inject_fail_after(1);
    assert_false(fake_write(process.main, b, 6));
    inject_fail_after(0);
    assert_true(fake_write(t, a, 7));
}

/* Four threads in two processes on as many CPUs: one changes, three look and write; each page holds
 * what its own writer wrote last, or zero. At the end everything must be back. */
static void test_change_races_with_faults_and_unmap(void **state)
{
    enum {
        PAGES = 40
    };
    struct fake_thread *t = start_with(3, 5), *other[3];
    struct fake_process process;
    struct fake_balance before;
    uint64_t address[2];

    (void)state;
    fake_process_create(&process);
    other[0] = process.main;
    other[1] = fake_thread_create(&process, NULL);
    other[2] = fake_thread_create(&process, NULL);
    address[0] = 0x40000000;
    address[1] = 0x50000000;
    /* Their page tables come first, so that the balance shows the rest. */
    for (unsigned round = 0; round < 120; round++) {
        handle_t memory, clone;
        uint64_t mine;

        if (round == 5) {
            fake_balance(&before);
        }
        memory = make(t, PAGES);
        mine = map(t, memory, PAGES);
        assert_true(MAKE(t, SYS_aspace_map, process.aspace, memory, 0, address[0],
                         PAGES * PAGE_SIZE, RW | MAP_FIXED));
        for (uint64_t i = 0; i < PAGES; i++) {
            assert_true(fake_write(t, mine + i * PAGE_SIZE, 1));
        }
        for (unsigned i = 0; i < 3; i++) {
            fake_request_access(other[i], FAKE_WRITE,
                                address[0] + fake_random() % PAGES * PAGE_SIZE + 8, round + 1);
        }
        clone = snapshot(t, memory, PAGES);
        assert_true(MAKE(t, SYS_aspace_map, process.aspace, clone, 0, address[1], PAGES * PAGE_SIZE,
                         RW | MAP_FIXED));
        for (unsigned i = 0; i < 3; i++) {
            (void)fake_wait(other[i]);
            fake_request_access(other[i], FAKE_WRITE,
                                address[1] + fake_random() % PAGES * PAGE_SIZE, 77);
        }
        decommit(t, memory, fake_random() % 20, 10);
        for (unsigned i = 0; i < 3; i++) {
            (void)fake_wait(other[i]);
            fake_request_access(other[i], FAKE_WRITE,
                                address[0] + fake_random() % PAGES * PAGE_SIZE, 1);
        }
        for (uint64_t i = 0; i < PAGES; i++) {
            uint64_t value = word(t, mine + i * PAGE_SIZE);

            assert_true(value == 0 || value == 1); /* never the clone's 77 */
            assert_true(fake_write(t, mine + i * PAGE_SIZE, 1));
        }
        supply(t, clone, memory, PAGES);
        for (unsigned i = 0; i < 3; i++) {
            (void)fake_wait(other[i]);
        }
        assert_int_equal(fake_call(t, SYS_aspace_unmap, process.aspace, address[0],
                                   0x10000000 + PAGES * PAGE_SIZE),
                         0);
        assert_int_equal(fake_call(t, SYS_handle_close, clone), 0);
        assert_int_equal(fake_call(t, SYS_memory_resize, memory, PAGE_SIZE), 0);
        assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), mine, PAGES * PAGE_SIZE), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
    }
    fake_settle();
    fake_tlb_check();
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_change_a_clone_and_its_source_do_not_see_each_others_writes),
    FAKE_TEST(test_change_a_clone_is_paid_by_its_creator_as_it_is_filled),
    FAKE_TEST(test_change_zero_children_follows_the_clones),
    FAKE_TEST(test_change_decommitted_pages_read_zero_and_are_given_back),
    FAKE_TEST(test_change_resize_grows_and_shrinks),
    FAKE_TEST(test_change_refuses_what_is_wrong),
    FAKE_TEST(test_change_unshare_without_memory_ends_the_process_only),
    FAKE_TEST(test_change_races_with_faults_and_unmap),
};

FAKE_TEST_MAIN(tests)
