/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arithmetic.h"
#include "expand.h"
#include "parser.h"
#include "quiet_shell.h"
#include "shell.h"
#include "variable.h"

/* The fields of the words of a command, each in < >. */
static void check(const char *text, const char *expected)
{
    struct fields fields = {0};
    struct buffer result = {0};
    struct input input;
    struct tree *tree;

    input_from_text(&input, text);
    assert_int_equal(parser_next(&input, &tree), PARSE_COMMAND);
    expand_words(tree->root->words, &fields);
    for (size_t index = 0; index < fields.count; index++) {
        buffer_format(&result, "<%s>", fields.values[index]);
    }
    assert_string_equal(buffer_text(&result), expected);
    buffer_fini(&result);
    fields_fini(&fields);
    tree_unref(tree);
    input_fini(&input);
}

static void test_expand_fields_of_positional_parameters(void **state)
{
    (void)state;
    quiet_reset();
    check("$@", "<a><b>");
    check("\"$@\"", "<a b><>");
    check("x\"$@\"y", "<xa b><y>");
    check("\"$*\"", "<a b >");
    check("$#", "<2>");
}

static void test_expand_splits_only_what_is_expanded_and_not_quoted(void **state)
{
    (void)state;
    quiet_reset();
    assert_true(variable_set("v", " 1  2 "));
    check("$v", "<1><2>");
    check("a${v}b", "<a><1><2><b>");
    check("\"$v\"", "< 1  2 >");
    check("$(command)", "<sub><stitution>");
    check("${none:-x y}", "<x><y>");
    check("${none:-\"x y\"}", "<x y>");
    check("$none \"$none\" ''", "<><>");
}

static void test_expand_separators_that_are_no_blanks_make_empty_fields(void **state)
{
    (void)state;
    quiet_reset();
    assert_true(variable_set("IFS", ": "));
    assert_true(variable_set("v", ":a : b::c:"));
    check("$v", "<><a><b><><c>");
    assert_true(variable_set("IFS", ""));
    check("$v", "<:a : b::c:>");
    assert_true(variable_set("IFS", " \t\n"));
}

static void test_expand_patterns_take_whole_characters(void **state)
{
    (void)state;
    quiet_reset();
    assert_true(variable_set("v", "aä.b.c"));
    check("${v%.*} ${v%%.*} ${v#?} ${v##*.}", "<aä.b><aä><ä.b.c><c>");
    check("${v#'?'} ${v#\"a\"?}", "<aä.b.c><.b.c>");
    check("${#v}", "<6>");
}

static void test_expand_errors_abort(void **state)
{
    static const char *const texts[] = {"${x?}", "${1x}", "$((1/0))", "$((08))", "${x!}", "${}"};

    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        quiet_reset();
        (void)variable_unset("x");
        check(texts[index], "");
        assert_int_equal(shell.flow, FLOW_ABORT);
        assert_int_equal(shell.status, 2);
        assert_int_equal(quiet_errors, 1);
    }
}

static void check_number(const char *expression, int64_t expected)
{
    int64_t value;

    quiet_reset();
    assert_true(arithmetic_evaluate(expression, &value));
    assert_int_equal(value, expected);
}

static void test_arithmetic_precedence(void **state)
{
    (void)state;
    check_number("1 + 2 * 3 - 4 / 2", 5);
    check_number("1 << 2 + 1", 8);
    check_number("1 | 2 ^ 3 & 4", 3);
    check_number("1 < 2 == 1", 1);
    check_number("0 || 1 && 0", 0);
    check_number("1 ? 2 ? 3 : 4 : 5", 3);
    check_number("- - 3 * ! 0", 3);
    check_number("(a = 3) + a", 6);
}

static void test_arithmetic_wraps_around(void **state)
{
    (void)state;
    check_number("9223372036854775807 + 1", INT64_MIN);
    check_number("(-9223372036854775807 - 1) / -1", INT64_MIN);
    check_number("(-9223372036854775807 - 1) % -1", 0);
    check_number("1 << 64", 1);
}

static void test_arithmetic_what_is_not_taken_has_no_effect(void **state)
{
    (void)state;
    assert_true(variable_set("x", "1"));
    check_number("0 && (x = 5)", 0);
    check_number("1 || (x = 5)", 1);
    check_number("1 ? 7 : (x = 5)", 7);
    check_number("0 && 1 / 0", 0);
    assert_string_equal(variable_get("x"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand_fields_of_positional_parameters),
        cmocka_unit_test(test_expand_splits_only_what_is_expanded_and_not_quoted),
        cmocka_unit_test(test_expand_separators_that_are_no_blanks_make_empty_fields),
        cmocka_unit_test(test_expand_patterns_take_whole_characters),
        cmocka_unit_test(test_expand_errors_abort),
        cmocka_unit_test(test_arithmetic_precedence),
        cmocka_unit_test(test_arithmetic_wraps_around),
        cmocka_unit_test(test_arithmetic_what_is_not_taken_has_no_effect),
    };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
