/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "../../../servers/monitor/words.h"

static char line[200];
static char *words[WORDS_MAX];

static int split(const char *text)
{
    strcpy(line, text);
    return words_split(line, words);
}

static void test_words_are_cut_at_spaces(void **state)
{
    (void)state;
    assert_int_equal(split("  one two  three "), 3);
    assert_string_equal(words[0], "one");
    assert_string_equal(words[2], "three");
    assert_int_equal(split("   "), 0);
}

static void test_quotes_keep_spaces_and_stay(void **state)
{
    (void)state;
    assert_int_equal(split("a \"b \\\" c\" {x=\"d e\",1}"), 3);
    assert_string_equal(words[1], "\"b \\\" c\"");
    assert_string_equal(words[2], "{x=\"d e\",1}");
    assert_int_equal(split("a \"not closed"), 2);
    assert_string_equal(words[1], "\"not closed");
    assert_int_equal(split("\"\\"), 1);
}

static void test_too_many_words_are_refused(void **state)
{
    (void)state;
    assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"), WORDS_MAX);
    assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_cut_at_spaces),
        cmocka_unit_test(test_quotes_keep_spaces_and_stay),
        cmocka_unit_test(test_too_many_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
