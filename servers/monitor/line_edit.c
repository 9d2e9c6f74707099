/* SPDX-License-Identifier: MIT */
#include "line_edit.h"
#include <quay/text.h>

#define CONTROL(letter) ((letter)-64)
#define KEY_ESCAPE      0x1b
#define KEY_DELETE_BACK 0x7f

static void put(struct line_editor *editor, const char *text)
{
    editor->write(editor->context, text, strlen(text));
}

static size_t view_columns(const struct line_editor *editor)
{
    return LINE_COLUMNS - 1 - strlen(editor->prompt);
}

/* Moves the window so that the cursor is in it. */
static void view_follow(struct line_editor *editor)
{
    size_t columns = view_columns(editor);
    if (editor->cursor < editor->first) {
        editor->first = editor->cursor;
    } else if (editor->cursor > editor->first + columns) {
        editor->first = editor->cursor - columns;
    }
    if (editor->length <= columns) {
        editor->first = 0;
    }
}

static void redraw(struct line_editor *editor)
{
    view_follow(editor);
    size_t visible = editor->length - editor->first;
    if (visible > view_columns(editor)) {
        visible = view_columns(editor);
    }
    put(editor, "\r");
    put(editor, editor->prompt);
    editor->write(editor->context, editor->text + editor->first, visible);
    put(editor, "\x1b[K\r");
    char move[16];
    (void)qy_snprintf(move, sizeof move, "\x1b[%zuC",
                      strlen(editor->prompt) + editor->cursor - editor->first);
    put(editor, move);
}

static void bell(struct line_editor *editor)
{
    put(editor, "\a");
}

void line_init(struct line_editor *editor, const char *prompt,
               void (*write)(void *context, const char *text, size_t length), void *context)
{
    memset(editor, 0, sizeof *editor);
    editor->prompt = prompt;
    editor->write = write;
    editor->context = context;
}

void line_begin(struct line_editor *editor)
{
    editor->length = editor->cursor = editor->first = 0;
    editor->text[0] = 0;
    editor->overflow = false;
    editor->recalled = 0;
    editor->escape = 0;
    put(editor, editor->prompt);
}

/* --- editing ------------------------------------------------------------------------------- */

static void insert(struct line_editor *editor, char character)
{
    if (editor->length == LINE_MAX) {
        editor->overflow = true;
        bell(editor);
        return;
    }
    memmove(editor->text + editor->cursor + 1, editor->text + editor->cursor,
            editor->length - editor->cursor + 1);
    editor->text[editor->cursor++] = character;
    editor->length++;
    if (editor->cursor == editor->length && editor->length <= view_columns(editor)) {
        editor->write(editor->context, &character, 1);
    } else {
        redraw(editor);
    }
}

/* Removes [from, to) and leaves the cursor there. */
static void cut(struct line_editor *editor, size_t from, size_t to)
{
    if (from >= to) {
        bell(editor);
        return;
    }
    memmove(editor->text + from, editor->text + to, editor->length - to + 1);
    editor->length -= to - from;
    editor->cursor = from;
    editor->overflow = false;
    redraw(editor);
}

