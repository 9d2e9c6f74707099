/* SPDX-License-Identifier: MIT */
#include "editor.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "complete.h"
#include "editor_screen.h"
#include "history.h"
#include "memory.h"
#include "terminal.h"

#define CONTROL(letter) ((letter)&31)

static struct editor editor;

/* --- moving --- */

static size_t character_before(size_t place)
{
    while (place > 0 && ((unsigned char)editor.line.bytes[--place] & 0xc0) == 0x80) {
    }
    return place;
}

static size_t character_after(size_t place)
{
    if (place < editor.line.length) {
        place++;
    }
    while (place < editor.line.length && ((unsigned char)editor.line.bytes[place] & 0xc0) == 0x80) {
        place++;
    }
    return place;
}

static bool in_word(size_t place)
{
    unsigned char byte = (unsigned char)editor.line.bytes[place];

    return isalnum(byte) || byte == '_' || byte >= 0x80;
}

static size_t word_before(size_t place)
{
    while (place > 0 && !in_word(place - 1)) {
        place--;
    }
    while (place > 0 && in_word(place - 1)) {
        place--;
    }
    return place;
}

static size_t word_after(size_t place)
{
    while (place < editor.line.length && !in_word(place)) {
        place++;
    }
    while (place < editor.line.length && in_word(place)) {
        place++;
    }
    return place;
}

static size_t blank_word_before(size_t place)
{
    while (place > 0 && editor.line.bytes[place - 1] == ' ') {
        place--;
    }
    while (place > 0 && editor.line.bytes[place - 1] != ' ') {
        place--;
    }
    return place;
}

/* --- changing --- */

static void insert(const char *bytes, size_t length)
{
    buffer_insert(&editor.line, editor.cursor, bytes, length);
    editor.cursor += length;
}

static void insert_character(int character)
{
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    size_t length = wcrtomb(bytes, (wchar_t)character, &state);
    bool at_end = editor.cursor == editor.line.length;

    if (length != (size_t)-1) {
        insert(bytes, length);
        if (at_end) {
            editor_draw_added(&editor, bytes, length);
        }
    }
}

/* Takes out what is between two places, the cursor stands there then. */
static void cut(size_t from, size_t to, bool keep)
{
    if (from >= to) {
        return;
    }
    if (keep) {
        editor.killed.length = 0;
        buffer_append(&editor.killed, editor.line.bytes + from, to - from);
    }
    buffer_remove(&editor.line, from, to - from);
    editor.cursor = from;
}

static void set_line(const char *text)
{
    editor.line.length = 0;
    buffer_append_text(&editor.line, text);
    editor.cursor = editor.line.length;
}

static void swap_characters(void)
{
    size_t middle =
        editor.cursor == editor.line.length ? character_before(editor.cursor) : editor.cursor;
    size_t first = character_before(middle);
    size_t end = character_after(middle);
    struct buffer swapped = {0};

    if (first == middle) {
        return;
    }
    buffer_append(&swapped, editor.line.bytes + middle, end - middle);
    buffer_append(&swapped, editor.line.bytes + first, middle - first);
    memcpy(editor.line.bytes + first, swapped.bytes, swapped.length);
    editor.cursor = end;
    buffer_fini(&swapped);
}

/* Letters of the next word; only those of ASCII have a case here. */
static void change_case(enum key key)
{
    size_t end = word_after(editor.cursor);
    bool first = true;

    for (; editor.cursor < end; editor.cursor++) {
        unsigned char byte = (unsigned char)editor.line.bytes[editor.cursor];
        bool upper = key == KEY_UPPER || (key == KEY_CAPITAL && first);

        if (isalpha(byte)) {
            editor.line.bytes[editor.cursor] = (char)(upper ? toupper(byte) : tolower(byte));
            first = false;
        }
    }
}

/* --- history --- */

/* What was typed on the newest line waits while older ones are shown. */
static void show_history(size_t index)
{
    if (editor.history == history_count()) {
        free(editor.typed);
        editor.typed = text_copy(buffer_text(&editor.line));
    }
    editor.history = index;
    set_line(index == history_count() ? editor.typed : history_at(index));
}

static void last_argument(void)
{
    const char *line;
    const char *blank;

    if (history_count() == 0) {
        return;
    }
    line = history_at(history_count() - 1);
    blank = strrchr(line, ' ');
    insert(blank ? blank + 1 : line, strlen(blank ? blank + 1 : line));
}

/* ^R: each key narrows the search, ^R looks further back, others take the line and act on it.
 * Returns the key that ended it, 0 if there is nothing more to do. */
static int search_history(void)
{
    struct buffer wanted = {0};
    size_t found = history_count();
    int key;

    for (;;) {
        editor_draw_search(&editor, buffer_text(&wanted),
                           wanted.length && found == history_count());
        key = terminal_read_key();
        if (key == CONTROL('R') && wanted.length) {
            size_t next = history_find(buffer_text(&wanted), found);

            found = next == history_count() ? found : next;
        } else if (key == 127 || key == 8) {
            wanted.length -= wanted.length > 0;
            found = history_find(buffer_text(&wanted), history_count());
        } else if (key >= ' ' && key < 127) {
            buffer_add(&wanted, key);
            found = history_find(buffer_text(&wanted),
                                 found < history_count() ? found + 1 : history_count());
        } else {
            break;
        }
        if (found < history_count()) {
            set_line(history_at(found));
        }
    }
    buffer_fini(&wanted);
    if (key == CONTROL('G')) {
        set_line("");
        return 0;
    }
    editor_draw(&editor);
    return key == KEY_NONE ? 0 : key;
}

