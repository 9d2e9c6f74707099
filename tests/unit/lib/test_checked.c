/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "lib/checked.h"

__extension__ typedef unsigned __int128 wide;

static const wide wide_end = (wide)1 << 64;

/* Numbers near the places where things break. */
static uint64_t edge_number(struct random *random)
{
    uint64_t base = (uint64_t)1 << random_below(random, 64);

    switch (random_below(random, 4)) {
    case 0:
        return random_u64(random);
    case 1:
        return random_below(random, 8);
    case 2:
        return UINT64_MAX - random_below(random, 8);
    default:
        return base + random_below(random, 5) - 2;
    }
}

static void check_result(bool is_ok, uint64_t result, wide expected)
{
    assert_int_equal(is_ok, expected < wide_end);
    assert_true(!is_ok || result == expected);
    assert_true(is_ok || result == 42); /* nothing was written */
}

static void test_checked_add_matches_wide_arithmetic(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 200000; step++) {
        uint64_t a = edge_number(&random);
        uint64_t b = edge_number(&random);
        uint64_t result = 42;
        bool is_ok = checked_add_u64(a, b, &result);

        check_result(is_ok, result, (wide)a + b);
    }
}

static void test_alignment_matches_wide_arithmetic(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 200000; step++) {
        uint64_t value = edge_number(&random);
        uint64_t alignment = (uint64_t)1 << random_below(&random, 64);
        uint64_t result = 42;
        bool is_ok = align_up_u64(value, alignment, &result);

        check_result(is_ok, result, ((wide)value + alignment - 1) / alignment * alignment);
        assert_true(align_down_u64(value, alignment) == value / alignment * alignment);
        assert_int_equal(is_aligned(value, alignment), value % alignment == 0);
        assert_true(!is_ok || round_up_u64(value, alignment) == result);
    }
}

static void test_is_power_of_two_finds_exactly_those(void **state)
{
    (void)state;
    assert_false(is_power_of_two_u64(0));
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t power = (uint64_t)1 << bit;

        assert_true(is_power_of_two_u64(power));
        assert_int_equal(is_power_of_two_u64(power + 1), bit == 0);
    }
    assert_false(is_power_of_two_u64(UINT64_MAX));
}

static void test_range_is_valid_up_to_the_end_of_the_space(void **state)
{
    (void)state;
    assert_true(range_is_valid(0, UINT64_MAX));
    assert_true(range_is_valid(UINT64_MAX, 0));
    assert_true(range_is_valid(UINT64_MAX, 1));
    assert_false(range_is_valid(UINT64_MAX, 2));
    assert_true(range_is_valid(UINT64_MAX - 4095, 4096));
    assert_false(range_is_valid(UINT64_MAX - 4095, 4097));
}

static void test_range_predicates_match_wide_arithmetic(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 500000; step++) {
        uint64_t a = edge_number(&random);
        uint64_t b =
            random_chance(&random, 50) ? a + random_below(&random, 16) - 8 : edge_number(&random);
        uint64_t a_size = random_below(&random, 16);
        uint64_t b_size =
            random_chance(&random, 50) ? random_below(&random, 16) : edge_number(&random);
        wide a_end = (wide)a + a_size;
        wide b_end = (wide)b + b_size;

        assert_int_equal(range_is_valid(b, b_size), b_size == 0 || b_end <= wide_end);
        if (!range_is_valid(a, a_size)) {
            continue;
        }
        assert_int_equal(range_has(a, a_size, b), b >= a && b < a_end);
        assert_int_equal(range_contains(a, a_size, b, b_size),
                         b_size != 0 && b >= a && b_end <= a_end);
        if (range_is_valid(b, b_size)) {
            bool is_overlap = a_size != 0 && b_size != 0 && a < b_end && b < a_end;

            assert_int_equal(range_overlaps(a, a_size, b, b_size), is_overlap);
            assert_int_equal(range_overlaps(b, b_size, a, a_size), is_overlap);
        }
    }
}

static void test_min_and_max(void **state)
{
    (void)state;
    assert_int_equal(min_u64(1, 2), 1);
    assert_int_equal(min_u64(2, 1), 1);
    assert_int_equal(max_u64(1, 2), 2);
    assert_int_equal(max_u64(2, 1), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checked_add_matches_wide_arithmetic),
        cmocka_unit_test(test_alignment_matches_wide_arithmetic),
        cmocka_unit_test(test_is_power_of_two_finds_exactly_those),
        cmocka_unit_test(test_range_is_valid_up_to_the_end_of_the_space),
        cmocka_unit_test(test_range_predicates_match_wide_arithmetic),
        cmocka_unit_test(test_min_and_max),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
