/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include <string.h>
#include "mm/inject.h"
#include "vm/aspace.h"

#define RW (MAP_READ | MAP_WRITE)
#define RX (MAP_READ | MAP_EXEC)
#define AT 0x30000000000ul

static handle_t make_memory(struct fake_thread *t, uint64_t pages)
{
    return MAKE(t, SYS_memory_create, job(), pages * PAGE_SIZE, 0);
}

static int64_t map(struct fake_thread *t, handle_t memory, uint64_t offset, uint64_t address,
                   uint64_t size, uint32_t flags)
{
    return fake_call(t, SYS_aspace_map, aspace(), memory, offset, address, size, flags);
}

static int64_t unmap(struct fake_thread *t, uint64_t address, uint64_t pages)
{
    return fake_call(t, SYS_aspace_unmap, aspace(), address, pages * PAGE_SIZE);
}

static int64_t protect(struct fake_thread *t, uint64_t address, uint64_t pages, uint32_t flags)
{
    return fake_call(t, SYS_aspace_protect, aspace(), address, pages * PAGE_SIZE, flags);
}

static void test_aspace_map_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 4);
    handle_t readable = with_rights(t, memory, RIGHTS_BASIC | RIGHT_READ);

    (void)state;
    assert_int_equal(map(t, memory, 0, 0, 0, RW), -EINVAL);
    assert_int_equal(map(t, memory, 1, 0, PAGE_SIZE, RW), -EINVAL);
    assert_int_equal(map(t, memory, 0, AT + 8, PAGE_SIZE, RW), -EINVAL);
    assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE + 1, RW), -EINVAL);
    assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE, 1u << 5), -EINVAL);
    assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE, MAP_WRITE), -EINVAL);
    assert_int_equal(map(t, memory, 0, 0, 5 * PAGE_SIZE, RW), -ERANGE);
    assert_int_equal(map(t, memory, 4 * PAGE_SIZE, 0, PAGE_SIZE, RW), -ERANGE);
    assert_int_equal(map(t, memory, UINT64_MAX - PAGE_SIZE + 1, 0, 2 * PAGE_SIZE, RW), -ERANGE);
    assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE, RW | MAP_EXEC), -EACCES);
    assert_int_equal(map(t, readable, 0, 0, PAGE_SIZE, RW), -EACCES);
    assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE, RW | MAP_FIXED), -EFAULT);
    assert_int_equal(map(t, memory, 0, USER_LIMIT, PAGE_SIZE, RW | MAP_FIXED), -EFAULT);
    assert_int_equal(map(t, memory, 0, USER_LIMIT - PAGE_SIZE, 2 * PAGE_SIZE, RW | MAP_FIXED),
                     -EFAULT);
    assert_int_equal(map(t, memory, 0, 0xffff800000000000ul, PAGE_SIZE, RW | MAP_FIXED), -EFAULT);
    assert_int_equal(fake_call(t, SYS_aspace_map, memory, memory, 0, 0, PAGE_SIZE, RW),
                     -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_aspace_map, with_rights(t, aspace(), RIGHTS_BASIC), memory, 0,
                               0, PAGE_SIZE, RW),
                     -EACCES);
}

static void test_aspace_map_fixed_over_a_mapping_is_refused(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 4);

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, 2 * PAGE_SIZE, RW | MAP_FIXED), AT);
    assert_int_equal(map(t, memory, 0, AT, PAGE_SIZE, RW | MAP_FIXED), -EEXIST);
    assert_int_equal(map(t, memory, 0, AT + PAGE_SIZE, 4 * PAGE_SIZE, RW | MAP_FIXED), -EEXIST);
    assert_int_equal(map(t, memory, 0, AT - PAGE_SIZE, 4 * PAGE_SIZE, RW | MAP_FIXED), -EEXIST);
    assert_int_equal(map(t, memory, 0, AT - 2 * PAGE_SIZE, 2 * PAGE_SIZE, RW | MAP_FIXED),
                     AT - 2 * PAGE_SIZE);
    assert_int_equal(map(t, memory, 0, AT + 2 * PAGE_SIZE, PAGE_SIZE, RW | MAP_FIXED),
                     AT + 2 * PAGE_SIZE);
}

static void test_aspace_map_follows_a_wish_only_if_free(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 1);

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, PAGE_SIZE, RW), AT);
    assert_true(map(t, memory, 0, AT, PAGE_SIZE, RW) > 0);
    assert_true(t->registers.rax != AT);
}

