/* SPDX-License-Identifier: MIT */
/* Words: quotes, and what begins with $ or `. */
#include "lexer.h"

#include <ctype.h>
#include <string.h>

#include "parser.h"

/* What surrounds the characters of a word. */
enum place {
    PLACE_WORD,
    PLACE_DOUBLE,       /* " " */
    PLACE_HERE,         /* the body of a here-document */
    PLACE_BRACE,        /* the operand of ${ }, outside of quotes, or a pattern */
    PLACE_BRACE_QUOTED, /* the operand of ${ } inside of double quotes */
    PLACE_ARITHMETIC,   /* $(( )) */
};

/* The parts read so far, and characters that become the next one. */
struct word_maker {
    struct lexer *lexer;
    struct part *first;
    struct part **end;
    struct buffer text;
    bool text_quoted;
};

static void read_place(struct word_maker *maker, enum place place);

static bool is_quoted(enum place place)
{
    return place != PLACE_WORD && place != PLACE_BRACE;
}

static struct part *add_part(struct word_maker *maker, enum part_kind kind, bool quoted)
{
    struct part *part = arena_get(&maker->lexer->tree->arena, sizeof(*part));

    part->kind = kind;
    part->quoted = quoted;
    *maker->end = part;
    maker->end = &part->next;
    return part;
}

static void flush_text(struct word_maker *maker)
{
    if (maker->text.length) {
        struct part *part = add_part(maker, PART_TEXT, maker->text_quoted);

        part->text = arena_text(&maker->lexer->tree->arena, maker->text.bytes, maker->text.length);
        maker->text.length = 0;
    }
}

static void add_char(struct word_maker *maker, int character, bool quoted)
{
    if (maker->text_quoted != quoted) {
        flush_text(maker);
        maker->text_quoted = quoted;
    }
    buffer_add(&maker->text, character);
}

/* Quotes with nothing in them are a part too: they make a field. */
static void add_empty(struct word_maker *maker)
{
    flush_text(maker);
    add_part(maker, PART_TEXT, true)->text = "";
}

static struct part *read_parts(struct lexer *lexer, enum place place)
{
    struct word_maker maker = {.lexer = lexer};

    maker.end = &maker.first;
    if (lexer_deeper(lexer)) {
        read_place(&maker, place);
        flush_text(&maker);
        lexer->depth--;
    }
    buffer_fini(&maker.text);
    return maker.first;
}

struct part *lexer_word_parts(struct lexer *lexer)
{
    return read_parts(lexer, PLACE_WORD);
}

struct part *lexer_here_parts(struct lexer *lexer, const char *text)
{
    struct input *outer = lexer->input;
    bool capture = lexer->capture;
    struct input body;
    struct part *parts;

    input_from_text(&body, text);
    body.line_number = outer->line_number;
    lexer->input = &body;
    lexer->capture = false;
    parts = read_parts(lexer, PLACE_HERE);
    lexer->input = outer;
    lexer->capture = capture;
    input_fini(&body);
    return parts;
}

static void read_single_quotes(struct word_maker *maker)
{
    bool empty = true;

    (void)lexer_get_char(maker->lexer);
    for (;;) {
        int character = lexer_get_char(maker->lexer);

        if (character == INPUT_END) {
            lexer_error(maker->lexer, "Unterminated quoted string");
            return;
        }
        if (character == '\'') {
            break;
        }
        empty = false;
        add_char(maker, character, true);
    }
    if (empty) {
        add_empty(maker);
    }
}

static void read_double_quotes(struct word_maker *maker)
{
    struct part **end;

    (void)lexer_get_char(maker->lexer);
    flush_text(maker);
    end = maker->end;
    read_place(maker, PLACE_DOUBLE);
    flush_text(maker);
    if (maker->end == end) {
        add_empty(maker);
    }
}

static void read_backslash(struct word_maker *maker, enum place place)
{
    int character;

    (void)lexer_get_char(maker->lexer);
    character = lexer_peek_char(maker->lexer);
    if (character == INPUT_END) {
        add_char(maker, '\\', true);
        return;
    }
    if (is_quoted(place) && !strchr("$`\\", character) &&
        !(character == '"' && place != PLACE_HERE) &&
        !(character == '}' && place == PLACE_BRACE_QUOTED)) {
        add_char(maker, '\\', true);
        return;
    }
    add_char(maker, lexer_get_char(maker->lexer), true);
}

