/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alias.h"
#include "complete.h"
#include "quiet_shell.h"
#include "variable.h"

/* All that the end of a line may become, with a bar behind each. */
static void check(const char *line, const char *expected)
{
    struct completion completion;
    struct buffer result = {0};

    completion_find(line, strlen(line), &completion);
    for (size_t index = 0; index < completion.words.count; index++) {
        buffer_format(&result, "%s|", completion.words.values[index]);
    }
    assert_string_equal(buffer_text(&result), expected);
    buffer_fini(&result);
    completion_fini(&completion);
}

static int make_files(void **state)
{
    static char folder[] = "/tmp/completeXXXXXX";

    assert_non_null(mkdtemp(folder));
    *state = folder;
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(close(open("dir/in side", O_CREAT | O_WRONLY, 0666)), 0);
    assert_int_equal(close(open("file", O_CREAT | O_WRONLY, 0666)), 0);
    assert_int_equal(close(open("program", O_CREAT | O_WRONLY, 0777)), 0);
    quiet_reset();
    assert_true(variable_set("PATH", folder));
    assert_true(variable_set("HOME", folder));
    assert_true(variable_set("LONG_NAME", "x"));
    return 0;
}

static int remove_files(void **state)
{
    (void)unlink("dir/in side");
    (void)rmdir("dir");
    (void)unlink("file");
    (void)unlink("program");
    assert_int_equal(chdir("/"), 0);
    return rmdir(*state);
}

static void test_complete_command_where_one_may_begin(void **state)
{
    (void)state;
    check("ec", "echo |");
    check("a; ec", "echo |");
    check("a | ec", "echo |");
    check("x=1 ec", "echo |");
    check("if ec", "echo |");
    check("a_", "a_function |");
    check("prog", "program |");
    check("ls ec", "");
    alias_set("ecco", "x");
    check("ec", "ecco |echo |");
    alias_remove_all();
}

static void test_complete_files_elsewhere(void **state)
{
    (void)state;
    check("cat fi", "file |");
    check("cat ", "dir/|file |program |");
    check("cat di", "dir/|");
    check("cat dir/", "dir/in\\ side |");
    check("cat \"dir/in", "\"dir/in side\" |");
    check("cat 'dir/in s", "'dir/in side' |");
    check("cat dir/in\\ s", "dir/in\\ side |");
    check("cat ~/fi", "~/file |");
    check("cat >fi", "file |");
    check("./", "./dir/|./program |");
}

static void test_complete_variables(void **state)
{
    (void)state;
    check("echo $LONG_", "$LONG_NAME |");
    check("echo a${LONG_", "a${LONG_NAME}|");
    check("echo '$LONG_", "");
}

static void test_complete_common_part(void **state)
{
    struct completion completion;

    (void)state;
    alias_set("start_one", "x");
    alias_set("start_two", "x");
    completion_find("sta", 3, &completion);
    assert_int_equal(completion.words.count, 2);
    assert_int_equal(completion.common, strlen("start_"));
    assert_int_equal(completion.start, 0);
    completion_fini(&completion);
    alias_remove_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete_command_where_one_may_begin),
        cmocka_unit_test(test_complete_files_elsewhere),
        cmocka_unit_test(test_complete_variables),
        cmocka_unit_test(test_complete_common_part),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