static void test_aspace_map_and_unmap_again_use_the_same_room(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 1);
    int64_t first = map(t, memory, 0, 0, PAGE_SIZE, RW);

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(unmap(t, (uint64_t)first, 1), 0);
        assert_int_equal(map(t, memory, 0, 0, PAGE_SIZE, RW), first);
    }
}

/* Tables are never given back: who maps and unmaps, in whatever order, stays where they are. */
static void test_aspace_map_uses_addresses_again_that_are_not_the_last(void **state)
{
    enum {
        MAPPED = 3,
        ROUNDS = 1000
    };
    struct fake_thread *t = start();
    const uint64_t size = 2ul << 20;
    handle_t memory = MAKE(t, SYS_memory_create, job(), size, 0);
    int64_t addresses[MAPPED] = {0}, lowest = INT64_MAX, highest = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t *address = &addresses[i % MAPPED];

        if (*address != 0) {
            assert_int_equal(unmap(t, (uint64_t)*address, size / PAGE_SIZE), 0);
        }
        *address = map(t, memory, 0, 0, size, RW);
        assert_true(*address > 0);
        lowest = *address < lowest ? *address : lowest;
        highest = *address > highest ? *address : highest;
    }
    assert_in_range(highest - lowest, 0, 4 * MAPPED * size);
}

/* Many small gaps at the bottom hide no room above them. */
static void test_aspace_map_finds_room_above_many_small_gaps(void **state)
{
    enum {
        GAPS = 400
    };
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 2);
    int64_t addresses[2 * GAPS];

    (void)state;
    for (unsigned i = 0; i < 2 * GAPS; i++) {
        addresses[i] = map(t, memory, 0, 0, PAGE_SIZE, RW);
        assert_true(addresses[i] > 0);
    }
    for (unsigned i = 0; i < 2 * GAPS; i += 2) {
        assert_int_equal(unmap(t, (uint64_t)addresses[i], 1), 0);
    }
    for (unsigned i = 0; i < GAPS; i++) {
        assert_true(map(t, memory, 0, 0, 2 * PAGE_SIZE, RW) > 0);
    }
}

/* User space full of large mappings: no room, until one of them goes, wherever it was. */
static void test_aspace_map_finds_the_only_room_there_is(void **state)
{
    struct fake_thread *t = start();
    const uint64_t size = 1ul << 42;
    handle_t memory = MAKE(t, SYS_memory_create, job(), size, 0);
    int64_t addresses[64];
    unsigned count = 0;

    (void)state;
    while ((addresses[count] = map(t, memory, 0, 0, size, RW)) > 0) {
        assert_true(++count < 64);
    }
    assert_int_equal(addresses[count], -ENOMEM);
    assert_true(count >= 28);
    assert_int_equal(map(t, memory, 0, 0, size, RW), -ENOMEM);
    for (unsigned i = 0; i < count; i += 7) {
        assert_int_equal(unmap(t, (uint64_t)addresses[i], size / PAGE_SIZE), 0);
        assert_int_equal(map(t, memory, 0, 0, size, RW), addresses[i]);
    }
}

static void test_aspace_two_mappings_of_one_memory_show_the_same(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 4);
    uint64_t a = (uint64_t)map(t, memory, 0, 0, 4 * PAGE_SIZE, RW);
    uint64_t b = (uint64_t)map(t, memory, 2 * PAGE_SIZE, 0, PAGE_SIZE, MAP_READ);
    uint64_t value;

    (void)state;
    assert_true(fake_write(t, a + 2 * PAGE_SIZE + 16, 99));
    assert_true(fake_read(t, b + 16, &value));
    assert_int_equal(value, 99);
}

static void expect_fault(uint64_t address, bool is_write, const char *text)
{
    struct fake_process process;
    uint64_t value;

    fake_process_create(&process);
    if (is_write) {
        assert_false(fake_write(process.main, address, 1));
    } else {
        assert_false(fake_read(process.main, address, &value));
    }
    fake_settle();
    assert_int_equal(fake_call(fake_init_thread(), SYS_process_info, process.process), 1);
    assert_non_null(strstr(fake_log(), text));
}

static void test_aspace_fault_where_nothing_is_mapped_ends_the_process(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    expect_fault(AT, false, "page fault: read of 0x30000000000");
    expect_fault(AT + 8, true, "page fault: write to 0x30000000008");
    assert_int_equal(fake_call(t, SYS_abi_version, 0), 1);
}

