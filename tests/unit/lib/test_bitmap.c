/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "lib/bitmap.h"

static void test_bit_positions_of_single_bits(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t value = (uint64_t)1 << bit;

        assert_int_equal(bit_lowest_u64(value), bit);
        assert_int_equal(bit_highest_u64(value), bit);
        assert_int_equal(bit_lowest_u64(UINT64_MAX << bit), bit);
        assert_int_equal(bit_highest_u64(UINT64_MAX >> bit), 63 - bit);
    }
}

static void test_bitmap256_empty_has_no_highest(void **state)
{
    struct bitmap256 map = {0};

    (void)state;
    assert_int_equal(bitmap256_highest(&map), -1);
    bitmap256_set(&map, 0);
    assert_int_equal(bitmap256_highest(&map), 0);
    bitmap256_clear(&map, 0);
    assert_int_equal(bitmap256_highest(&map), -1);
}

static void test_bitmap256_clear_of_clear_bit_changes_nothing(void **state)
{
    struct bitmap256 map = {0};

    (void)state;
    bitmap256_set(&map, 70);
    bitmap256_clear(&map, 71);
    bitmap256_clear(&map, 200);
    assert_int_equal(bitmap256_highest(&map), 70);
}

static void test_bitmap256_random_changes_match_model(void **state)
{
    struct bitmap256 map = {0};
    bool model[256] = {false};
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 100000; step++) {
        uint8_t bit = (uint8_t)random_u64(&random);
        int highest = 255;

        if (random_chance(&random, 40)) {
            bitmap256_set(&map, bit);
            model[bit] = true;
        } else {
            bitmap256_clear(&map, bit);
            model[bit] = false;
        }
        while (highest >= 0 && !model[highest]) {
            highest--;
        }
        assert_int_equal(bitmap256_highest(&map), highest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bit_positions_of_single_bits),
        cmocka_unit_test(test_bitmap256_empty_has_no_highest),
        cmocka_unit_test(test_bitmap256_clear_of_clear_bit_changes_nothing),
        cmocka_unit_test(test_bitmap256_random_changes_match_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
