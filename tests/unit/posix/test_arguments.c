/* SPDX-License-Identifier: MIT */
#include "../../../libsys/posix/arguments.h"
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "heap.h"

#define TOP 0x7dfffffff000ul

static struct posix_arguments make(uint32_t argument_count, uint32_t environment_count, ...)
{
    struct posix_arguments arguments = {.argument_count = argument_count,
                                        .environment_count = environment_count};
    va_list list;

    va_start(list, environment_count);
    for (uint32_t i = 0; i < argument_count + environment_count; i++) {
        assert_int_equal(posix_arguments_add(&arguments, va_arg(list, const char *)), 0);
    }
    va_end(list);
    return arguments;
}

static void expect_strings(const struct posix_arguments *arguments, ...)
{
    const char *at = arguments->strings;
    va_list list;

    va_start(list, arguments);
    for (uint32_t i = 0; i < arguments->argument_count + arguments->environment_count; i++) {
        assert_string_equal(at, va_arg(list, const char *));
        at += strlen(at) + 1;
    }
    va_end(list);
    assert_ptr_equal(at, arguments->strings + arguments->size);
}

static void test_script_replaces_the_first_argument(void **state)
{
    struct posix_arguments arguments = make(2, 1, "x.sh", "one", "A=b");

    (void)state;
    assert_int_equal(posix_arguments_script(&arguments, "/bin/sh", "-e", "/tmp/x.sh"), 0);
    assert_int_equal(arguments.argument_count, 4);
    expect_strings(&arguments, "/bin/sh", "-e", "/tmp/x.sh", "one", "A=b");
    posix_arguments_free(&arguments);
}

static void test_script_without_arguments_gets_its_name(void **state)
{
    struct posix_arguments arguments = make(0, 1, "A=b");

    (void)state;
    assert_int_equal(posix_arguments_script(&arguments, "/bin/sh", NULL, "x"), 0);
    assert_int_equal(arguments.argument_count, 2);
    expect_strings(&arguments, "/bin/sh", "x", "A=b");
    posix_arguments_free(&arguments);
}

static void test_arguments_too_long_are_refused(void **state)
{
    struct posix_arguments arguments = {0};
    static char text[100001];
    int64_t error = 0;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(posix_arguments_add(&arguments, text), 0);
    }
    assert_int_equal(posix_arguments_add(&arguments, text), -E2BIG);
    assert_int_equal(arguments.size, 2 * sizeof text);
    assert_null(posix_arguments_grow(&arguments, SIZE_MAX, &error));
    assert_int_equal(error, -E2BIG);
    posix_arguments_free(&arguments);
}

static void test_arguments_without_memory_stay(void **state)
{
    struct posix_arguments arguments = make(2, 0, "a", "b");

    (void)state;
    allocations_left = 0;
    assert_int_equal(posix_arguments_script(&arguments, "/bin/sh", NULL, "x"), -ENOMEM);
    allocations_left = -1;
    expect_strings(&arguments, "a", "b");
    posix_arguments_free(&arguments);
}

static const char *text_at(const uint8_t *image, size_t size, uint64_t address)
{
    assert_true(address >= TOP - size && address < TOP);
    return (const char *)image + (address - (TOP - size));
}

static uint64_t auxiliary(const uint64_t *pair, uint64_t type)
{
    for (; pair[0] != 0; pair += 2) {
        if (pair[0] == type) {
            return pair[1];
        }
    }
    fail_msg("no entry %lu", type);
    return 0;
}

static void test_stack_has_what_the_abi_says(void **state)
{
    struct posix_arguments arguments = make(2, 1, "ls", "-l", "HOME=/");
    const struct posix_stack_info info = {.path = "/bin/ls",
                                          .headers_address = 0x400040,
                                          .header_count = 7,
                                          .entry = 0x401000,
                                          .base = 0x7000,
                                          .random = "0123456789abcde"};
    const size_t size = posix_stack_size(&arguments, &info);
    uint8_t *image = aligned_alloc(16, size);

    (void)state;
    assert_int_equal(size % 16, 0);
    posix_stack_write(image, size, TOP, &arguments, &info);
    const uint64_t *word = (const uint64_t *)(const void *)image;
    assert_int_equal(word[0], 2);
    assert_string_equal(text_at(image, size, word[1]), "ls");
    assert_string_equal(text_at(image, size, word[2]), "-l");
    assert_int_equal(word[3], 0);
    assert_string_equal(text_at(image, size, word[4]), "HOME=/");
    assert_int_equal(word[5], 0);
    word += 6;
    assert_int_equal(auxiliary(word, 3), 0x400040);
    assert_int_equal(auxiliary(word, 4), 56);
    assert_int_equal(auxiliary(word, 5), 7);
    assert_int_equal(auxiliary(word, 6), PAGE_SIZE);
    assert_int_equal(auxiliary(word, 7), 0x7000);
    assert_int_equal(auxiliary(word, 9), 0x401000);
    assert_string_equal(text_at(image, size, auxiliary(word, 25)), "0123456789abcde");
    assert_string_equal(text_at(image, size, auxiliary(word, 31)), "/bin/ls");
    assert_string_equal(text_at(image, size, auxiliary(word, 15)), "x86_64");
    free(image);
    posix_arguments_free(&arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script_replaces_the_first_argument),
        cmocka_unit_test(test_script_without_arguments_gets_its_name),
        cmocka_unit_test(test_arguments_too_long_are_refused),
        cmocka_unit_test(test_arguments_without_memory_stay),
        cmocka_unit_test(test_stack_has_what_the_abi_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