/* --- completion --- */

static void complete(void)
{
    struct completion completion;
    size_t length = 0;

    completion_find(buffer_text(&editor.line), editor.cursor, &completion);
    if (completion.words.count) {
        length = completion.common;
        if (completion.words.count == 1 || length > editor.cursor - completion.start) {
            cut(completion.start, editor.cursor, false);
            insert(completion.words.values[0], length);
            editor.completions = 0;
        } else if (++editor.completions > 1) {
            editor_list(&editor, completion.words.values, completion.words.count);
        } else {
            terminal_write("\a", 1);
        }
    } else {
        terminal_write("\a", 1);
    }
    completion_fini(&completion);
}

/* --- keys --- */

static void move_key(int key)
{
    switch (key) {
    case CONTROL('A'):
    case KEY_HOME:
        editor.cursor = 0;
        break;
    case CONTROL('E'):
    case KEY_LAST:
        editor.cursor = editor.line.length;
        break;
    case CONTROL('B'):
    case KEY_LEFT:
        editor.cursor = character_before(editor.cursor);
        break;
    case CONTROL('F'):
    case KEY_RIGHT:
        editor.cursor = character_after(editor.cursor);
        break;
    case KEY_WORD_LEFT:
        editor.cursor = word_before(editor.cursor);
        break;
    case KEY_WORD_RIGHT:
        editor.cursor = word_after(editor.cursor);
        break;
    case CONTROL('P'):
    case KEY_UP:
        if (editor.history > 0) {
            show_history(editor.history - 1);
        }
        break;
    case CONTROL('N'):
    case KEY_DOWN:
        if (editor.history < history_count()) {
            show_history(editor.history + 1);
        }
        break;
    case KEY_FIRST:
        if (history_count()) {
            show_history(0);
        }
        break;
    case KEY_LAST_LINE:
        show_history(history_count());
        break;
    default:
        break;
    }
}

static void change_key(int key)
{
    size_t cursor = editor.cursor;

    switch (key) {
    case 127:
    case CONTROL('H'):
        cut(character_before(cursor), cursor, false);
        break;
    case CONTROL('D'):
    case KEY_DELETE:
        cut(cursor, character_after(cursor), false);
        break;
    case CONTROL('K'):
        cut(cursor, editor.line.length, true);
        break;
    case CONTROL('U'):
        cut(0, cursor, true);
        break;
    case CONTROL('W'):
        cut(blank_word_before(cursor), cursor, true);
        break;
    case KEY_RUBOUT_WORD:
        cut(word_before(cursor), cursor, true);
        break;
    case KEY_DELETE_WORD:
        cut(cursor, word_after(cursor), true);
        break;
    case CONTROL('Y'):
        insert(editor.killed.bytes, editor.killed.length);
        break;
    case CONTROL('T'):
        swap_characters();
        break;
    case KEY_UPPER:
    case KEY_LOWER:
    case KEY_CAPITAL:
        change_case((enum key)key);
        break;
    case KEY_LAST_ARGUMENT:
        last_argument();
        break;
    case CONTROL('L'):
        editor_clear(&editor);
        break;
    case CONTROL('V'):
        insert_character(terminal_read_key());
        break;
    default:
        if (key >= ' ') {
            insert_character(key);
        } else {
            move_key(key);
        }
        break;
    }
}

/* Whether the key ends the line, and how. */
static bool ends_line(int key, enum editor_result *ret_result)
{
    switch (key) {
    case '\r':
    case '\n':
        *ret_result = EDITOR_LINE;
        return true;
    case CONTROL('C'):
    case KEY_INTERRUPT:
        *ret_result = EDITOR_INTERRUPTED;
        return true;
    case CONTROL('D'):
        *ret_result = EDITOR_END;
        return editor.line.length == 0;
    case KEY_END:
        *ret_result = EDITOR_END;
        return true;
    default:
        return false;
    }
}

static enum editor_result edit(void)
{
    enum editor_result result;
    int key = 0;

    for (;;) {
        if (!editor.drawn) {
            editor_draw(&editor);
        }
        editor.drawn = false;
        key = terminal_read_key();
        if (key == CONTROL('R')) {
            key = search_history();
        }
        if (ends_line(key, &result)) {
            return result;
        }
        if (key == '\t') {
            complete();
            continue;
        }
        editor.completions = 0;
        if (key) {
            change_key(key);
        }
    }
}

enum editor_result editor_read_line(const char *prompt, struct buffer *ret_line)
{
    enum editor_result result;

    if (!terminal_begin()) {
        return EDITOR_NO_TERMINAL;
    }
    editor.prompt = prompt;
    editor.line.length = 0;
    editor.cursor = 0;
    editor.row = 0;
    editor.completions = 0;
    editor.history = history_count();
    result = edit();
    if (editor.cursor != editor.line.length) {
        editor.cursor = editor.line.length;
        editor_draw(&editor);
    }
    terminal_write(result == EDITOR_INTERRUPTED ? "^C\r\n" : "\r\n",
                   result == EDITOR_INTERRUPTED ? 4 : 2);
    terminal_end();
    ret_line->length = 0;
    if (result == EDITOR_LINE) {
        buffer_append(ret_line, editor.line.bytes, editor.line.length);
    }
    return result;
}
