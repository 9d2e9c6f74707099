/* SPDX-License-Identifier: MIT */
/* The start block of a session's program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/text.h>
#include "../../servers/session/session.h"

static void test_block_has_program_arguments_and_environment(void **state)
{
    static _Alignas(8) uint8_t block[SESSION_START_BYTES];
    static char *const arguments[] = {(char *)(uintptr_t) "/bin/getty",
                                      (char *)(uintptr_t) "/dev/console"};
    static const char expected[] = "/bin/getty\0/bin/getty\0/dev/console\0PATH=/bin";
    struct process_start *start = (void *)block;
    (void)state;
    int64_t size = session_start_make(start, sizeof block, 2, arguments);
    assert_int_equal(size, start->size_bytes);
    assert_int_equal(start->argument_count, 2);
    assert_memory_equal(start + 1, expected, sizeof expected);
    assert_int_equal(start->files[0].number, PROCESS_FILE_ROOT);
    assert_int_equal(start->files[3].number, PROCESS_FILE_NONE);
    assert_int_equal(block[size - 1], 0);
}

static void test_arguments_without_room_are_refused(void **state)
{
    static _Alignas(8) uint8_t block[SESSION_START_BYTES];
    static char *const arguments[] = {(char *)(uintptr_t) "/bin/getty"};
    (void)state;
    for (size_t room = 0; room < sizeof(struct process_start) + 60; room++) {
        assert_int_equal(session_start_make((void *)block, room, 1, arguments), -E2BIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_has_program_arguments_and_environment),
        cmocka_unit_test(test_arguments_without_room_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
