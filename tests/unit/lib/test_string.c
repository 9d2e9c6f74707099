/* SPDX-License-Identifier: MIT */
/*
 * The kernel's string functions under other names, compared with the C library's.
 */
#include "unit/property.h"

#include <string.h>

/* SAFETY: the only way to have both in one program. */
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strnlen kernel_strnlen
#define strcmp  kernel_strcmp
void *x86_memcpy(void *restrict to, const void *restrict from, size_t size);
void *x86_memset(void *to, int value, size_t size);
#define memcpy x86_memcpy
#define memset x86_memset
#include "lib/string.c"

#include "arch/x86_64/string.c"
#undef memcpy
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp

enum {
    BUFFER_SIZE = 200,
    STEP_COUNT = 100000
};

static int sign_of(int value)
{
    return (value > 0) - (value < 0);
}

/* Few different bytes, so that comparisons go far. */
static void fill(struct random *random, unsigned char *bytes, size_t size, unsigned kinds)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(random_below(random, kinds) * 127);
    }
}

static void test_memcpy_matches_library(void **state)
{
    unsigned char from[BUFFER_SIZE];
    unsigned char to[BUFFER_SIZE];
    unsigned char expected[BUFFER_SIZE];
    struct random random;

    (void)state;
    random_init(&random);
    fill(&random, to, sizeof(to), 3);
    memcpy(expected, to, sizeof(to));
    for (int step = 0; step < STEP_COUNT; step++) {
        size_t size = random_below(&random, 100);
        size_t from_offset = random_below(&random, BUFFER_SIZE - size);
        size_t to_offset = random_below(&random, BUFFER_SIZE - size);

        fill(&random, from + from_offset, size, 3);
        memcpy(expected + to_offset, from + from_offset, size);
        assert_ptr_equal(x86_memcpy(to + to_offset, from + from_offset, size), to + to_offset);
        assert_memory_equal(to, expected, BUFFER_SIZE);
    }
}

static void test_memset_matches_library(void **state)
{
    unsigned char bytes[BUFFER_SIZE] = {0};
    unsigned char expected[BUFFER_SIZE] = {0};
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < STEP_COUNT; step++) {
        size_t size = random_below(&random, 100);
        size_t to = random_below(&random, BUFFER_SIZE - size);
        int value = (int)random_below(&random, 1000) - 500;

        memset(expected + to, value, size);
        assert_ptr_equal(x86_memset(bytes + to, value, size), bytes + to);
        assert_memory_equal(bytes, expected, BUFFER_SIZE);
    }
}

static void test_comparisons_match_library(void **state)
{
    unsigned char a[33];
    unsigned char b[33];
    struct random random;

    (void)state;
    random_init(&random);
    for (int step = 0; step < STEP_COUNT; step++) {
        size_t size = random_below(&random, 33);
        size_t difference = random_below(&random, 33);
        const char *left = (const char *)a;
        const char *right = (const char *)b;

        fill(&random, a, sizeof(a), 3);
        memcpy(b, a, sizeof(b));
        b[difference] = (unsigned char)random_u64(&random);
        a[32] = 0;
        b[32] = 0;
        assert_int_equal(sign_of(kernel_memcmp(a, b, size)), sign_of(memcmp(a, b, size)));
        assert_int_equal(sign_of(kernel_strcmp(left, right)), sign_of(strcmp(left, right)));
        assert_int_equal(kernel_strlen(left), strlen(left));
        assert_int_equal(kernel_strnlen(left, size), strnlen(left, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy_matches_library),
        cmocka_unit_test(test_memset_matches_library),
        cmocka_unit_test(test_comparisons_match_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