static void test_aspace_write_to_a_read_only_mapping_ends_the_process(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t memory = make_memory(t, 1);
    uint64_t value;

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, AT, PAGE_SIZE,
                               MAP_READ | MAP_FIXED),
                     AT);
    assert_true(fake_read(process.main, AT, &value));
    assert_false(fake_write(process.main, AT, 1));
    assert_non_null(strstr(fake_log(), "not permitted"));
}

static void test_aspace_unmap_in_the_middle_leaves_both_ends(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 8);
    uint64_t value;

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, 8 * PAGE_SIZE, RW | MAP_FIXED), AT);
    for (uint64_t i = 0; i < 8; i++) {
        assert_true(fake_write(t, AT + i * PAGE_SIZE, i + 1));
    }
    assert_int_equal(unmap(t, AT + 3 * PAGE_SIZE, 2), 0);
    for (uint64_t i = 0; i < 8; i++) {
        if (i != 3 && i != 4) {
            assert_true(fake_read(t, AT + i * PAGE_SIZE, &value));
            assert_int_equal(value, i + 1);
        }
    }
    /* The pages are still the memory's, and the hole is free. */
    assert_int_equal(
        map(t, memory, 4 * PAGE_SIZE, AT + 3 * PAGE_SIZE, 2 * PAGE_SIZE, RW | MAP_FIXED),
        AT + 3 * PAGE_SIZE);
    assert_true(fake_read(t, AT + 3 * PAGE_SIZE, &value));
    assert_int_equal(value, 5);
    fake_tlb_check();
}

static void test_aspace_unmap_of_nothing_succeeds(void **state)
{
    struct fake_thread *t = start();

    (void)state;
    assert_int_equal(unmap(t, AT, 1000000), 0);
    assert_int_equal(unmap(t, AT, 0), -EINVAL);
    assert_int_equal(unmap(t, AT + 1, 1), -EINVAL);
    assert_int_equal(unmap(t, USER_LIMIT - PAGE_SIZE, 2), -EFAULT);
    assert_int_equal(unmap(t, 0, 1), -EFAULT);
}

static void test_aspace_unmap_of_many_pages_runs_in_steps(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 300);

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, 300 * PAGE_SIZE, RW | MAP_FIXED), AT);
    for (uint64_t i = 0; i < 300; i++) {
        assert_true(fake_write(t, AT + i * PAGE_SIZE, i));
    }
    assert_int_equal(unmap(t, AT, 300), 0);
    assert_true(t->restarts >= 300 / ASPACE_STEP_PAGES - 1);
    assert_int_equal(map(t, memory, 0, AT, 300 * PAGE_SIZE, RW | MAP_FIXED), AT);
    fake_tlb_check();
}

static void test_aspace_unmap_of_many_mappings_runs_in_steps(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 1);

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(map(t, memory, 0, AT + 2 * i * PAGE_SIZE, PAGE_SIZE, RW | MAP_FIXED),
                         AT + 2 * i * PAGE_SIZE);
    }
    assert_int_equal(unmap(t, AT, 200), 0);
    assert_true(t->restarts >= 100 / ASPACE_STEP_MAPPINGS - 1);
    assert_int_equal(map(t, make_memory(t, 200), 0, AT, 200 * PAGE_SIZE, RW | MAP_FIXED), AT);
}

static void test_aspace_protect_follows_the_handle_it_was_mapped_with(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 2);
    handle_t readable = with_rights(t, memory, RIGHTS_BASIC | RIGHT_READ);

    (void)state;
    assert_int_equal(map(t, readable, 0, AT, PAGE_SIZE, MAP_READ | MAP_FIXED), AT);
    assert_int_equal(protect(t, AT, 1, RW), -EACCES);
    assert_int_equal(map(t, memory, 0, AT + PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_FIXED),
                     AT + PAGE_SIZE);
    assert_int_equal(protect(t, AT + PAGE_SIZE, 1, RW), 0);
    assert_int_equal(protect(t, AT, 2, RW), -EACCES);
    assert_true(fake_write(t, AT + PAGE_SIZE, 5));
}

