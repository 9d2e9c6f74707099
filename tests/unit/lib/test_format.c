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
    ASSERT_LIKE_PRINTF("%d %d %d %i", 0, INT_MAX, INT_MIN, -7);
    ASSERT_LIKE_PRINTF("%u %x %X", UINT_MAX, 0xdeadbeefu, 0xabcdu);
    ASSERT_LIKE_PRINTF("%ld %ld %lu %lx", LONG_MAX, LONG_MIN, ULONG_MAX, ULONG_MAX);
    ASSERT_LIKE_PRINTF("%lld %lld %llu %llx %llX", LLONG_MAX, LLONG_MIN, ULLONG_MAX, ULLONG_MAX,
                       ULLONG_MAX);
    ASSERT_LIKE_PRINTF("%zu %zx %zd", SIZE_MAX, SIZE_MAX, (ssize_t)-5);
}

static void test_format_width_and_padding(void **state)
{
    (void)state;
    ASSERT_LIKE_PRINTF("[%5d] [%-5d] [%05d] [%1d]", 42, 42, 42, 42);
    ASSERT_LIKE_PRINTF("[%5d] [%-5d] [%05d] [%3d]", -42, -42, -42, -42);
    ASSERT_LIKE_PRINTF("[%08x] [%16lx] [%-16lx]", 0x1234u, 0x5678ul, 0x9abcul);
    ASSERT_LIKE_PRINTF("[%*d] [%*d] [%-*d]", 6, 42, 0, 42, 6, 42);
    ASSERT_LIKE_PRINTF("[%3c] [%-3c]", 'x', 'y');
}

static void test_format_strings(void **state)
{
    const char open[3] = {'a', 'b', 'c'}; /* not terminated */

    (void)state;
    ASSERT_LIKE_PRINTF("[%s] [%8s] [%-8s] [%2s]", "text", "text", "text", "text");
    ASSERT_LIKE_PRINTF("[%.2s] [%.*s] [%6.3s] [%.0s]", "text", 3, open, "text", "text");
}

static void test_format_negative_width_argument_counts_as_none(void **state)
{
    char buffer[16];

    (void)state;
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "[%*d]", -6, 42), 4);
    assert_string_equal(buffer, "[42]");
}

static void test_format_pointer_is_hexadecimal(void **state)
{
    char buffer[32];

    (void)state;
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "%p", (void *)0xffff800012345678), 18);
    assert_string_equal(buffer, "0xffff800012345678");
    assert_int_equal(format_buffer(buffer, sizeof(buffer), "[%6p]", (void *)0), 8);
    assert_string_equal(buffer, "[   0x0]");
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

static void test_format_left_wins_over_zeros(void **state)
{
    char buffer[16];

    (void)state;
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "[%-05d]", 42), 7);
    assert_string_equal(buffer, "[42   ]");
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
    assert_int_equal(format_unchecked(buffer, sizeof(buffer), "%llld", 7LL), 5);
    assert_string_equal(buffer, "%llld");
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

/* Collects pieces and counts them. */
struct pieces {
    char text[64];
    size_t length;
};

static void pieces_put(void *context, const char *text, size_t length)
{
    struct pieces *pieces = context;

    assert_true(length > 0 && pieces->length + length <= sizeof(pieces->text));
    memcpy(pieces->text + pieces->length, text, length);
    pieces->length += length;
}

static void test_format_sink_gets_the_whole_text(void **state)
{
    struct pieces pieces = {.length = 0};

    (void)state;
    assert_int_equal(format_sink(pieces_put, &pieces, "%s=%5d;%-3u|", "x", 12, 3u), 12);
    assert_int_equal(pieces.length, 12);
    assert_memory_equal(pieces.text, "x=   12;3  |", 12);
}

static void test_format_random_numbers_match_printf(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < 20000; step++) {
        uint64_t value = random_u64(&random) >> random_below(&random, 64);
        int width = (int)random_below(&random, 24);

        ASSERT_LIKE_PRINTF("%*llu|%-*llx|%0*llX", width, (unsigned long long)value, width,
                           (unsigned long long)value, width, (unsigned long long)value);
        ASSERT_LIKE_PRINTF("%*lld|%-*d|%0*d", width, (long long)value, width, (int)value, width,
                           (int)value);
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
        cmocka_unit_test(test_format_negative_width_argument_counts_as_none),
        cmocka_unit_test(test_format_pointer_is_hexadecimal),
        cmocka_unit_test(test_format_left_wins_over_zeros),
        cmocka_unit_test(test_format_unknown_directive_is_printed),
        cmocka_unit_test(test_format_cuts_and_terminates),
        cmocka_unit_test(test_format_without_buffer_measures),
        cmocka_unit_test(test_format_sink_gets_the_whole_text),
        cmocka_unit_test(test_format_random_numbers_match_printf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
