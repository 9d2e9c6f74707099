/* SPDX-License-Identifier: MIT */
#include "parser.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "grammar.h"
#include "shell.h"
#include "variable.h"

static struct node *parse_and_or(struct lexer *lexer);

static const char *const reserved[] = {"!",   "case", "do", "done", "elif",  "else",  "esac", "fi",
                                       "for", "if",   "in", "then", "until", "while", "{",    "}"};

bool parser_is_reserved(const char *text)
{
    for (size_t index = 0; index < sizeof(reserved) / sizeof(reserved[0]); index++) {
        if (strcmp(reserved[index], text) == 0) {
            return true;
        }
    }
    return false;
}

struct node *grammar_node(struct lexer *lexer, enum node_kind kind)
{
    struct node *node = arena_get(&lexer->tree->arena, sizeof(*node));

    node->kind = kind;
    node->line = lexer->input->line_number;
    node->tree = lexer->tree;
    node->source_start = lexer->token_start;
    return node;
}

static struct node *node_pair(struct lexer *lexer, enum node_kind kind, struct node *left,
                              struct node *right)
{
    struct node *node = grammar_node(lexer, kind);

    node->source_start = left ? left->source_start : node->source_start;
    node->line = left ? left->line : node->line;
    node->left = left;
    node->right = right;
    return node;
}

void grammar_unexpected(struct lexer *lexer, const char *expected)
{
    enum token token = lexer_peek(lexer);
    const char *plain = token == TOKEN_WORD ? word_plain(lexer->word) : NULL;
    char name[60];

    if (plain && parser_is_reserved(plain)) {
        (void)snprintf(name, sizeof(name), "\"%s\"", plain);
    } else {
        (void)snprintf(name, sizeof(name), "%s", token_name(token));
    }
    if (expected) {
        lexer_error(lexer, "%s unexpected (expecting \"%s\")", name, expected);
    } else {
        lexer_error(lexer, "%s unexpected", name);
    }
}

/* Whether the next token is this word, unquoted. */
bool grammar_at_word(struct lexer *lexer, const char *text)
{
    const char *plain = lexer_peek(lexer) == TOKEN_WORD ? word_plain(lexer->word) : NULL;

    return plain && strcmp(plain, text) == 0;
}

bool grammar_take_word(struct lexer *lexer, const char *text)
{
    if (!grammar_at_word(lexer, text)) {
        return false;
    }
    lexer_take(lexer);
    return true;
}

void grammar_expect_word(struct lexer *lexer, const char *text)
{
    if (!grammar_take_word(lexer, text)) {
        grammar_unexpected(lexer, text);
    }
}

bool grammar_take(struct lexer *lexer, enum token token)
{
    if (lexer_peek(lexer) != token || lexer->failed) {
        return false;
    }
    lexer_take(lexer);
    return true;
}

void grammar_skip_newlines(struct lexer *lexer)
{
    while (grammar_take(lexer, TOKEN_NEWLINE)) {
    }
}

/* Where a command may begin, a word may be an alias; its text is read instead. */
static void expand_aliases(struct lexer *lexer)
{
    while (lexer_peek(lexer) == TOKEN_WORD) {
        const char *name = word_plain(lexer->word);
        const char *text = name && !parser_is_reserved(name) ? alias_lookup(name) : NULL;

        if (!text || input_in_alias(lexer->input, name)) {
            return;
        }
        input_push_alias(lexer->input, name, text);
        lexer->have_token = false;
    }
}

/* --- redirections --- */

static bool at_redirect(struct lexer *lexer)
{
    enum token token = lexer_peek(lexer);

    return token == TOKEN_NUMBER || token >= TOKEN_LESS;
}