static void test_aspace_protect_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 1);

    (void)state;
    assert_int_equal(protect(t, AT, 1, RW), -ENOENT);
    assert_int_equal(map(t, memory, 0, AT, PAGE_SIZE, RW | MAP_FIXED), AT);
    assert_int_equal(protect(t, AT, 1, RW | MAP_EXEC), -EACCES);
    assert_int_equal(protect(t, AT, 1, RW | MAP_FIXED), -EINVAL);
    assert_int_equal(protect(t, AT, 1, MAP_EXEC), -EINVAL);
    assert_int_equal(protect(t, AT, 0, RW), -EINVAL);
    assert_int_equal(protect(t, 0xffff800000000000ul, 1, RW), -EFAULT);
    for (uint64_t i = 1; i <= ASPACE_PROTECT_MAX; i++) {
        assert_true(map(t, memory, 0, AT + i * PAGE_SIZE, PAGE_SIZE, RW | MAP_FIXED) > 0);
    }
    assert_int_equal(protect(t, AT, ASPACE_PROTECT_MAX + 1, MAP_READ), -E2BIG);
    assert_int_equal(protect(t, AT, ASPACE_PROTECT_MAX, MAP_READ), 0);
}

static void test_aspace_protect_takes_and_gives_permissions(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 100);
    struct fake_process process;

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, AT, 100 * PAGE_SIZE,
                               RW | MAP_FIXED),
                     AT);
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(fake_write(process.main, AT + i * PAGE_SIZE, i));
    }
    assert_int_equal(fake_call(t, SYS_aspace_protect, process.aspace, AT, 100 * PAGE_SIZE, RX), 0);
    assert_int_equal(
        fake_call(t, SYS_aspace_protect, process.aspace, AT + PAGE_SIZE, PAGE_SIZE, RW), 0);
    fake_request_access(process.main, FAKE_EXEC, AT + 50 * PAGE_SIZE, 0);
    assert_true(fake_wait(process.main) != FAKE_KILLED);
    assert_true(fake_write(process.main, AT + PAGE_SIZE, 1));
    fake_tlb_check();
    assert_false(fake_write(process.main, AT + 2 * PAGE_SIZE, 1));
}

static void test_aspace_protect_to_nothing_and_back_keeps_the_contents(void **state)
{
    struct fake_thread *t = start();
    uint64_t value;

    (void)state;
    assert_int_equal(map(t, make_memory(t, 2), 0, AT, 2 * PAGE_SIZE, RW | MAP_FIXED), AT);
    assert_true(fake_write(t, AT, 11));
    assert_int_equal(protect(t, AT, 1, 0), 0);
    assert_int_equal(protect(t, AT, 1, MAP_READ), 0);
    assert_true(fake_read(t, AT, &value));
    assert_int_equal(value, 11);
}

/* Another thread has the page in the TLB of another CPU: unmap returns only when it has not. */
static void test_aspace_unmap_waits_for_other_cpus(void **state)
{
    struct fake_thread *t = start_with(3, 7);
    struct fake_process process;
    struct fake_thread *other;
    handle_t memory = make_memory(t, 40);

    (void)state;
    fake_process_new(job(), &process);
    handle_t own = fake_grant(&process, process.aspace, RIGHTS_SAME);
    fake_process_start(&process);
    other = fake_thread_create(&process, NULL);
    for (unsigned round = 0; round < 20; round++) {
        assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, AT, 40 * PAGE_SIZE,
                                   RW | MAP_FIXED),
                         AT);
        for (uint64_t i = 0; i < 40; i += 3) {
            assert_true(fake_write(other, AT + i * PAGE_SIZE, i));
            assert_true(fake_write(process.main, AT + i * PAGE_SIZE + 8, i));
        }
        if (round % 2 == 0) {
            assert_int_equal(
                fake_call(process.main, SYS_aspace_protect, own, AT, 40 * PAGE_SIZE, MAP_READ), 0);
            fake_tlb_check();
        }
        assert_int_equal(fake_call(process.main, SYS_aspace_unmap, own, AT, 40 * PAGE_SIZE), 0);
        fake_tlb_check();
    }
}

