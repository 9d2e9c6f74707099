/* SPDX-License-Identifier: MIT */
#include "unit/mm/fixture.h"

#include <string.h>

#include <quay/abi/errno.h>

#include "mm/frame.h"
#include "mm/inject.h"
#include "mm/kmap.h"

enum {
    MIB = 1 << 20
};

static int setup_once(void **state)
{
    (void)state;
    fixture_reset();
    frame_range_add(paddr_of(MIB), 4 * MIB);
    return 0;
}

static uint64_t frames_free(void)
{
    struct frame_stats stats;

    frame_stats(&stats);
    return stats.free_count;
}

/* Checks pages [start, end) and that the pages around them are not mapped. */
static void check_mapped(uint64_t start, uint64_t end, unsigned flags_expected)
{
    struct paddr frame;
    unsigned flags;

    assert_false(fixture_is_mapped(start - PAGE_SIZE, NULL, NULL));
    assert_false(fixture_is_mapped(end, NULL, NULL));
    for (uint64_t address = start; address < end; address += PAGE_SIZE) {
        assert_true(fixture_is_mapped(address, &frame, &flags));
        assert_int_equal(flags, flags_expected);
    }
}

static void test_kmap_stack_lies_between_guard_pages(void **state)
{
    const unsigned flags = ARCH_MAP_READ | ARCH_MAP_WRITE;
    uint64_t before = frames_free();
    void *tops[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t size = (i + 1) * PAGE_SIZE;

        assert_int_equal(kmap_stack(size, &tops[i]), 0);
        before -= i + 1;
        assert_int_equal(frames_free(), before);
    }
    for (size_t i = 0; i < 3; i++) {
        uint64_t top = (uintptr_t)tops[i];

        check_mapped(top - (i + 1) * PAGE_SIZE, top, flags);
    }
}

static void test_kmap_stack_frames_are_zeroed(void **state)
{
    struct paddr frame;
    unsigned flags;
    void *top;

    (void)state;
    assert_int_equal(kmap_stack(PAGE_SIZE, &top), 0);
    assert_true(fixture_is_mapped((uintptr_t)top - PAGE_SIZE, &frame, &flags));
    for (size_t i = 0; i < PAGE_SIZE; i++) {
        assert_int_equal(((const uint8_t *)arch_direct_map(frame))[i], 0);
    }
}

static void test_kmap_stack_of_bad_size_panics(void **state)
{
    void *top;

    (void)state;
    ASSERT_PANICS(assert_int_equal(kmap_stack(0, &top), 0), "size_bytes");
    ASSERT_PANICS(assert_int_equal(kmap_stack(100, &top), 0), "size_bytes");
    ASSERT_PANICS(assert_int_equal(kmap_stack(KMAP_STACK_SIZE_MAX + PAGE_SIZE, &top), 0),
                  "size_bytes");
}

static void test_kmap_stack_failure_undoes_everything(void **state)
{
    uint64_t before = frames_free();
    size_t mappings = fixture_mapping_count();
    void *top = NULL;

    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        inject_fail_after(n);
        assert_int_equal(kmap_stack(4 * PAGE_SIZE, &top), -ENOMEM);
        assert_false(inject_is_armed());
        fixture_fail_map_after(n);
        assert_int_equal(kmap_stack(4 * PAGE_SIZE, &top), -ENOMEM);
        assert_int_equal(frames_free(), before);
        assert_int_equal(fixture_mapping_count(), mappings);
        assert_null(top);
    }
    inject_fail_after(5);
    assert_int_equal(kmap_stack(4 * PAGE_SIZE, &top), 0);
    inject_fail_after(0);
}

static void test_kmap_device_keeps_offset_and_order(void **state)
{
    const unsigned flags = ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_DEVICE;
    uint64_t before = frames_free();
    struct paddr frame;
    unsigned frame_flags;
    void *pointer;
    uint64_t start;

    (void)state;
    assert_int_equal(kmap_device(paddr_of(0xfee00ff0), 0x20, &pointer), 0);
    assert_int_equal((uintptr_t)pointer & PAGE_MASK, 0xff0);
    start = (uintptr_t)pointer & ~PAGE_MASK;
    check_mapped(start, start + 2 * PAGE_SIZE, flags);
    assert_true(fixture_is_mapped(start + PAGE_SIZE, &frame, &frame_flags));
    assert_int_equal(frame.value, 0xfee01000);
    assert_int_equal(frames_free(), before);
}

static void test_kmap_device_of_one_page_maps_one(void **state)
{
    size_t mappings = fixture_mapping_count();
    void *pointer;

    (void)state;
    assert_int_equal(kmap_device(paddr_of(0xfec00000), PAGE_SIZE, &pointer), 0);
    assert_int_equal(fixture_mapping_count(), mappings + 1);
}

static void test_kmap_device_of_bad_range_fails(void **state)
{
    void *pointer = NULL;

    (void)state;
    assert_int_equal(kmap_device(paddr_of(0x1000), 0, &pointer), -EINVAL);
    assert_int_equal(kmap_device(paddr_of(UINT64_MAX - 10), 100, &pointer), -EINVAL);
    assert_int_equal(kmap_device(paddr_of(UINT64_MAX - 10), 5, &pointer), -EINVAL);
    assert_null(pointer);
}

static void test_kmap_device_failure_undoes_everything(void **state)
{
    size_t mappings = fixture_mapping_count();
    void *pointer = NULL;

    (void)state;
    for (unsigned n = 1; n <= 3; n++) {
        fixture_fail_map_after(n);
        assert_int_equal(kmap_device(paddr_of(0xfd000000), 3 * PAGE_SIZE, &pointer), -ENOMEM);
        assert_int_equal(fixture_mapping_count(), mappings);
    }
    assert_null(pointer);
}

static void test_kmap_area_full_fails(void **state)
{
    const uint64_t area = ARCH_KMAP_END - ARCH_KMAP_START;
    uint64_t before = frames_free();
    void *pointer = NULL;
    uint64_t size;

    (void)state;
    assert_int_equal(kmap_device(paddr_of(0), area, &pointer), -ENOMEM);
    assert_int_equal(kmap_device(paddr_of(0), area - PAGE_SIZE, &pointer), -ENOMEM);
    /* Use addresses up by mappings that fail at once: they are not taken back. */
    for (size = area; size >= PAGE_SIZE; size /= 2) {
        for (int i = 0; i < 2; i++) {
            fixture_fail_map_after(1);
            assert_int_equal(kmap_device(paddr_of(0), size, &pointer), -ENOMEM);
        }
    }
    fixture_fail_map_after(0);
    assert_int_equal(kmap_stack(PAGE_SIZE, &pointer), -ENOMEM);
    assert_int_equal(frames_free(), before);
    assert_null(pointer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kmap_stack_lies_between_guard_pages),
        cmocka_unit_test(test_kmap_stack_frames_are_zeroed),
        cmocka_unit_test(test_kmap_stack_of_bad_size_panics),
        cmocka_unit_test(test_kmap_stack_failure_undoes_everything),
        cmocka_unit_test(test_kmap_device_keeps_offset_and_order),
        cmocka_unit_test(test_kmap_device_of_one_page_maps_one),
        cmocka_unit_test(test_kmap_device_of_bad_range_fails),
        cmocka_unit_test(test_kmap_device_failure_undoes_everything),
        cmocka_unit_test(test_kmap_area_full_fails), /* last: nothing is left */
    };

    return cmocka_run_group_tests(tests, setup_once, NULL);
}
