/* SPDX-License-Identifier: MIT */
#include "unit/property.h"
#include <string.h>

#include "arch/x86_64/memory_map.h"

#define PAGES 64u /* the world of the model */

enum {
    NOTHING = -1
};

static void add_pages(struct boot_info *info, uint64_t first, uint64_t count,
                      enum boot_range_type type)
{
    assert_true(memory_map_add(info, first * PAGE_SIZE, count * PAGE_SIZE, type));
}

/* What a page is according to the list; also checks that the list is what it promises to be. */
static void pages_of(const struct boot_info *info, int *ret_pages)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < PAGES; i++) {
        ret_pages[i] = NOTHING;
    }
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        assert_true(range->start.value >= end);
        assert_true(range->size_bytes != 0);
        assert_int_equal(range->start.value % PAGE_SIZE, 0);
        assert_int_equal(range->size_bytes % PAGE_SIZE, 0);
        end = range->start.value + range->size_bytes;
        assert_true(end <= PAGES * PAGE_SIZE);
        for (uint64_t at = range->start.value; at < end; at += PAGE_SIZE) {
            ret_pages[at / PAGE_SIZE] = (int)range->type;
        }
    }
}

/* The more careful type. */
static int careful(int a, int b)
{
    static const int order[] = {
        [BOOT_RANGE_RAM] = 0, [BOOT_RANGE_ACPI] = 1, [BOOT_RANGE_RESERVED] = 2};

    if (a == NOTHING || b == NOTHING) {
        return a == NOTHING ? b : a;
    }
    return order[a] > order[b] ? a : b;
}

static void test_memory_map_overlaps_match_a_page_array(void **state)
{
    struct random random;
    int model[PAGES], pages[PAGES];

    (void)state;
    random_init(&random);
    for (int run = 0; run < 20000; run++) {
        struct boot_info info = {0};
        memset(model, 0xff, sizeof(model));
        for (size_t n = random_below(&random, 12); n > 0; n--) {
            const size_t first = random_below(&random, PAGES);
            const size_t count = random_below(&random, PAGES - first) + 1;
            const enum boot_range_type type = (enum boot_range_type)random_below(&random, 3);
            add_pages(&info, first, count, type);
            for (size_t i = first; i < first + count; i++) {
                model[i] = careful(model[i], (int)type);
            }
        }
        assert_true(memory_map_normalize(&info));
        pages_of(&info, pages);
        assert_memory_equal(pages, model, sizeof(model));
        for (uint32_t i = 1; i < info.range_count; i++) { /* merged as far as possible */
            const struct boot_range *before = &info.ranges[i - 1];
            assert_true(before->type != info.ranges[i].type ||
                        before->start.value + before->size_bytes != info.ranges[i].start.value);
        }

        const size_t hole = random_below(&random, PAGES);
        const size_t size = random_below(&random, PAGES - hole) + 1;
        for (size_t i = hole; i < hole + size; i++) {
            model[i] = BOOT_RANGE_RESERVED;
        }
        assert_true(memory_map_reserve(&info, hole * PAGE_SIZE + 1, size * PAGE_SIZE - 2));
        pages_of(&info, pages);
        assert_memory_equal(pages, model, sizeof(model));
    }
}

static void test_memory_map_ram_shrinks_and_the_rest_grows_to_pages(void **state)
{
    struct boot_info info = {0};

    (void)state;
    assert_true(memory_map_add(&info, 0x1001, 0x3000, BOOT_RANGE_RAM));
    assert_true(memory_map_add(&info, 0x8fff, 2, BOOT_RANGE_RESERVED));
    assert_true(memory_map_add(&info, 0xb001, 0xffe, BOOT_RANGE_RAM)); /* no whole page */
    assert_true(memory_map_normalize(&info));
    assert_int_equal(info.range_count, 2);
    assert_int_equal(info.ranges[0].start.value, 0x2000);
    assert_int_equal(info.ranges[0].size_bytes, 0x2000);
    assert_int_equal(info.ranges[1].start.value, 0x8000);
    assert_int_equal(info.ranges[1].size_bytes, 0x2000);
    assert_int_equal(memory_map_ram_bytes(&info), 0x2000);
}

static void test_memory_map_ends_of_the_world_do_not_wrap(void **state)
{
    struct boot_info info = {0};

    (void)state;
    assert_true(memory_map_add(&info, UINT64_MAX - 5, 100, BOOT_RANGE_RAM)); /* left out */
    assert_true(memory_map_add(&info, 5, 0, BOOT_RANGE_RAM));                /* left out */
    assert_int_equal(info.range_count, 0);
    assert_true(memory_map_add(&info, UINT64_MAX - 0x2fff, 0x3000, BOOT_RANGE_RESERVED));
    assert_true(memory_map_add(&info, 0, UINT64_MAX, BOOT_RANGE_RAM));
    assert_true(memory_map_normalize(&info));
    for (uint32_t i = 0; i < info.range_count; i++) {
        assert_true(info.ranges[i].start.value + info.ranges[i].size_bytes >
                    info.ranges[i].start.value);
    }
}

static void test_memory_map_too_many_ranges_are_told(void **state)
{
    struct boot_info info = {0};

    (void)state;
    for (unsigned i = 0; i < BOOT_RANGE_MAX; i++) {
        add_pages(&info, 4 * i, 2, BOOT_RANGE_RAM);
    }
    assert_false(memory_map_add(&info, 0x10000000, PAGE_SIZE, BOOT_RANGE_RAM));
    assert_true(memory_map_normalize(&info));
    assert_false(memory_map_reserve(&info, 0, 2 * PAGE_SIZE));

    memset(&info, 0, sizeof(info));
    add_pages(&info, 0, 1000, BOOT_RANGE_RAM); /* cut into one piece too many */
    for (unsigned i = 1; i < BOOT_RANGE_MAX; i++) {
        add_pages(&info, 3 * i, 1, BOOT_RANGE_RESERVED);
    }
    assert_false(memory_map_normalize(&info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_map_overlaps_match_a_page_array),
        cmocka_unit_test(test_memory_map_ram_shrinks_and_the_rest_grows_to_pages),
        cmocka_unit_test(test_memory_map_ends_of_the_world_do_not_wrap),
        cmocka_unit_test(test_memory_map_too_many_ranges_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