/* The word behind << with its quotes removed. */
static void add_here_document(struct lexer *lexer, struct redirect *redirect, bool strip_tabs)
{
    struct here_document *here = &lexer->here[lexer->here_count];
    struct buffer text = {0};

    if (lexer->here_count == LEXER_HERE_MAX) {
        lexer_error(lexer, "too many here-documents in one line");
        return;
    }
    *here = (struct here_document){.redirect = redirect, .strip_tabs = strip_tabs};
    for (const struct part *part = lexer->word->parts; part; part = part->next) {
        if (part->kind != PART_TEXT) {
            lexer_error(lexer, "Illegal eof marker for << redirection");
            break;
        }
        here->quoted = here->quoted || part->quoted;
        buffer_append_text(&text, part->text);
    }
    here->delimiter = arena_text(&lexer->tree->arena, buffer_text(&text), text.length);
    buffer_fini(&text);
    lexer->here_count++;
}

static struct redirect *parse_redirect(struct lexer *lexer)
{
    static const enum redirect_kind kinds[] = {
        [TOKEN_LESS] = REDIRECT_READ,
        [TOKEN_GREATER] = REDIRECT_WRITE,
        [TOKEN_CLOBBER] = REDIRECT_CLOBBER,
        [TOKEN_APPEND] = REDIRECT_APPEND,
        [TOKEN_READ_WRITE] = REDIRECT_READ_WRITE,
        [TOKEN_LESS_AND] = REDIRECT_DUPLICATE,
        [TOKEN_GREATER_AND] = REDIRECT_DUPLICATE,
        [TOKEN_HERE] = REDIRECT_HERE,
        [TOKEN_HERE_TABS] = REDIRECT_HERE,
    };
    struct redirect *redirect = arena_get(&lexer->tree->arena, sizeof(*redirect));
    enum token token;

    redirect->fd = -1;
    if (lexer_peek(lexer) == TOKEN_NUMBER) {
        long number = strtol(word_plain(lexer->word), NULL, 10);

        redirect->fd = number > 1000000 ? 1000000 : (int)number;
        lexer_take(lexer);
    }
    token = lexer_peek(lexer);
    if (token < TOKEN_LESS) {
        grammar_unexpected(lexer, NULL);
        return NULL;
    }
    lexer_take(lexer);
    redirect->kind = kinds[token];
    if (redirect->fd < 0) {
        redirect->fd = token == TOKEN_LESS || token == TOKEN_READ_WRITE ||
                               token == TOKEN_LESS_AND || token >= TOKEN_HERE
                           ? 0
                           : 1;
    }
    if (lexer_peek(lexer) != TOKEN_WORD && lexer->token != TOKEN_NUMBER) {
        grammar_unexpected(lexer, NULL);
        return NULL;
    }
    redirect->target = lexer->word->parts;
    if (redirect->kind == REDIRECT_HERE) {
        add_here_document(lexer, redirect, token == TOKEN_HERE_TABS);
    }
    lexer_take(lexer);
    return redirect;
}

static void parse_redirects(struct lexer *lexer, struct redirect **end)
{
    while (*end) {
        end = &(*end)->next;
    }
    while (at_redirect(lexer)) {
        *end = parse_redirect(lexer);
        if (!*end) {
            return;
        }
        end = &(*end)->next;
    }
}

/* --- simple commands and functions --- */

static struct node *parse_command(struct lexer *lexer);

/* The name is taken, ( is next. */
static struct node *parse_function(struct lexer *lexer, struct node *node)
{
    const char *name = word_plain(node->words);

    lexer_take(lexer);
    if (!grammar_take(lexer, TOKEN_CLOSE)) {
        grammar_unexpected(lexer, ")");
        return NULL;
    }
    if (!name || !name_is_valid(name, strlen(name))) {
        lexer_error(lexer, "Bad function name");
        return NULL;
    }
    node->kind = NODE_FUNCTION;
    node->name = name;
    node->words = NULL;
    grammar_skip_newlines(lexer);
    node->left = parse_command(lexer);
    return node;
}

static struct node *parse_simple(struct lexer *lexer)
{
    struct node *node = grammar_node(lexer, NODE_SIMPLE);
    struct word **assignments = &node->assignments;
    struct word **words = &node->words;
    struct redirect **redirects = &node->redirects;

