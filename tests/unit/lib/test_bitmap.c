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
        assert_int_equal(bit_count_u64(UINT64_MAX >> bit), 64 - bit);
    }
    assert_int_equal(bit_count_u64(0), 0);
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
        bit = (uint8_t)random_u64(&random);
        assert_int_equal(bitmap256_test(&map, bit), model[bit]);
    }
}

static void test_bitmap_words_rounds_up(void **state)
{
    (void)state;
    assert_int_equal(BITMAP_WORDS(0), 0);
    assert_int_equal(BITMAP_WORDS(1), 1);
    assert_int_equal(BITMAP_WORDS(64), 1);
    assert_int_equal(BITMAP_WORDS(65), 2);
}

static void test_bitmap_find_ignores_bits_beyond_the_end(void **state)
{
    uint64_t words[2] = {0, UINT64_C(1) << 20};
    uint64_t inverted[2] = {UINT64_MAX, ~(UINT64_C(1) << 20)};

    (void)state;
    assert_int_equal(bitmap_find_set(words, 85, 0), 84);
    assert_int_equal(bitmap_find_set(words, 84, 0), BITMAP_NONE);
    assert_int_equal(bitmap_find_set(words, 85, 85), BITMAP_NONE);
    assert_int_equal(bitmap_find_set(words, 0, 0), BITMAP_NONE);
    assert_int_equal(bitmap_find_clear(inverted, 85, 0), 84);
    assert_int_equal(bitmap_find_clear(inverted, 84, 0), BITMAP_NONE);
}

static size_t model_find(const bool *model, size_t count, size_t from, bool wanted)
{
    for (size_t i = from; i < count; i++) {
        if (model[i] == wanted) {
            return i;
        }
    }
    return BITMAP_NONE;
}

static void test_bitmap_random_changes_match_model(void **state)
{
    enum {
        BIT_COUNT = 300
    };
    uint64_t words[BITMAP_WORDS(BIT_COUNT)] = {0};
    bool model[BIT_COUNT] = {false};
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 50000; step++) {
        size_t bit = random_below(&random, BIT_COUNT);
        size_t count = random_below(&random, BIT_COUNT + 1);
        bool is_mostly_set = step / 5000 % 2 == 1;

        if (random_chance(&random, is_mostly_set ? 97 : 3)) {
            bitmap_set(words, bit);
            model[bit] = true;
        } else {
            bitmap_clear(words, bit);
            model[bit] = false;
        }
        bit = random_below(&random, BIT_COUNT);
        assert_int_equal(bitmap_test(words, bit), model[bit]);
        assert_int_equal(bitmap_find_set(words, count, bit), model_find(model, count, bit, true));
        assert_int_equal(bitmap_find_clear(words, count, bit),
                         model_find(model, count, bit, false));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bit_positions_of_single_bits),
        cmocka_unit_test(test_bitmap256_empty_has_no_highest),
        cmocka_unit_test(test_bitmap256_clear_of_clear_bit_changes_nothing),
        cmocka_unit_test(test_bitmap256_random_changes_match_model),
        cmocka_unit_test(test_bitmap_words_rounds_up),
        cmocka_unit_test(test_bitmap_find_ignores_bits_beyond_the_end),
        cmocka_unit_test(test_bitmap_random_changes_match_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
