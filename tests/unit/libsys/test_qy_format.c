/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <quay/text.h>

/* The C library's snprintf is the model. */
#define CHECK(...)                                                                                 \
    do {                                                                                           \
        char expected[200], text[200];                                                             \
        int length = snprintf(expected, sizeof expected, __VA_ARGS__);                             \
        assert_int_equal(qy_snprintf(text, sizeof text, __VA_ARGS__), length);                     \
        assert_string_equal(text, expected);                                                       \
    } while (0)

static void test_format_numbers_as_the_c_library(void **state)
{
    (void)state;
    static const long values[] = {0,      1,       -1,      9,        10,      12345,
                                  -12345, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CHECK("%d|%5d|%-5d|%05d", (int)values[i], (int)values[i], (int)values[i], (int)values[i]);
        CHECK("%ld|%lu|%lx|%lX", values[i], (unsigned long)values[i], values[i], values[i]);
        CHECK("%zu|%llu|%16lx|%016lx", (size_t)values[i], (unsigned long long)values[i], values[i],
              values[i]);
        CHECK("%*d|%-*d|%*d", 7, (int)values[i], 7, (int)values[i], -7, (int)values[i]);
    }
    CHECK("%p", (void *)0x1234);
}

static void test_format_strings_as_the_c_library(void **state)
{
    (void)state;
    CHECK("[%s] [%10s] [%-10s] [%.2s] [%.*s] [%5.1s]", "abc", "abc", "abc", "abc", 1, "abc", "abc");
    CHECK("%c%c%% %3c|%-3c|", 'a', 'b', 'c', 'd');
}

static void test_format_precision_bounds_the_read(void **state)
{
    (void)state;
    const char unterminated[3] = {'x', 'y', 'z'};
    char text[8];
    assert_int_equal(qy_snprintf(text, sizeof text, "%.3s", unterminated), 3);
    assert_string_equal(text, "xyz");
}

static void test_format_truncates_and_terminates(void **state)
{
    (void)state;
    char text[5] = "....";
    assert_int_equal(qy_snprintf(text, 4, "%s", "abcdef"), 6);
    assert_memory_equal(text, "abc\0", 5);
    assert_int_equal(qy_snprintf(NULL, 0, "%d", 123), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_numbers_as_the_c_library),
        cmocka_unit_test(test_format_strings_as_the_c_library),
        cmocka_unit_test(test_format_precision_bounds_the_read),
        cmocka_unit_test(test_format_truncates_and_terminates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