static void test_aspace_thread_killed_while_it_waits_for_other_cpus(void **state)
{
    struct fake_thread *t = start_with(3, 3);
    struct fake_balance before;

    (void)state;
    fake_balance(&before);
    for (unsigned round = 0; round < 30; round++) {
        struct fake_process process;
        struct fake_thread *other;
        handle_t memory = make_memory(t, 8), own, handle;

        fake_process_new(job(), &process);
        own = fake_grant(&process, process.aspace, RIGHTS_SAME);
        fake_process_start(&process);
        other = fake_thread_create(&process, &handle);
        assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, AT, 8 * PAGE_SIZE,
                                   RW | MAP_FIXED),
                         AT);
        assert_int_equal(fake_call(t, SYS_handle_close, memory), 0);
        for (uint64_t i = 0; i < 8; i++) {
            assert_true(fake_write(other, AT + i * PAGE_SIZE, i));
            assert_true(fake_write(process.main, AT + i * PAGE_SIZE, i));
        }
        fake_request_call(process.main, &(struct fake_registers){.rax = SYS_aspace_unmap,
                                                                 .rdi = own,
                                                                 .rsi = AT,
                                                                 .rdx = 8 * PAGE_SIZE});
        for (unsigned i = 0; i < round * 5; i++) {
            (void)fake_step();
        }
        (void)fake_call(t, SYS_process_kill, process.process);
        fake_settle();
        assert_int_equal(fake_call(t, SYS_handle_close, handle), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, process.thread), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, process.aspace), 0);
        assert_int_equal(fake_call(t, SYS_handle_close, process.process), 0);
    }
    fake_balance_check(&before);
}

static void test_aspace_map_after_the_process_has_ended(void **state)
{
    struct fake_thread *t = start();
    struct fake_process process;
    handle_t memory = make_memory(t, 1);

    (void)state;
    fake_process_create(&process);
    assert_int_equal(fake_call(t, SYS_process_kill, process.process), 0);
    fake_run_for(1000000000);
    assert_int_equal(fake_call(t, SYS_aspace_map, process.aspace, memory, 0, 0, PAGE_SIZE, RW),
                     -ESRCH);
    assert_int_equal(fake_call(t, SYS_aspace_unmap, process.aspace, AT, PAGE_SIZE), 0);
    assert_int_equal(fake_call(t, SYS_aspace_protect, process.aspace, AT, PAGE_SIZE, RW), -ENOENT);
}

static void test_aspace_calls_when_an_allocation_fails_leave_nothing(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;
    handle_t memory = make_memory(t, 8);
    unsigned failures = 0;

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, 8 * PAGE_SIZE, RW | MAP_FIXED), AT);
    fake_balance(&before);
    for (uint64_t n = 1;; n++) {
        bool was_last;
        int64_t a, b, c = -ENOMEM;

        inject_fail_after(n);
        a = map(t, memory, 0, AT + 16 * PAGE_SIZE, 8 * PAGE_SIZE, RW | MAP_FIXED);
        b = protect(t, AT + 3 * PAGE_SIZE, 2, MAP_READ);
        if (a > 0) {
            c = unmap(t, AT + 18 * PAGE_SIZE, 2);
        }
        was_last = inject_is_armed();
        inject_fail_after(0);
        assert_true(a > 0 || a == -ENOMEM);
        assert_true(b == 0 || b == -ENOMEM);
        assert_true(c == 0 || c == -ENOMEM);
        failures += (a < 0) + (b < 0);
        assert_int_equal(unmap(t, AT, 24), 0);
        assert_int_equal(map(t, memory, 0, AT, 8 * PAGE_SIZE, RW | MAP_FIXED), AT);
        if (was_last) {
            break;
        }
    }
    assert_true(failures >= 2);
    fake_balance_check(&before);
}

