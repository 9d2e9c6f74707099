/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "init/command_line.h"

static void test_command_line_words_are_found_whole(void **state)
{
    const char *line = "log=debug  bench test=wx ";

    (void)state;
    assert_true(command_line_has(line, "log=debug"));
    assert_true(command_line_has(line, "bench"));
    assert_true(command_line_has(line, "test=wx"));
    assert_false(command_line_has(line, "log"));
    assert_false(command_line_has(line, "log=deb"));
    assert_false(command_line_has(line, "log=debugger"));
    assert_false(command_line_has(line, "ben"));
    assert_false(command_line_has(line, "benches"));
    assert_false(command_line_has(line, "est=wx"));
    assert_false(command_line_has("", "log=debug"));
    assert_false(command_line_has("   ", "log"));
    assert_false(command_line_has("log-debug", "log=debug"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_line_words_are_found_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