    for (;;) {
        enum token token = lexer_peek(lexer);

        if (token == TOKEN_WORD && !node->words && word_is_assignment(lexer->word)) {
            *assignments = lexer->word;
            assignments = &lexer->word->next;
            lexer_take(lexer);
            expand_aliases(lexer);
        } else if (token == TOKEN_WORD) {
            *words = lexer->word;
            words = &lexer->word->next;
            lexer->input->alias_blank = false;
            lexer_take(lexer);
            /* An alias that ends with a blank lets the next word be one too. */
            (void)lexer_peek(lexer);
            if (lexer->input->alias_blank) {
                lexer->input->alias_blank = false;
                expand_aliases(lexer);
            }
        } else if (at_redirect(lexer)) {
            *redirects = parse_redirect(lexer);
            if (!*redirects) {
                return NULL;
            }
            redirects = &(*redirects)->next;
        } else if (token == TOKEN_OPEN && node->words && !node->words->next && !node->assignments &&
                   !node->redirects) {
            return parse_function(lexer, node);
        } else {
            break;
        }
    }
    if (!node->assignments && !node->words && !node->redirects) {
        grammar_unexpected(lexer, NULL);
    }
    return node;
}

static struct node *parse_command(struct lexer *lexer)
{
    struct node *node;
    size_t start;
    unsigned line;

    if (!lexer_deeper(lexer)) {
        return NULL;
    }
    expand_aliases(lexer);
    (void)lexer_peek(lexer);
    start = lexer->token_start;
    line = lexer->input->line_number;
    node = grammar_compound(lexer);
    if (node) {
        node->source_start = start;
        node->line = line;
        parse_redirects(lexer, &node->redirects);
    } else if (!lexer->failed) {
        const char *plain = lexer->token == TOKEN_WORD ? word_plain(lexer->word) : NULL;

        if (plain && parser_is_reserved(plain)) {
            grammar_unexpected(lexer, NULL);
        } else {
            node = parse_simple(lexer);
        }
    }
    if (node) {
        node->source_end = lexer->last_end;
    }
    lexer->depth--;
    return node;
}

/* --- pipelines and lists --- */

static struct node *parse_pipeline(struct lexer *lexer)
{
    struct node *first;
    struct node *pipeline;
    bool negated = false;

    expand_aliases(lexer);
    while (grammar_take_word(lexer, "!")) {
        negated = !negated;
        expand_aliases(lexer);
    }
    first = parse_command(lexer);
    pipeline = first;
    if (first && lexer_peek(lexer) == TOKEN_PIPE) {
        struct node **end = &first->next;

        pipeline = node_pair(lexer, NODE_PIPELINE, first, NULL);
        while (grammar_take(lexer, TOKEN_PIPE)) {
            grammar_skip_newlines(lexer);
            *end = parse_command(lexer);
            if (!*end) {
                return NULL;
            }
            end = &(*end)->next;
        }
        pipeline->source_end = lexer->last_end;
    }
    if (negated && pipeline) {
        size_t end = pipeline->source_end;

        pipeline = node_pair(lexer, NODE_NOT, pipeline, NULL);
        pipeline->source_end = end;
    }
    return pipeline;
}

static struct node *parse_and_or(struct lexer *lexer)
{
    struct node *left = parse_pipeline(lexer);

    while (left && (lexer_peek(lexer) == TOKEN_AND || lexer->token == TOKEN_OR)) {
        enum node_kind kind = lexer->token == TOKEN_AND ? NODE_AND : NODE_OR;

        lexer_take(lexer);
        grammar_skip_newlines(lexer);
        left = node_pair(lexer, kind, left, parse_pipeline(lexer));
        left->source_end = lexer->last_end;
    }
    return left;
}

/* Whether no command can begin here. */
static bool at_end_of_list(struct lexer *lexer)
{
    static const char *const closing[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};

    switch (lexer_peek(lexer)) {
    case TOKEN_END:
    case TOKEN_CLOSE:
    case TOKEN_DOUBLE_SEMICOLON:
        return true;
    default:
        break;
    }
    for (size_t index = 0; index < sizeof(closing) / sizeof(closing[0]); index++) {
        if (grammar_at_word(lexer, closing[index])) {
            return true;
        }
    }
    return false;
}

