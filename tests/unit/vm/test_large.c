/* SPDX-License-Identifier: MIT */
/* Pages of 2 MiB: where they are made, and everything that takes them apart again. */
#include "unit/object/start.h"

#include "mm/inject.h"
#include "vm/aspace.h"
#include "vm/memory.h"

#define RW  (MAP_READ | MAP_WRITE)
#define AT  0x40000000ul
#define AT2 0x50000000ul

static handle_t make(struct fake_thread *t, uint64_t size)
{
    return MAKE(t, SYS_memory_create, job(), size, MEMORY_LARGE);
}

static uint64_t present(struct fake_thread *t)
{
    return aspace_of_thread(t->thread)->present_pages;
}

static uint64_t committed(struct fake_thread *t, handle_t memory)
{
    assert_true(fake_call(t, SYS_memory_info, memory) > 0);
    return fake_result2(t) / PAGE_SIZE;
}

static uint64_t word(struct fake_thread *t, uint64_t address)
{
    uint64_t value = UINT64_MAX;

    assert_true(fake_read(t, address, &value));
    return value;
}

static void decommit(struct fake_thread *t, handle_t memory, uint64_t first, uint64_t pages)
{
    for (uint64_t done = 0; done < pages * PAGE_SIZE;) {
        done += MAKE(t, SYS_memory_decommit, memory, first * PAGE_SIZE + done,
                     pages * PAGE_SIZE - done);
    }
}

static void supply(struct fake_thread *t, handle_t to, handle_t from, uint64_t pages)
{
    for (uint64_t done = 0; done < pages * PAGE_SIZE;) {
        done += MAKE(t, SYS_memory_supply, to, done, from, done, pages * PAGE_SIZE - done);
    }
}

/* Maps one large page and touches it. */
static uint64_t touched(struct fake_thread *t, handle_t memory)
{
    uint64_t address = MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, LARGE_SIZE, RW);

    assert_int_equal(address % LARGE_SIZE, 0);
    assert_true(fake_write(t, address + 8, 1));
    return address;
}

static void test_large_is_one_translation_of_zeros(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 2 * LARGE_SIZE + PAGE_SIZE);
    uint64_t address =
        MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, 2 * LARGE_SIZE + PAGE_SIZE, RW);
    uint64_t before = present(t);

    (void)state;
    assert_true(fake_write(t, address + 5 * PAGE_SIZE, 7));
    assert_int_equal(present(t), before + LARGE_PAGES);
    assert_int_equal(committed(t, memory), LARGE_PAGES);
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        assert_int_equal(word(t, address + i * PAGE_SIZE), i == 5 ? 7 : 0);
    }
    assert_int_equal(present(t), before + LARGE_PAGES);
    /* The page at the end stands alone. */
    assert_int_equal(word(t, address + 2 * LARGE_SIZE), 0);
    assert_int_equal(committed(t, memory), LARGE_PAGES + 1);
}

static void test_large_needs_room_on_both_sides(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, 2 * LARGE_SIZE);
    uint64_t before = present(t);

    (void)state;
    /* Not aligned as the memory is; too short; then both. */
    MAKE(t, SYS_aspace_map, aspace(), memory, 0, AT + PAGE_SIZE, LARGE_SIZE, RW | MAP_FIXED);
    assert_true(fake_write(t, AT + PAGE_SIZE, 3));
    MAKE(t, SYS_aspace_map, aspace(), memory, 0, AT2, LARGE_SIZE - PAGE_SIZE, RW | MAP_FIXED);
    assert_int_equal(word(t, AT2), 3);
    assert_int_equal(present(t), before + 2);
    MAKE(t, SYS_aspace_map, aspace(), memory, LARGE_SIZE, 3 * AT + PAGE_SIZE, PAGE_SIZE,
         RW | MAP_FIXED);
    assert_int_equal(word(t, 3 * AT + PAGE_SIZE), 0);
    assert_int_equal(present(t), before + 3);
    /* Where there was a small page there is a table, and it is filled. */
    assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), AT2, LARGE_SIZE), 0);
    MAKE(t, SYS_aspace_map, aspace(), memory, 0, AT2, LARGE_SIZE, RW | MAP_FIXED);
    assert_int_equal(word(t, AT2), 3);
    assert_int_equal(present(t), before + 2 + LARGE_PAGES);
    assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), AT2 + 8 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(present(t), before + 1 + LARGE_PAGES);
}

