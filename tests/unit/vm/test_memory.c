/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include <string.h>
#include "lib/compiler.h"
#include "mm/inject.h"
#include "sched/thread.h"
#include "vm/memory.h"

static uint64_t usage(struct fake_thread *thread, handle_t of)
{
    assert_int_equal(fake_call(thread, SYS_job_info, of, JOB_MEMORY), 0);
    return fake_result2(thread);
}

static void test_memory_create_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(fake_call(t, SYS_memory_create, job(), 0, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_create, job(), MEMORY_SIZE_MAX + 1, 0), -E2BIG);
    assert_int_equal(fake_call(t, SYS_memory_create, job(), UINT64_MAX, 0), -E2BIG);
    assert_int_equal(fake_call(t, SYS_memory_create, job(), PAGE_SIZE, MEMORY_CONTIGUOUS),
                     -ENOTSUP);
    assert_int_equal(fake_call(t, SYS_memory_create, job(), PAGE_SIZE, 8), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_create, job(), PAGE_SIZE, 1ul << 32), -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_create, event, PAGE_SIZE, 0), -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_memory_create, stale(t), PAGE_SIZE, 0), -EBADF);
    assert_int_equal(
        fake_call(t, SYS_memory_create, with_rights(t, job(), RIGHTS_BASIC), PAGE_SIZE, 0),
        -EACCES);
}

static void test_memory_info_tells_size_and_committed_pages(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 3 * PAGE_SIZE - 1, 0);
    uint64_t address =
        MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, 3 * PAGE_SIZE, MAP_READ | MAP_WRITE);

    (void)state;
    assert_int_equal(fake_call(t, SYS_memory_info, memory), 3 * PAGE_SIZE);
    assert_int_equal(fake_result2(t), 0);
    assert_true(fake_write(t, address + PAGE_SIZE, 7));
    assert_int_equal(fake_call(t, SYS_memory_info, memory), 3 * PAGE_SIZE);
    assert_int_equal(fake_result2(t), PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_memory_info, with_rights(t, memory, RIGHT_READ | RIGHT_DUP)),
                     -EACCES);
}

static void test_memory_anonymous_reads_zero_and_keeps_what_is_written(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = MAKE(t, SYS_memory_create, job(), 64 * PAGE_SIZE, 0);
    uint64_t address =
        MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, 64 * PAGE_SIZE, MAP_READ | MAP_WRITE);
    uint64_t value = 1;

    (void)state;
    for (uint64_t i = 0; i < 64; i += 5) {
        assert_true(fake_read(t, address + i * PAGE_SIZE + 8, &value));
        assert_int_equal(value, 0);
        assert_true(fake_write(t, address + i * PAGE_SIZE + 8, i + 1));
    }
    for (uint64_t i = 0; i < 64; i += 5) {
        assert_true(fake_read(t, address + i * PAGE_SIZE + 8, &value));
        assert_int_equal(value, i + 1);
    }
}

static void test_memory_touch_beyond_the_limit_ends_the_process(void **state)
{
    struct fake_thread *t = start();
    handle_t child_job = MAKE(t, SYS_job_create, job());
    struct fake_process process;
    handle_t memory, own_job;
    uint64_t address;

    (void)state;
    fake_process_new(child_job, &process);
    own_job = fake_grant(&process, child_job, RIGHTS_SAME);
    memory = MAKE(t, SYS_memory_create, child_job, 16 * PAGE_SIZE, 0);
    address =
        MAKE(t, SYS_aspace_map, process.aspace, memory, 0, 0, 16 * PAGE_SIZE, MAP_READ | MAP_WRITE);
    fake_process_start(&process);
    (void)own_job;
    assert_true(fake_write(process.main, address, 1));
    assert_int_equal(fake_call(t, SYS_job_set_limit, child_job, JOB_MEMORY, usage(t, child_job)),
                     0);
    assert_false(fake_write(process.main, address + 8 * PAGE_SIZE, 1));
    fake_settle();
    assert_int_equal(fake_call(t, SYS_process_info, process.process), 1);
    assert_non_null(strstr(fake_log(), "no memory left"));
}