/* ` `: the text in it is another input, in which backslashes guard one level less. */
static void read_backquotes(struct word_maker *maker, enum place place)
{
    struct lexer *lexer = maker->lexer;
    struct buffer text = {0};
    struct part *part;

    flush_text(maker);
    (void)lexer_get_char(lexer);
    for (;;) {
        int character = lexer_get_char(lexer);

        if (character == INPUT_END) {
            lexer_error(lexer, "EOF in backquote substitution");
            buffer_fini(&text);
            return;
        }
        if (character == '`') {
            break;
        }
        if (character == '\\') {
            int next = input_peek(lexer->input);

            if (next != INPUT_END &&
                (strchr("$`\\", next) || (next == '"' && place == PLACE_DOUBLE))) {
                character = lexer_get_char(lexer);
            }
        }
        buffer_add(&text, character);
    }
    part = add_part(maker, PART_COMMAND, is_quoted(place));
    part->command = parser_command_of_text(lexer, buffer_text(&text));
    buffer_fini(&text);
}

static bool is_special_parameter(int character)
{
    return character != INPUT_END && character && strchr("@*#?-$!0123456789", character);
}

/* A name, or digits if `braces`, or one special character; false if there is none. */
static bool read_parameter_name(struct lexer *lexer, struct buffer *name, bool braces)
{
    int character = lexer_peek_char(lexer);

    if (isalpha(character) || character == '_') {
        do {
            buffer_add(name, lexer_get_char(lexer));
            character = lexer_peek_char(lexer);
        } while (isalnum(character) || character == '_');
        return true;
    }
    if (!is_special_parameter(character)) {
        return false;
    }
    do {
        bool digit = isdigit(character);

        buffer_add(name, lexer_get_char(lexer));
        character = lexer_peek_char(lexer);
        braces = braces && digit && isdigit(character);
    } while (braces);
    return true;
}

static enum parameter_operation doubled(struct lexer *lexer, int character,
                                        enum parameter_operation one, enum parameter_operation two)
{
    if (lexer_peek_char(lexer) != character) {
        return one;
    }
    (void)lexer_get_char(lexer);
    return two;
}

static enum parameter_operation read_operation(struct lexer *lexer, bool *ret_colon)
{
    *ret_colon = lexer_peek_char(lexer) == ':';
    if (*ret_colon) {
        (void)lexer_get_char(lexer);
    }
    switch (lexer_peek_char(lexer)) {
    case '-':
        (void)lexer_get_char(lexer);
        return PARAMETER_DEFAULT;
    case '=':
        (void)lexer_get_char(lexer);
        return PARAMETER_ASSIGN;
    case '?':
        (void)lexer_get_char(lexer);
        return PARAMETER_ERROR;
    case '+':
        (void)lexer_get_char(lexer);
        return PARAMETER_ALTERNATIVE;
    case '%':
        (void)lexer_get_char(lexer);
        return *ret_colon ? PARAMETER_BAD
                          : doubled(lexer, '%', PARAMETER_SUFFIX, PARAMETER_LONGEST_SUFFIX);
    case '#':
        (void)lexer_get_char(lexer);
        return *ret_colon ? PARAMETER_BAD
                          : doubled(lexer, '#', PARAMETER_PREFIX, PARAMETER_LONGEST_PREFIX);
    default:
        return PARAMETER_BAD;
    }
}

static bool is_pattern_operation(enum parameter_operation operation)
{
    return operation >= PARAMETER_SUFFIX && operation <= PARAMETER_LONGEST_PREFIX;
}

/* ${ ... }: what follows the brace. `#` in front is the length, unless it is $# itself. */
static void read_brace(struct word_maker *maker, bool quoted)
{
    struct lexer *lexer = maker->lexer;
    struct part *part = add_part(maker, PART_PARAMETER, quoted);
    struct buffer name = {0};
    bool named;

    (void)lexer_get_char(lexer);
    named = read_parameter_name(lexer, &name, true);
    if (named && name.bytes[0] == '#' && lexer_peek_char(lexer) != INPUT_END &&
        !strchr("}:-=+%#", lexer_peek_char(lexer))) {
        name.length = 0;
        part->operation = PARAMETER_LENGTH;
        named = read_parameter_name(lexer, &name, true);
    }
    part->text = arena_text(&lexer->tree->arena, buffer_text(&name), name.length);
    buffer_fini(&name);
    if (lexer_peek_char(lexer) == '}') {
        (void)lexer_get_char(lexer);
        part->operation = named ? part->operation : PARAMETER_BAD;
        return;
    }
    if (!named || part->operation == PARAMETER_LENGTH) {
        part->operation = PARAMETER_BAD;
    } else {
        part->operation = read_operation(lexer, &part->colon);
    }
    part->operand = read_parts(
        lexer, quoted && !is_pattern_operation(part->operation) ? PLACE_BRACE_QUOTED : PLACE_BRACE);
}