static void test_large_falls_back_to_small_pages(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, LARGE_SIZE), poor, limited;
    uint64_t address = MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, LARGE_SIZE, RW);

    (void)state;
    assert_int_equal(
        fake_call(t, SYS_memory_create, job(), LARGE_SIZE, MEMORY_LARGE | MEMORY_RESIZABLE),
        -EINVAL);
    /* The first allocation of the fault is the block. */
    inject_fail_after(1);
    assert_true(fake_write(t, address, 1));
    inject_fail_after(0);
    assert_int_equal(committed(t, memory), 1);
    /* A job that cannot pay for all of it. */
    poor = MAKE(t, SYS_job_create, job());
    assert_int_equal(fake_call(t, SYS_job_set_limit, poor, JOB_MEMORY, LARGE_SIZE / 2), 0);
    limited = MAKE(t, SYS_memory_create, poor, LARGE_SIZE, MEMORY_LARGE);
    address = MAKE(t, SYS_aspace_map, aspace(), limited, 0, 0, LARGE_SIZE, RW);
    assert_true(fake_write(t, address, 1));
    assert_int_equal(committed(t, limited), 1);
    /* Smaller than one. */
    memory = make(t, PAGE_SIZE);
    address = MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, PAGE_SIZE, RW);
    assert_true(fake_write(t, address, 1));
    assert_int_equal(committed(t, memory), 1);
}

static void test_large_unmap_and_protect_of_a_part(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, LARGE_SIZE);
    uint64_t before = present(t), address = touched(t, memory);

    (void)state;
    assert_true(fake_write(t, address + 6 * PAGE_SIZE, 6));
    assert_int_equal(fake_call(t, SYS_aspace_protect, aspace(), address + 4 * PAGE_SIZE,
                               2 * PAGE_SIZE, MAP_READ),
                     0);
    assert_int_equal(present(t), before);
    assert_int_equal(word(t, address + 6 * PAGE_SIZE), 6);
    assert_int_equal(word(t, address + 8), 1);
    assert_int_equal(present(t), before + 2);
    assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), address + PAGE_SIZE, 6 * PAGE_SIZE),
                     0);
    assert_int_equal(word(t, address + 8), 1);
    assert_int_equal(word(t, address + 7 * PAGE_SIZE), 0);
    fake_settle();
    fake_tlb_check();
}

static void test_large_protect_of_all_keeps_the_contents(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, LARGE_SIZE);
    uint64_t before = present(t), address = touched(t, memory);

    (void)state;
    assert_int_equal(fake_call(t, SYS_aspace_protect, aspace(), address, LARGE_SIZE, MAP_READ), 0);
    assert_int_equal(word(t, address + 8), 1);
    assert_int_equal(present(t), before + LARGE_PAGES);
    assert_int_equal(fake_call(t, SYS_aspace_protect, aspace(), address, LARGE_SIZE, RW), 0);
    assert_true(fake_write(t, address + 8, 2));
    assert_int_equal(present(t), before + LARGE_PAGES);
    fake_settle();
    fake_tlb_check();
    assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), address, LARGE_SIZE), 0);
    assert_int_equal(present(t), before);
}

/* A permission more for one page takes the translation of all away, which another CPU knows. */
static void test_large_goes_from_other_cpus_too(void **state)
{
    struct fake_thread *t = start_with(2, 0);
    handle_t memory = make(t, LARGE_SIZE);
    struct fake_process process;

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_thread_set_affinity, process.thread, 2), 0);
    MAKE(t, SYS_aspace_map, process.aspace, memory, 0, AT, LARGE_SIZE, MAP_READ | MAP_FIXED);
    assert_int_equal(word(process.main, AT + 7 * PAGE_SIZE), 0);
    assert_int_equal(fake_call(t, SYS_aspace_protect, process.aspace, AT, PAGE_SIZE, RW), 0);
    assert_int_equal(fake_call(t, SYS_aspace_unmap, process.aspace, AT + 7 * PAGE_SIZE, PAGE_SIZE),
                     0);
    fake_tlb_check();
}

static void test_large_decommit_splits(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, LARGE_SIZE);
    uint64_t address = touched(t, memory);

    (void)state;
    assert_true(fake_write(t, address + 100 * PAGE_SIZE, 100));
    assert_true(fake_write(t, address + 101 * PAGE_SIZE, 101));
    inject_fail_after(1);
    assert_int_equal(fake_call(t, SYS_memory_decommit, memory, 101 * PAGE_SIZE, PAGE_SIZE),
                     -ENOMEM);
    inject_fail_after(0);
    assert_int_equal(word(t, address + 101 * PAGE_SIZE), 101);
    decommit(t, memory, 101, 1);
    assert_int_equal(committed(t, memory), LARGE_PAGES - 1);
    assert_int_equal(word(t, address + 101 * PAGE_SIZE), 0);
    assert_int_equal(word(t, address + 100 * PAGE_SIZE), 100);
    decommit(t, memory, 0, LARGE_PAGES);
    assert_int_equal(committed(t, memory), 0);
    assert_int_equal(word(t, address + 8), 0);
    assert_int_equal(committed(t, memory), 1);
}