static void test_memory_destroy_gives_everything_back(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before, after;
    const uint64_t sizes[] = {1, 8, 9, 8 * 512, 8 * 512 + 1, 1 << 20};

    (void)state;
    /* The record of a mapping that was removed is kept for the next one. */
    assert_int_equal(
        fake_call(t, SYS_aspace_unmap, aspace(),
                  MAKE(t, SYS_aspace_map, aspace(), MAKE(t, SYS_memory_create, job(), PAGE_SIZE, 0),
                       0, 0, PAGE_SIZE, MAP_READ),
                  PAGE_SIZE),
        0);
    fake_balance(&before);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint64_t size = sizes[i] * PAGE_SIZE;
        handle_t memory = MAKE(t, SYS_memory_create, job(), size, 0);
        uint64_t address =
            MAKE(t, SYS_aspace_map, aspace(), memory, 0, 0, size, MAP_READ | MAP_WRITE);

        assert_true(fake_write(t, address, 1));
        assert_true(fake_write(t, address + size / 2 / PAGE_SIZE * PAGE_SIZE, 2));
        assert_true(fake_write(t, address + size - 8, 3));
        assert_int_equal(fake_call(t, SYS_aspace_unmap, aspace(), address, size), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
    }
    fake_balance(&after);
    assert_int_equal(after.objects[OBJECT_MEMORY], before.objects[OBJECT_MEMORY]);
    /* Page tables stay, for what comes there next. */
    assert_true(after.usage[JOB_MEMORY] - before.usage[JOB_MEMORY] <= 30 * PAGE_SIZE);
    assert_int_equal((after.usage[JOB_MEMORY] - before.usage[JOB_MEMORY]) % PAGE_SIZE, 0);
}

static void test_memory_pages_against_a_model(void **state)
{
    enum {
        PAGES = 9000
    };
    static uint64_t model[PAGES];
    struct fake_thread *t = start();
    handle_t handle = MAKE(t, SYS_memory_create, job(), (uint64_t)PAGES * PAGE_SIZE, 0);
    struct memory *memory = NULL;
    struct object *object;
    uint64_t count = 0;

    (void)state;
    assert_int_equal(handle_lookup(t->thread->table, handle, OBJECT_MEMORY, 0, &object), 0);
    memory = memory_of(object);
    for (unsigned i = 0; i < 1500; i++) {
        uint64_t index = fake_random() % PAGES;
        struct paddr page;

        assert_int_equal(memory_peek(memory, index, &page), model[index] != 0);
        assert_int_equal(memory_page(memory, index, &page), 0);
        if (model[index] == 0) {
            model[index] = page.value;
            count++;
        }
        assert_int_equal(page.value, model[index]);
    }
    assert_int_equal(fake_call(t, SYS_memory_info, handle), (uint64_t)PAGES * PAGE_SIZE);
    assert_int_equal(fake_result2(t), count * PAGE_SIZE);
}

static void test_memory_create_when_an_allocation_fails_leaves_nothing(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;
    unsigned failures = 0;

    (void)state;
    fake_balance(&before);
    for (uint64_t n = 1;; n++) {
        int64_t result;

        inject_fail_after(n);
        result = fake_call(t, SYS_memory_create, job(), PAGE_SIZE, 0);
        if (inject_is_armed()) {
            inject_fail_after(0);
            assert_true(result > 0);
            assert_int_equal(fake_call(t, SYS_handle_close, (handle_t)result), 0);
            break;
        }
        if (result < 0) {
            assert_int_equal(result, -ENOMEM);
            failures++;
        } else {
            assert_int_equal(fake_call(t, SYS_handle_close, (handle_t)result), 0);
        }
    }
    assert_true(failures > 0);
    fake_balance_check(&before);
}

static void test_memory_physical_refuses_ram_and_what_is_not_aligned(void **state)
{
    struct fake_thread *t = start();
    handle_t memory;

    (void)state;
    assert_int_equal(fake_call(t, SYS_memory_physical, resource(), job(), 0x200000, PAGE_SIZE),
                     -EACCES);
    assert_int_equal(fake_call(t, SYS_memory_physical, resource(), job(), 0xfec00001, PAGE_SIZE),
                     -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_physical, resource(), job(), 0xfec00000, 0), -EINVAL);
    assert_int_equal(
        fake_call(t, SYS_memory_physical, resource(), job(), 0xfffffffffffff000ul, 0x2000),
        -EINVAL);
    assert_int_equal(fake_call(t, SYS_memory_physical,
                               with_rights(t, resource(), RIGHTS_BASIC | RIGHT_MINT_IO), job(),
                               0xfec00000, PAGE_SIZE),
                     -EACCES);
    memory = MAKE(t, SYS_memory_physical, resource(), job(), 0xfec00000, PAGE_SIZE);
    assert_int_equal(fake_call(t, SYS_memory_info, memory), PAGE_SIZE);
    assert_int_equal(fake_result2(t), 0);
    assert_int_equal(
        fake_call(t, SYS_aspace_map, aspace(), memory, 0, 0, PAGE_SIZE, MAP_READ | MAP_EXEC),
        -EACCES);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_memory_create_refuses_what_is_wrong),
    FAKE_TEST(test_memory_info_tells_size_and_committed_pages),
    FAKE_TEST(test_memory_anonymous_reads_zero_and_keeps_what_is_written),
    FAKE_TEST(test_memory_touch_beyond_the_limit_ends_the_process),
    FAKE_TEST(test_memory_destroy_gives_everything_back),
    FAKE_TEST(test_memory_pages_against_a_model),
    FAKE_TEST(test_memory_create_when_an_allocation_fails_leaves_nothing),
    FAKE_TEST(test_memory_physical_refuses_ram_and_what_is_not_aligned),
};

FAKE_TEST_MAIN(tests)