static void read_parentheses(struct word_maker *maker, bool quoted)
{
    struct lexer *lexer = maker->lexer;
    struct part *part;

    (void)lexer_get_char(lexer);
    if (lexer_peek_char(lexer) == '(') {
        (void)lexer_get_char(lexer);
        part = add_part(maker, PART_ARITHMETIC, quoted);
        part->operand = read_parts(lexer, PLACE_ARITHMETIC);
    } else {
        part = add_part(maker, PART_COMMAND, quoted);
        part->command = parser_command_in_parentheses(lexer);
    }
}

static void read_dollar(struct word_maker *maker, enum place place)
{
    struct lexer *lexer = maker->lexer;
    bool quoted = is_quoted(place);
    struct buffer name = {0};
    int character;

    (void)lexer_get_char(lexer);
    character = lexer_peek_char(lexer);
    if (character == '{' || character == '(') {
        flush_text(maker);
        if (character == '{') {
            read_brace(maker, quoted);
        } else {
            read_parentheses(maker, quoted);
        }
        return;
    }
    if (!read_parameter_name(lexer, &name, false)) {
        add_char(maker, '$', quoted);
        return;
    }
    flush_text(maker);
    add_part(maker, PART_PARAMETER, quoted)->text =
        arena_text(&lexer->tree->arena, buffer_text(&name), name.length);
    buffer_fini(&name);
}

/* Whether the character ends the place; it is taken if it belongs to it. */
static bool ends_place(struct lexer *lexer, enum place place, int character, unsigned *depth)
{
    static const char *const missing[] = {
        [PLACE_DOUBLE] = "Unterminated quoted string",
        [PLACE_BRACE] = "Missing '}'",
        [PLACE_BRACE_QUOTED] = "Missing '}'",
        [PLACE_ARITHMETIC] = "Missing '))'",
    };

    if (place == PLACE_WORD) {
        return character_ends_word(character);
    }
    if (character == INPUT_END) {
        if (place != PLACE_HERE) {
            lexer_error(lexer, "%s", missing[place]);
        }
        return true;
    }
    switch (place) {
    case PLACE_DOUBLE:
        if (character != '"') {
            return false;
        }
        break;
    case PLACE_BRACE:
    case PLACE_BRACE_QUOTED:
        if (character != '}') {
            return false;
        }
        break;
    case PLACE_ARITHMETIC:
        *depth += character == '(';
        if (character != ')') {
            return false;
        }
        if (*depth > 0) {
            (*depth)--;
            return false;
        }
        (void)lexer_get_char(lexer);
        if (lexer_peek_char(lexer) != ')') {
            lexer_error(lexer, "%s", missing[place]);
            return true;
        }
        break;
    case PLACE_WORD:
    case PLACE_HERE:
        return false;
    }
    (void)lexer_get_char(lexer);
    return true;
}

static void read_place(struct word_maker *maker, enum place place)
{
    struct lexer *lexer = maker->lexer;
    unsigned parentheses = 0;

    while (!lexer->failed) {
        int character = lexer_peek_char(lexer);

        if (ends_place(lexer, place, character, &parentheses)) {
            return;
        }
        if (character == '\\') {
            read_backslash(maker, place);
        } else if (character == '$') {
            read_dollar(maker, place);
        } else if (character == '`') {
            read_backquotes(maker, place);
        } else if (character == '\'' && !is_quoted(place)) {
            read_single_quotes(maker);
        } else if (character == '"' && place == PLACE_ARITHMETIC) {
            (void)lexer_get_char(lexer);
        } else if (character == '"' && place != PLACE_HERE) {
            read_double_quotes(maker);
        } else {
            add_char(maker, lexer_get_char(lexer), is_quoted(place));
        }
    }
}
