/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alias.h"
#include "parser.h"
#include "quiet_shell.h"

/* The first command of a text. */
static struct tree *parse(const char *text, enum parse_result expected)
{
    struct input input;
    struct tree *tree = NULL;

    quiet_reset();
    input_from_text(&input, text);
    assert_int_equal(parser_next(&input, &tree), expected);
    input_fini(&input);
    return tree;
}

static void test_parser_simple_command_has_words_and_assignments(void **state)
{
    struct tree *tree = parse("x=1 y=2 echo a 'b c'", PARSE_COMMAND);
    const struct node *node = tree->root;

    (void)state;
    assert_int_equal(node->kind, NODE_SIMPLE);
    assert_string_equal(word_plain(node->assignments), "x=1");
    assert_string_equal(word_plain(node->assignments->next), "y=2");
    assert_string_equal(word_plain(node->words), "echo");
    assert_null(word_plain(node->words->next->next));
    assert_true(node->words->next->next->parts->quoted);
    tree_unref(tree);
}

static void test_parser_precedence_pipe_and_or_sequence(void **state)
{
    struct tree *tree = parse("a | b && c || d; e &", PARSE_COMMAND);
    const struct node *root = tree->root;

    (void)state;
    assert_int_equal(root->kind, NODE_SEQUENCE);
    assert_int_equal(root->right->kind, NODE_BACKGROUND);
    assert_int_equal(root->left->kind, NODE_OR);
    assert_int_equal(root->left->left->kind, NODE_AND);
    assert_int_equal(root->left->left->left->kind, NODE_PIPELINE);
    tree_unref(tree);
}

static void test_parser_source_of_a_node_is_its_text(void **state)
{
    struct tree *tree = parse("first; sleep 1 |  cat >f ; last", PARSE_COMMAND);
    const struct node *pipeline = tree->root->right->left;

    (void)state;
    assert_int_equal(pipeline->kind, NODE_PIPELINE);
    assert_int_equal(pipeline->source_end - pipeline->source_start, strlen("sleep 1 |  cat >f"));
    assert_memory_equal(tree->source + pipeline->source_start, "sleep 1 |  cat >f", 17);
    tree_unref(tree);
}

static void test_parser_here_documents_in_order(void **state)
{
    struct tree *tree = parse("cat <<A <<'B'\n$x\nA\n$y\nB\n", PARSE_COMMAND);
    const struct redirect *first = tree->root->redirects;

    (void)state;
    assert_int_equal(first->kind, REDIRECT_HERE);
    assert_int_equal(first->target->kind, PART_PARAMETER);
    assert_int_equal(first->next->target->kind, PART_TEXT);
    assert_string_equal(first->next->target->text, "$y\n");
    tree_unref(tree);
}

static void test_parser_reads_one_command_at_a_time(void **state)
{
    struct input input;
    struct tree *tree;

    (void)state;
    quiet_reset();
    input_from_text(&input, "a\n\nb\n");
    assert_int_equal(parser_next(&input, &tree), PARSE_COMMAND);
    assert_string_equal(word_plain(tree->root->words), "a");
    tree_unref(tree);
    assert_int_equal(parser_next(&input, &tree), PARSE_COMMAND);
    assert_null(tree->root);
    tree_unref(tree);
    assert_int_equal(parser_next(&input, &tree), PARSE_COMMAND);
    assert_int_equal(tree->root->line, 3);
    tree_unref(tree);
    assert_int_equal(parser_next(&input, &tree), PARSE_END);
    input_fini(&input);
}

static void test_parser_alias_is_not_expanded_within_itself(void **state)
{
    struct tree *tree;

    (void)state;
    alias_set("ls", "ls -l");
    tree = parse("ls x", PARSE_COMMAND);
    assert_string_equal(word_plain(tree->root->words), "ls");
    assert_string_equal(word_plain(tree->root->words->next), "-l");
    assert_string_equal(word_plain(tree->root->words->next->next), "x");
    tree_unref(tree);
    alias_remove_all();
}

static void test_parser_errors_say_what_is_missing(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"if true; fi", "Syntax error: \"fi\" unexpected (expecting \"then\")"},
        {"for i in a; echo", "Syntax error: word unexpected (expecting \"do\")"},
        {"(a", "Syntax error: end of file unexpected (expecting \")\")"},
        {"a | ;", "Syntax error: \";\" unexpected"},
        {"'abc", "Syntax error: Unterminated quoted string"},
        {"echo ${x", "Syntax error: Missing '}'"},
        {"echo $((1", "Syntax error: Missing '))'"},
        {"}", "Syntax error: \"}\" unexpected"},
        {"case x in", "Syntax error: end of file unexpected"},
        {"1x() { :; }", "Syntax error: Bad function name"},
        {"cat >", "Syntax error: end of file unexpected"},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        (void)parse(cases[index].text, PARSE_ERROR);
        assert_int_equal(quiet_errors, 1);
        assert_string_equal(quiet_message, cases[index].message);
    }
}

static void test_parser_deep_nesting_is_an_error(void **state)
{
    static const char *const openings[] = {"(", "$(", "{ ", "if ", "\"$(", "${x:-"};

    (void)state;
    for (size_t kind = 0; kind < sizeof(openings) / sizeof(openings[0]); kind++) {
        char *text = malloc(100000);
        size_t length = 0;

        assert_non_null(text);
        while (length + 10 < 100000) {
            length += (size_t)sprintf(text + length, "%s", openings[kind]);
        }
        (void)parse(text, PARSE_ERROR);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parser_simple_command_has_words_and_assignments),
        cmocka_unit_test(test_parser_precedence_pipe_and_or_sequence),
        cmocka_unit_test(test_parser_source_of_a_node_is_its_text),
        cmocka_unit_test(test_parser_here_documents_in_order),
        cmocka_unit_test(test_parser_reads_one_command_at_a_time),
        cmocka_unit_test(test_parser_alias_is_not_expanded_within_itself),
        cmocka_unit_test(test_parser_errors_say_what_is_missing),
        cmocka_unit_test(test_parser_deep_nesting_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