static size_t word_start(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at > 0 && editor->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && editor->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void cursor_set(struct line_editor *editor, size_t position)
{
    if (position > editor->length) { /* also: left of the start */
        bell(editor);
        return;
    }
    editor->cursor = position;
    redraw(editor);
}

/* --- history ------------------------------------------------------------------------------- */

static char *history_line(struct line_editor *editor, size_t steps_back)
{
    return editor->history[(editor->history_count - steps_back) % LINE_HISTORY];
}

void line_history_add(struct line_editor *editor)
{
    if (editor->length == 0 ||
        (editor->history_count > 0 && qy_streq(history_line(editor, 1), editor->text))) {
        return;
    }
    (void)qy_strlcpy(editor->history[editor->history_count % LINE_HISTORY], editor->text,
                     LINE_MAX + 1); /* of the same size */
    editor->history_count++;
}

static void history_show(struct line_editor *editor, size_t steps_back)
{
    size_t kept = editor->history_count < LINE_HISTORY ? editor->history_count : LINE_HISTORY;
    if (steps_back > kept) { /* also: newer than the line itself */
        bell(editor);
        return;
    }
    if (editor->recalled == 0) {
        (void)qy_strlcpy(editor->draft, editor->text, sizeof editor->draft); /* same size */
    }
    editor->recalled = steps_back;
    const char *text = steps_back == 0 ? editor->draft : history_line(editor, steps_back);
    editor->length = qy_strlcpy(editor->text, text, sizeof editor->text);
    editor->cursor = editor->length;
    editor->overflow = false;
    redraw(editor);
}

/* --- keys ---------------------------------------------------------------------------------- */

static void escape_letter(struct line_editor *editor, uint8_t letter)
{
    switch (letter) {
    case 'A':
        history_show(editor, editor->recalled + 1);
        break;
    case 'B':
        history_show(editor, editor->recalled - 1);
        break;
    case 'C':
        cursor_set(editor, editor->cursor + 1);
        break;
    case 'D':
        cursor_set(editor, editor->cursor - 1);
        break;
    case 'H':
        cursor_set(editor, 0);
        break;
    case 'F':
        cursor_set(editor, editor->length);
        break;
    default: /* a key that means nothing here */
        break;
    }
}

static void escape_number(struct line_editor *editor, unsigned number)
{
    switch (number) {
    case 1:
    case 7:
        cursor_set(editor, 0);
        break;
    case 4:
    case 8:
        cursor_set(editor, editor->length);
        break;
    case 3:
        cut(editor, editor->cursor,
            editor->cursor < editor->length ? editor->cursor + 1 : editor->cursor);
        break;
    default: /* a key that means nothing here */
        break;
    }
}

static void escape_feed(struct line_editor *editor, uint8_t byte)
{
    if (editor->escape == 1) {
        editor->parameter = 0;
        editor->escape = byte == '[' ? 2 : byte == 'O' ? 3 : 0;
    } else if (byte >= '0' && byte <= '9') {
        editor->parameter = (editor->parameter * 10 + byte - '0') % 1000;
    } else if (byte == ';') {
        editor->parameter = 0; /* modifiers are ignored */
    } else {
        editor->escape = 0;
        if (byte == '~') {
            escape_number(editor, editor->parameter);
        } else {
            escape_letter(editor, byte);
        }
    }
}

static void control_feed(struct line_editor *editor, uint8_t byte)
{
    switch (byte) {
    case CONTROL('A'):
        cursor_set(editor, 0);
        break;
    case CONTROL('E'):
        cursor_set(editor, editor->length);
        break;
    case CONTROL('B'):
        cursor_set(editor, editor->cursor - 1);
        break;
    case CONTROL('F'):
        cursor_set(editor, editor->cursor + 1);
        break;
    case CONTROL('D'):
        escape_number(editor, 3);
        break;
    case CONTROL('H'):
    case KEY_DELETE_BACK:
        cut(editor, editor->cursor > 0 ? editor->cursor - 1 : 0, editor->cursor);
        break;
    case CONTROL('K'):
        cut(editor, editor->cursor, editor->length);
        break;
    case CONTROL('U'):
        cut(editor, 0, editor->cursor);
        break;
    case CONTROL('W'):
        cut(editor, word_start(editor), editor->cursor);
        break;
    case CONTROL('P'):
        history_show(editor, editor->recalled + 1);
        break;
    case CONTROL('N'):
        history_show(editor, editor->recalled - 1);
        break;
    case CONTROL('L'):
        put(editor, "\x1b[H\x1b[2J");
        redraw(editor);
        break;
    case KEY_ESCAPE:
        editor->escape = 1;
        break;
    default:
        bell(editor);
        break;
    }
}

enum line_event line_feed(struct line_editor *editor, uint8_t byte)
{
    bool is_second = byte == '\n' && editor->after_return;
    editor->after_return = byte == '\r';
    if (is_second) {
        return LINE_NONE;
    }
    if (editor->escape != 0 && byte >= ' ') {
        escape_feed(editor, byte);
        return LINE_NONE;
    }
    editor->escape = 0;
    if (byte == '\r' || byte == '\n') {
        put(editor, "\n");
        return editor->overflow ? LINE_TOO_LONG : LINE_READY;
    }
    if (byte == CONTROL('C')) {
        put(editor, "^C\n");
        return LINE_CANCELLED;
    }
    if (byte >= ' ' && byte < KEY_DELETE_BACK) {
        insert(editor, (char)byte);
    } else {
        control_feed(editor, byte);
    }
    return LINE_NONE;
}