/* Appends a command to a list, whose last element hangs at *end. */
static struct node **append(struct lexer *lexer, struct node **end, struct node *command)
{
    if (*end) {
        *end = node_pair(lexer, NODE_SEQUENCE, *end, command);
        return &(*end)->right;
    }
    *end = command;
    return end;
}

/* Commands separated by ; or & or, if `newlines`, by newlines. NULL if there is none. */
static struct node *parse_list(struct lexer *lexer, bool newlines)
{
    struct node *list = NULL;
    struct node **end = &list;

    if (newlines) {
        grammar_skip_newlines(lexer);
    }
    expand_aliases(lexer); /* an alias may stand for a reserved word */
    while (!at_end_of_list(lexer) && (newlines || lexer->token != TOKEN_NEWLINE)) {
        struct node *command = parse_and_or(lexer);

        if (!command) {
            return NULL;
        }
        if (lexer_peek(lexer) == TOKEN_BACKGROUND) {
            command = node_pair(lexer, NODE_BACKGROUND, command, NULL);
            command->source_end = lexer->last_end;
        }
        end = append(lexer, end, command);
        if (!grammar_take(lexer, TOKEN_BACKGROUND) && !grammar_take(lexer, TOKEN_SEMICOLON) &&
            !(newlines && lexer_peek(lexer) == TOKEN_NEWLINE)) {
            break;
        }
        if (newlines) {
            grammar_skip_newlines(lexer);
        }
        expand_aliases(lexer);
    }
    return list;
}

struct node *grammar_compound_list(struct lexer *lexer)
{
    return parse_list(lexer, true);
}

enum parse_result parser_next(struct input *input, struct tree **ret_tree)
{
    struct tree *tree = tree_create();
    struct lexer lexer;
    enum parse_result result = PARSE_COMMAND;

    lexer_init(&lexer, input, tree);
    input->first_line = true;
    tree->root = parse_list(&lexer, false);
    if (!lexer.failed && lexer_peek(&lexer) != TOKEN_NEWLINE && lexer.token != TOKEN_END) {
        grammar_unexpected(&lexer, NULL);
    }
    if (lexer.failed) {
        result = PARSE_ERROR;
        input_discard_line(input);
    } else if (lexer.token == TOKEN_END && !tree->root) {
        result = PARSE_END;
    } else {
        tree->source = arena_text(&tree->arena, buffer_text(&lexer.source), lexer.source.length);
        *ret_tree = tree;
    }
    if (result != PARSE_COMMAND) {
        tree_unref(tree);
    }
    lexer_fini(&lexer);
    return result;
}

/* --- for the lexer --- */

/* The lexer is in the middle of a word: its token and here-documents wait. */
struct node *parser_command_in_parentheses(struct lexer *lexer)
{
    struct lexer saved = *lexer;
    struct node *command;

    lexer->have_token = false;
    lexer->here_count = 0;
    command = grammar_compound_list(lexer);
    if (!grammar_take(lexer, TOKEN_CLOSE)) {
        grammar_unexpected(lexer, ")");
        return NULL;
    }
    saved.source = lexer->source;
    *lexer = saved;
    return command;
}

struct node *parser_command_of_text(struct lexer *lexer, const char *text)
{
    struct input input;
    struct lexer inner;
    struct node *command;

    input_from_text(&input, text);
    input.line_number = lexer->input->line_number;
    lexer_init(&inner, &input, lexer->tree);
    inner.capture = false;
    inner.depth = lexer->depth;
    command = grammar_compound_list(&inner);
    if (!inner.failed && lexer_peek(&inner) != TOKEN_END) {
        grammar_unexpected(&inner, NULL);
    }
    if (inner.failed) {
        lexer->failed = true;
        lexer->have_token = true;
        lexer->token = TOKEN_END;
    }
    lexer_fini(&inner);
    input_fini(&input);
    return command;
}