/* Random maps, unmaps, protects and accesses against an array of pages. */
static void test_aspace_against_a_model(void **state)
{
    enum {
        PAGES = 96,
        MEMORY_PAGES = 32
    };
    struct {
        bool mapped;
        uint32_t flags;
        unsigned index; /* in the memory */
    } model[PAGES] = {0};
    uint64_t contents[MEMORY_PAGES] = {0};
    struct fake_thread *t = start_with(2, 20);
    handle_t memory = make_memory(t, MEMORY_PAGES);
    const uint32_t choices[] = {MAP_READ, RW, RX, 0};

    (void)state;
    for (unsigned step = 0; step < 3000; step++) {
        unsigned first = (unsigned)(fake_random() % PAGES);
        unsigned count = 1 + (unsigned)(fake_random() % 12);
        uint32_t flags = choices[fake_random() % 4];
        uint64_t address = AT + first * PAGE_SIZE;
        bool any = false;

        if (first + count > PAGES) {
            continue;
        }
        for (unsigned i = first; i < first + count; i++) {
            any |= model[i].mapped;
        }
        switch (fake_random() % 4) {
        case 0: {
            unsigned index = (unsigned)(fake_random() % (MEMORY_PAGES - 12));
            int64_t result =
                map(t, memory, index * PAGE_SIZE, address, count * PAGE_SIZE, flags | MAP_FIXED);

            assert_int_equal(result, any ? -EEXIST : (int64_t)address);
            for (unsigned i = 0; i < count && !any; i++) {
                model[first + i].mapped = true;
                model[first + i].flags = flags;
                model[first + i].index = index + i;
            }
            break;
        }
        case 1:
            assert_int_equal(unmap(t, address, count), 0);
            for (unsigned i = first; i < first + count; i++) {
                model[i].mapped = false;
            }
            break;
        case 2:
            assert_int_equal(protect(t, address, count, flags), any ? 0 : -ENOENT);
            for (unsigned i = first; i < first + count; i++) {
                model[i].flags = flags;
            }
            break;
        default:
            for (unsigned i = first; i < first + count; i++) {
                uint64_t value = 0;

                if (!model[i].mapped || model[i].flags == 0) {
                    continue;
                }
                assert_true(fake_read(t, AT + i * PAGE_SIZE, &value));
                assert_int_equal(value, contents[model[i].index]);
                if (model[i].flags & MAP_WRITE) {
                    contents[model[i].index] = step + 1;
                    assert_true(fake_write(t, AT + i * PAGE_SIZE, step + 1));
                }
            }
        }
    }
    fake_settle();
    fake_tlb_check();
}

static void test_aspace_thousands_of_mappings_are_found(void **state)
{
    struct fake_thread *t = start();
    handle_t memory = make_memory(t, 1);
    uint64_t value, last = 0;

    (void)state;
    assert_int_equal(map(t, memory, 0, AT, PAGE_SIZE, RW | MAP_FIXED), AT);
    assert_true(fake_write(t, AT, 77));
    for (unsigned i = 0; i < 3000; i++) {
        last = (uint64_t)map(t, memory, 0, 0, PAGE_SIZE, MAP_READ);
        assert_true((int64_t)last > 0);
    }
    assert_true(fake_read(t, last, &value));
    assert_int_equal(value, 77);
    assert_int_equal(unmap(t, last - 2999 * PAGE_SIZE, 3000), 0);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_aspace_map_refuses_what_is_wrong),
    FAKE_TEST(test_aspace_map_fixed_over_a_mapping_is_refused),
    FAKE_TEST(test_aspace_map_follows_a_wish_only_if_free),
    FAKE_TEST(test_aspace_map_and_unmap_again_use_the_same_room),
    FAKE_TEST(test_aspace_map_uses_addresses_again_that_are_not_the_last),
    FAKE_TEST(test_aspace_map_finds_room_above_many_small_gaps),
    FAKE_TEST(test_aspace_map_finds_the_only_room_there_is),
    FAKE_TEST(test_aspace_two_mappings_of_one_memory_show_the_same),
    FAKE_TEST(test_aspace_fault_where_nothing_is_mapped_ends_the_process),
    FAKE_TEST(test_aspace_write_to_a_read_only_mapping_ends_the_process),
    FAKE_TEST(test_aspace_unmap_in_the_middle_leaves_both_ends),
    FAKE_TEST(test_aspace_unmap_of_nothing_succeeds),
    FAKE_TEST(test_aspace_unmap_of_many_pages_runs_in_steps),
    FAKE_TEST(test_aspace_unmap_of_many_mappings_runs_in_steps),
    FAKE_TEST(test_aspace_protect_follows_the_handle_it_was_mapped_with),
    FAKE_TEST(test_aspace_protect_refuses_what_is_wrong),
    FAKE_TEST(test_aspace_protect_takes_and_gives_permissions),
    FAKE_TEST(test_aspace_protect_to_nothing_and_back_keeps_the_contents),
    FAKE_TEST(test_aspace_unmap_waits_for_other_cpus),
    FAKE_TEST(test_aspace_thread_killed_while_it_waits_for_other_cpus),
    FAKE_TEST(test_aspace_map_after_the_process_has_ended),
    FAKE_TEST(test_aspace_calls_when_an_allocation_fails_leave_nothing),
    FAKE_TEST(test_aspace_against_a_model),
    FAKE_TEST(test_aspace_thousands_of_mappings_are_found),
};

FAKE_TEST_MAIN(tests)
