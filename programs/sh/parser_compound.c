/* SPDX-License-Identifier: MIT */
/* Compound commands: if, while, until, for, case, { } and ( ). */
#include "grammar.h"

#include <string.h>

#include "variable.h"

/* Behind `if` or `elif`. */
static struct node *parse_if(struct lexer *lexer)
{
    struct node *node = grammar_node(lexer, NODE_IF);

    node->left = grammar_compound_list(lexer);
    grammar_expect_word(lexer, "then");
    node->right = grammar_compound_list(lexer);
    if (grammar_take_word(lexer, "elif")) {
        if (!lexer_deeper(lexer)) {
            return NULL;
        }
        node->otherwise = parse_if(lexer);
        lexer->depth--;
        return node;
    }
    if (grammar_take_word(lexer, "else")) {
        node->otherwise = grammar_compound_list(lexer);
    }
    grammar_expect_word(lexer, "fi");
    return node;
}

static struct node *parse_loop(struct lexer *lexer, enum node_kind kind)
{
    struct node *node = grammar_node(lexer, kind);

    node->left = grammar_compound_list(lexer);
    grammar_expect_word(lexer, "do");
    node->right = grammar_compound_list(lexer);
    grammar_expect_word(lexer, "done");
    return node;
}

static struct node *parse_for(struct lexer *lexer)
{
    struct node *node = grammar_node(lexer, NODE_FOR);
    struct word **end = &node->words;

    if (lexer_peek(lexer) != TOKEN_WORD || !word_plain(lexer->word) ||
        !name_is_valid(word_plain(lexer->word), strlen(word_plain(lexer->word)))) {
        lexer_error(lexer, "Bad for loop variable");
        return NULL;
    }
    node->name = word_plain(lexer->word);
    lexer_take(lexer);
    grammar_skip_newlines(lexer);
    if (grammar_take_word(lexer, "in")) {
        node->has_words = true;
        while (lexer_peek(lexer) == TOKEN_WORD) {
            *end = lexer->word;
            end = &lexer->word->next;
            lexer_take(lexer);
        }
        if (lexer_peek(lexer) != TOKEN_SEMICOLON && lexer->token != TOKEN_NEWLINE) {
            grammar_unexpected(lexer, NULL);
        }
    }
    (void)grammar_take(lexer, TOKEN_SEMICOLON);
    grammar_skip_newlines(lexer);
    grammar_expect_word(lexer, "do");
    node->left = grammar_compound_list(lexer);
    grammar_expect_word(lexer, "done");
    return node;
}

static struct case_item *parse_case_item(struct lexer *lexer)
{
    struct case_item *item = arena_get(&lexer->tree->arena, sizeof(*item));
    struct word **end = &item->patterns;

    (void)grammar_take(lexer, TOKEN_OPEN);
    do {
        if (lexer_peek(lexer) != TOKEN_WORD) {
            grammar_unexpected(lexer, NULL);
            return NULL;
        }
        *end = lexer->word;
        end = &lexer->word->next;
        lexer_take(lexer);
    } while (grammar_take(lexer, TOKEN_PIPE));
    if (!grammar_take(lexer, TOKEN_CLOSE)) {
        grammar_unexpected(lexer, ")");
        return NULL;
    }
    item->body = grammar_compound_list(lexer);
    return item;
}

static struct node *parse_case(struct lexer *lexer)
{
    struct node *node = grammar_node(lexer, NODE_CASE);
    struct case_item **end = &node->items;

    if (lexer_peek(lexer) != TOKEN_WORD) {
        grammar_unexpected(lexer, NULL);
        return NULL;
    }
    node->words = lexer->word;
    lexer_take(lexer);
    grammar_skip_newlines(lexer);
    grammar_expect_word(lexer, "in");
    grammar_skip_newlines(lexer);
    while (!lexer->failed && !grammar_at_word(lexer, "esac")) {
        *end = parse_case_item(lexer);
        if (!*end) {
            return NULL;
        }
        end = &(*end)->next;
        if (!grammar_take(lexer, TOKEN_DOUBLE_SEMICOLON)) {
            break;
        }
        grammar_skip_newlines(lexer);
    }
    grammar_expect_word(lexer, "esac");
    return node;
}

static struct node *parse_body(struct lexer *lexer, enum node_kind kind)
{
    struct node *node = grammar_node(lexer, kind);

    node->left = grammar_compound_list(lexer);
    if (!node->left) {
        grammar_unexpected(lexer, NULL);
    }
    return node;
}

/* The compound command that begins here, without its redirections; NULL if there is none. */
struct node *grammar_compound(struct lexer *lexer)
{
    struct node *node;

    if (grammar_take(lexer, TOKEN_OPEN)) {
        node = parse_body(lexer, NODE_SUBSHELL);
        if (!grammar_take(lexer, TOKEN_CLOSE)) {
            grammar_unexpected(lexer, ")");
        }
        return node;
    }
    if (grammar_take_word(lexer, "{")) {
        node = parse_body(lexer, NODE_GROUP);
        grammar_expect_word(lexer, "}");
        return node;
    }
    if (grammar_take_word(lexer, "if")) {
        return parse_if(lexer);
    }
    if (grammar_take_word(lexer, "while")) {
        return parse_loop(lexer, NODE_WHILE);
    }
    if (grammar_take_word(lexer, "until")) {
        return parse_loop(lexer, NODE_UNTIL);
    }
    if (grammar_take_word(lexer, "for")) {
        return parse_for(lexer);
    }
    if (grammar_take_word(lexer, "case")) {
        return parse_case(lexer);
    }
    return NULL;
}
