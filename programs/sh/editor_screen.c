/* SPDX-License-Identifier: MIT */
#include "editor_screen.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "terminal.h"

#define LISTED_MAX 200

/* A place on the screen, counted from the beginning of the prompt. */
struct place {
    unsigned row;
    unsigned column;
};

static void advance(struct place *place, unsigned width, unsigned columns)
{
    if (place->column + width > columns) {
        place->row++;
        place->column = 0;
    }
    place->column += width;
}

/* Adds a text as it can be shown, control characters as ^X, and moves the place behind it.
 * Sequences that begin with an escape take no room: prompts may have colors. */
static void add_shown(struct buffer *output, const char *text, size_t length, struct place *place,
                      unsigned columns)
{
    const char *end = text + length;
    mbstate_t state = {0};

    while (text < end) {
        wchar_t character;
        size_t bytes = mbrtowc(&character, text, (size_t)(end - text), &state);
        int width;

        if (*text == '\033') {
            const char *start = text++;

            while (text < end && *text != 'm' && *text != '\a') {
                text++;
            }
            text += text < end;
            buffer_append(output, start, (size_t)(text - start));
            continue;
        }
        if (*text == '\n') {
            buffer_append_text(output, "\r\n");
            place->row++;
            place->column = 0;
            text++;
            continue;
        }
        if (bytes == (size_t)-1 || bytes == (size_t)-2 || bytes == 0) {
            state = (mbstate_t){0};
            advance(place, 1, columns);
            buffer_add(output, '?');
            text++;
            continue;
        }
        if ((unsigned char)*text < ' ' || *text == 127) {
            advance(place, 1, columns);
            buffer_add(output, '^');
            advance(place, 1, columns);
            buffer_add(output, *text ^ 0x40);
            text++;
            continue;
        }
        width = wcwidth(character);
        advance(place, width > 0 ? (unsigned)width : 0, columns);
        buffer_append(output, text, bytes);
        text += bytes;
    }
}

/* Where a text ends that begins here. */
static struct place measure(const char *text, size_t length, struct place place, unsigned columns)
{
    struct buffer unused = {0};

    add_shown(&unused, text, length, &place, columns);
    buffer_fini(&unused);
    return place;
}

static void draw(struct editor *editor, const char *prompt)
{
    unsigned columns = terminal_columns();
    struct buffer output = {0};
    struct place end = {0};
    struct place cursor;

    if (editor->row) {
        buffer_format(&output, "\033[%uA", editor->row);
    }
    buffer_append_text(&output, "\r\033[J");
    add_shown(&output, prompt, strlen(prompt), &end, columns);
    cursor = measure(editor->line.bytes, editor->cursor, end, columns);
    add_shown(&output, editor->line.bytes, editor->line.length, &end, columns);
    /* A full row: the terminal waits at its end, go on to the next one. */
    if (end.column == columns) {
        buffer_append_text(&output, "\r\n");
        end.row++;
        end.column = 0;
    }
    if (cursor.column == columns) {
        cursor.row++;
        cursor.column = 0;
    }
    if (end.row > cursor.row) {
        buffer_format(&output, "\033[%uA", end.row - cursor.row);
    }
    buffer_add(&output, '\r');
    if (cursor.column) {
        buffer_format(&output, "\033[%uC", cursor.column);
    }
    editor->row = cursor.row;
    editor->column = cursor.column;
    terminal_write(output.bytes, output.length);
    buffer_fini(&output);
}

void editor_draw(struct editor *editor)
{
    draw(editor, editor->prompt);
}

void editor_draw_added(struct editor *editor, const char *bytes, size_t length)
{
    unsigned columns = terminal_columns();
    struct place end = {.row = 0, .column = editor->column};
    struct buffer output = {0};

    add_shown(&output, bytes, length, &end, columns);
    editor->drawn = end.row == 0 && end.column < columns;
    if (editor->drawn) {
        editor->column = end.column;
        terminal_write(output.bytes, output.length);
    }
    buffer_fini(&output);
}

void editor_draw_search(struct editor *editor, const char *wanted, bool failed)
{
    struct buffer prompt = {0};

    buffer_format(&prompt, "(%sreverse-i-search)`%s': ", failed ? "failed " : "", wanted);
    draw(editor, buffer_text(&prompt));
    buffer_fini(&prompt);
}

/* The word without what is common to all: only its last component. */
static const char *short_name(const char *word)
{
    size_t length = strlen(word);

    for (size_t index = length; index > 1; index--) {
        if (word[index - 2] == '/') {
            return word + index - 1;
        }
    }
    return word;
}

void editor_list(struct editor *editor, char **words, size_t count)
{
    unsigned columns = terminal_columns();
    size_t cursor = editor->cursor;
    size_t shown = count > LISTED_MAX ? LISTED_MAX : count;
    struct buffer output = {0};
    size_t widest = 1;
    size_t across;

    editor->cursor = editor->line.length;
    editor_draw(editor);
    editor->cursor = cursor;
    for (size_t index = 0; index < shown; index++) {
        size_t width = strlen(short_name(words[index])) + 1;

        widest = width > widest ? width : widest;
    }
    across = columns / widest ? columns / widest : 1;
    for (size_t index = 0; index < shown; index++) {
        const char *name = short_name(words[index]);

        buffer_append_text(&output, index % across ? "" : "\r\n");
        buffer_append_text(&output, name);
        for (size_t pad = strlen(name); pad < widest && (index + 1) % across; pad++) {
            buffer_add(&output, ' ');
        }
    }
    if (shown < count) {
        buffer_format(&output, "\r\n(%zu more)", count - shown);
    }
    buffer_append_text(&output, "\r\n");
    terminal_write(output.bytes, output.length);
    buffer_fini(&output);
    editor->row = 0;
}

void editor_clear(struct editor *editor)
{
    terminal_write("\033[H\033[2J", 7);
    editor->row = 0;
}