static void test_large_clone_and_its_source(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make(t, LARGE_SIZE), clone;
    uint64_t address = touched(t, memory), copy;

    (void)state;
    assert_true(fake_write(t, address + 511 * PAGE_SIZE, 511));
    clone = MAKE(t, SYS_memory_clone, job(), memory, 0, LARGE_SIZE);
    supply(t, clone, memory, LARGE_PAGES);
    copy = MAKE(t, SYS_aspace_map, aspace(), clone, 0, 0, LARGE_SIZE, RW);
    assert_true(fake_write(t, address + 511 * PAGE_SIZE, 2));
    assert_true(fake_write(t, copy + 8, 3));
    assert_int_equal(word(t, copy + 511 * PAGE_SIZE), 511);
    assert_int_equal(word(t, address + 8), 1);
    assert_int_equal(committed(t, clone), LARGE_PAGES);
    /* Into large memory, too. */
    memory = make(t, LARGE_SIZE);
    (void)touched(t, memory);
    supply(t, memory, clone, 3);
    assert_int_equal(committed(t, memory), LARGE_PAGES);
}

static void test_large_physical_memory(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_physical, resource(), job(), 0x80000000 - PAGE_SIZE,
                           LARGE_SIZE + 2 * PAGE_SIZE);
    uint64_t before = present(t);
    uint64_t address =
        MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, LARGE_SIZE + 2 * PAGE_SIZE, RW);

    (void)state;
    assert_int_equal(address % LARGE_SIZE, LARGE_SIZE - PAGE_SIZE);
    (void)word(t, address + PAGE_SIZE);
    assert_int_equal(present(t), before + LARGE_PAGES);
    (void)word(t, address);
    (void)word(t, address + PAGE_SIZE + LARGE_SIZE);
    assert_int_equal(present(t), before + LARGE_PAGES + 2);
}

static void test_large_gives_everything_back(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;

    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        handle_t memory;
        uint64_t address;

        if (round == 1) {
            fake_balance(&before);
        }
        memory = make(t, 2 * LARGE_SIZE);
        address = touched(t, memory);
        if (round % 2 != 0) {
            decommit(t, memory, 9, 1);
        }
        assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), address, LARGE_SIZE), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
    }
    fake_balance_check(&before);
}

/* One thread changes the memory and the mappings, three on other CPUs touch what is mapped. */
static void test_large_races_with_faults_and_unmap(void **state)
{
    struct fake_thread *t = start_with(3, 5), *other[3];
    struct fake_process process;

    (void)state;
    fake_process_create(&process);
    other[0] = process.main;
    other[1] = fake_thread_create(&process, NULL);
    other[2] = fake_thread_create(&process, NULL);
    for (uint64_t round = 0; round < 25; round++) {
        handle_t memory = make(t, LARGE_SIZE), clone;
        uint64_t mine = touched(t, memory), from = fake_random() % (LARGE_PAGES - 40);
        uint64_t at = AT + round % 2 * LARGE_SIZE;

        MAKE(t, SYS_aspace_map, process.aspace, memory, 0, at, LARGE_SIZE, RW | MAP_FIXED);
        for (unsigned i = 0; i < 3; i++) {
            fake_request_access(other[i], FAKE_WRITE, at + fake_random() % LARGE_PAGES * PAGE_SIZE,
                                5);
        }
        assert_int_equal(
            fake_call(t, SYS_aspace_protect, process.aspace, at + from * PAGE_SIZE, PAGE_SIZE, RW),
            0);
        clone = MAKE(t, SYS_memory_clone, job(), memory, 0, LARGE_SIZE);
        assert_true(fake_call(t, SYS_memory_supply, clone, 0, memory, 0, LARGE_SIZE) > 0);
        for (unsigned i = 0; i < 3; i++) {
            (void)fake_wait(other[i]);
            fake_request_access(other[i], FAKE_WRITE,
                                at + (from + fake_random() % 40) * PAGE_SIZE + 16, 6);
        }
        decommit(t, memory, from, 20);
        for (unsigned i = 0; i < 3; i++) {
            (void)fake_wait(other[i]);
        }
        for (uint64_t i = 0; i < 40; i++) {
            uint64_t value = word(t, mine + (from + i) * PAGE_SIZE);

            assert_true(value == 0 || value == 5 || value == 6);
        }
        assert_int_equal(fake_call(t, SYS_aspace_unmap, process.aspace, at, LARGE_SIZE), 0);
        fake_settle();
        fake_tlb_check();
        assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), mine, LARGE_SIZE), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, clone), 0);
        fake_settle();
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_large_is_one_translation_of_zeros),
    FAKE_TEST(test_large_needs_room_on_both_sides),
    FAKE_TEST(test_large_falls_back_to_small_pages),
    FAKE_TEST(test_large_unmap_and_protect_of_a_part),
    FAKE_TEST(test_large_protect_of_all_keeps_the_contents),
    FAKE_TEST(test_large_goes_from_other_cpus_too),
    FAKE_TEST(test_large_decommit_splits),
    FAKE_TEST(test_large_clone_and_its_source),
    FAKE_TEST(test_large_physical_memory),
    FAKE_TEST(test_large_gives_everything_back),
    FAKE_TEST(test_large_races_with_faults_and_unmap),
};

FAKE_TEST_MAIN(tests)
