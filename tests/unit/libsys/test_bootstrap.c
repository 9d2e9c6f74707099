/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/bootstrap.h>
#include <quay/syscall.h>

static int setup(void **state)
{
    struct bootstrap *block = calloc(1, PAGE_SIZE);
    struct bootstrap_handle *handles = (struct bootstrap_handle *)(block + 1);
    handles[0] = (struct bootstrap_handle){.handle = 7, .kind = BOOTSTRAP_JOB};
    handles[1] = (struct bootstrap_handle){
        .handle = 9, .value = 3, .kind = BOOTSTRAP_SESSION, .name = "serial"};
    uint32_t strings = sizeof *block + 2 * sizeof handles[0];
    *block = (struct bootstrap){
        .magic = BOOTSTRAP_MAGIC,
        .abi_version = ABI_VERSION,
        .size_bytes = PAGE_SIZE,
        .handle_count = 2,
        .argument_count = 2,
        .environment_count = 1,
        .strings_offset = strings,
        .strings_size = 8,
    };
    memcpy((uint8_t *)block + strings, "a\0bc\0d=", 8);
    *state = block;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void test_bootstrap_sound_is_accepted(void **state)
{
    assert_true(qy_bootstrap_valid(*state, PAGE_SIZE));
}

static void test_bootstrap_lookup_by_kind_and_name(void **state)
{
    assert_int_equal(qy_bootstrap_lookup(*state, BOOTSTRAP_JOB, NULL)->handle, 7);
    assert_int_equal(qy_bootstrap_lookup(*state, BOOTSTRAP_SESSION, "serial")->handle, 9);
    assert_null(qy_bootstrap_lookup(*state, BOOTSTRAP_SESSION, "ser"));
    assert_null(qy_bootstrap_lookup(*state, BOOTSTRAP_IRQ, NULL));
}

static void test_bootstrap_truncated_is_refused(void **state)
{
    for (size_t size = 0; size < PAGE_SIZE; size += 17) {
        uint8_t *part = malloc(size > 0 ? size : 1);
        memcpy(part, *state, size);
        assert_false(qy_bootstrap_valid(part, size));
        free(part);
    }
}

/* Each damage by itself makes the block unsound. */
#define DAMAGE(name, statement)                                                                    \
    static void test_bootstrap_##name##_is_refused(void **state)                                   \
    {                                                                                              \
        struct bootstrap *block = *state;                                                          \
        statement;                                                                                 \
        assert_false(qy_bootstrap_valid(block, PAGE_SIZE));                                        \
    }

DAMAGE(wrong_magic, block->magic = 0)
DAMAGE(other_version, block->abi_version += 1u << 16)
DAMAGE(zero_size, block->size_bytes = 0)
DAMAGE(odd_size, block->size_bytes = 100)
DAMAGE(huge_size, block->size_bytes = UINT32_MAX)
DAMAGE(many_handles, block->handle_count = UINT32_MAX)
DAMAGE(handles_past_the_end, block->handle_count = 101)
DAMAGE(strings_among_handles, block->strings_offset = 64)
DAMAGE(strings_past_the_end, block->strings_offset = PAGE_SIZE + 1)
DAMAGE(long_strings, block->strings_size = UINT32_MAX)
DAMAGE(missing_argument, block->argument_count = 3)
DAMAGE(many_arguments, block->argument_count = UINT32_MAX)
DAMAGE(unterminated_string, block->strings_size = 7)
DAMAGE(unterminated_name,
       memset(((struct bootstrap_handle *)(block + 1))->name, 'x', BOOTSTRAP_NAME_MAX))

#define TEST(name) cmocka_unit_test_setup_teardown(test_bootstrap_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sound_is_accepted),
        TEST(lookup_by_kind_and_name),
        TEST(truncated_is_refused),
        TEST(wrong_magic_is_refused),
        TEST(other_version_is_refused),
        TEST(zero_size_is_refused),
        TEST(odd_size_is_refused),
        TEST(huge_size_is_refused),
        TEST(many_handles_is_refused),
        TEST(handles_past_the_end_is_refused),
        TEST(strings_among_handles_is_refused),
        TEST(strings_past_the_end_is_refused),
        TEST(long_strings_is_refused),
        TEST(missing_argument_is_refused),
        TEST(many_arguments_is_refused),
        TEST(unterminated_string_is_refused),
        TEST(unterminated_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
