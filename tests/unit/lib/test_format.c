/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/compiler.h"
#include "lib/format.h"

/* The same directive in ours and in the C library's printf must give the same text and length. */
#define ASSERT_LIKE_PRINTF(...)                                                                    \
    do {                                                                                           \
        char expected_[256];                                                                       \
        char actual_[256];                                                                         \
        int expected_length_ = snprintf(expected_, sizeof(expected_), __VA_ARGS__);                \
        size_t length_ = format_buffer(actual_, sizeof(actual_), __VA_ARGS__);                     \
                                                                                                   \
        assert_string_equal(actual_, expected_);                                                   \
        assert_int_equal(length_, expected_length_);                                               \
    } while (0)

static void test_format_plain_text_passes(void **state)
{
    (void)state;
    ASSERT_LIKE_PRINTF("nothing to see%s", "");
    ASSERT_LIKE_PRINTF("100%%, %c%c", 'o', 'k');
}

static void test_format_integers_of_each_size(void **state)
{
    (void)state;
    ASSERT_LIKE_PRINTF("%d %d %d %d", 0, INT_MAX, INT_MIN, -7);
    ASSERT_LIKE_PRINTF("%u %x", UINT_MAX, 0xdeadbeefu);
    ASSERT_LIKE_PRINTF("%ld %ld %lu %lx", LONG_MAX, LONG_MIN, ULONG_MAX, ULONG_MAX);
    ASSERT_LIKE_PRINTF("%lld %lld %llu %llx", LLONG_MAX, LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
    ASSERT_LIKE_PRINTF("%zu %zx %zd", SIZE_MAX, SIZE_MAX, (ssize_t)-5);
}

static void test_format_width_and_padding(void **state)
{
    char buffer[64];

    (void)state;
    ASSERT_LIKE_PRINTF("[%5d] [%05d] [%1d] [%0d]", 42, 42, 42, 42);
    ASSERT_LIKE_PRINTF("[%5d] [%05d] [%3d] [%2d]", -42, -42, -42, -42);
    ASSERT_LIKE_PRINTF("[%08x] [%16lx] [%032lx] [%32ld]", 0x1234u, 0x5678ul, 0x9abcul, -1l);
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "%4000000000d", 7), 32);
}

static void test_format_strings(void **state)
{
    (void)state;
    ASSERT_LIKE_PRINTF("[%s] [%s]%s", "text", "another", "");
}

static void test_format_pointer_is_hexadecimal(void **state)
{
    char buffer[32];

    (void)state;
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "%p", (void *)0xffff800012345678), 18);
    assert_string_equal(buffer, "0xffff800012345678");
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "[%p]", (void *)0), 5);
    assert_string_equal(buffer, "[0x0]");
}

/* For formats that the compiler would refuse, and rightly. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t format_unchecked(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = vformat_buffer(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
#pragma GCC diagnostic pop

static void test_format_null_string_is_named(void **state)
{
    char buffer[16];

    (void)state;
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "%s", (const char *)NULL), 6);
    assert_string_equal(buffer, "(null)");
}

static void test_format_unknown_directive_is_printed(void **state)
{
    char buffer[32];

    (void)state;
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "a %k b"), 6);
    assert_string_equal(buffer, "a %k b");
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "a %-5"), 5);
    assert_string_equal(buffer, "a %-5");
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "%"), 1);
    assert_string_equal(buffer, "%");
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "%5l"), 3);
    assert_string_equal(buffer, "%5l");
}

static void test_format_cuts_and_terminates(void **state)
{
    (void)state;
    for (size_t size = 0; size < 12; size++) {
        char buffer[16];

        memset(buffer, '#', sizeof(buffer));
        assert_int_equal(format_buffer(buffer, size, "%s-%d", "abcd", 1234), 9);
        for (size_t i = 0; i < sizeof(buffer); i++) {
            char expected = '#';

            if (i + 1 < size && i < 9) {
                expected = "abcd-1234"[i];
            } else if (size != 0 && i == (size <= 9 ? size - 1 : 9)) {
                expected = '\0';
            }
            assert_int_equal(buffer[i], expected);
        }
    }
}

static void test_format_without_buffer_measures(void **state)
{
    (void)state;
    assert_int_equal(format_buffer(NULL, 0, "%s", "hello"), 5);
}

static void test_format_random_numbers_match_printf(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 20000; step++) {
        uint64_t value = random_u64(&random) >> random_below(&random, 64);
        long number = (long)value;

        ASSERT_LIKE_PRINTF("%lu|%24lu|%024lu", value, value, value);
        ASSERT_LIKE_PRINTF("%lx|%24lx|%024lx", value, value, value);
        ASSERT_LIKE_PRINTF("%ld|%24ld|%024ld|%d", number, number, number, (int)number);
        ASSERT_LIKE_PRINTF("%3ld|%03ld|%7d|%07d", number, number, (int)number, (int)number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_plain_text_passes),
        cmocka_unit_test(test_format_integers_of_each_size),
        cmocka_unit_test(test_format_width_and_padding),
        cmocka_unit_test(test_format_strings),
        cmocka_unit_test(test_format_null_string_is_named),
        cmocka_unit_test(test_format_pointer_is_hexadecimal),
        cmocka_unit_test(test_format_unknown_directive_is_printed),
        cmocka_unit_test(test_format_cuts_and_terminates),
        cmocka_unit_test(test_format_without_buffer_measures),
        cmocka_unit_test(test_format_random_numbers_match_printf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
