/* SPDX-License-Identifier: MIT */
#include "discipline_echo.h"
#include "unicode.h"

#define INPUT_MASK (DISCIPLINE_INPUT - 1)
#define TAB_STOP   8u
#define DELETE     0x7f

static bool has_local(const struct discipline *discipline, uint32_t bits)
{
    return (discipline->attributes.local & bits) != 0;
}

static bool is_utf8(const struct discipline *discipline)
{
    return (discipline->attributes.input & QY_TTY_INPUT_MODES_IUTF8) != 0;
}

static bool is_control(uint8_t byte)
{
    return byte < ' ' || byte == DELETE;
}

/* --- output processing --------------------------------------------------------------------- */

static uint32_t tab_output(struct discipline *discipline, uint8_t *to)
{
    uint32_t width = TAB_STOP - discipline->column % TAB_STOP;
    uint32_t modes = QY_TTY_OUTPUT_MODES_TABDLY_LOW | QY_TTY_OUTPUT_MODES_TABDLY_HIGH;
    discipline->column += width;
    if ((discipline->attributes.output & modes) != modes) {
        to[0] = '\t';
        return 1;
    }
    for (uint32_t i = 0; i < width; i++) {
        to[i] = ' ';
    }
    return width;
}

uint32_t discipline_output(struct discipline *discipline, uint8_t byte, uint8_t *to)
{
    uint32_t modes = discipline->attributes.output;
    to[0] = byte;
    if ((modes & QY_TTY_OUTPUT_MODES_OPOST) == 0) {
        return 1;
    }
    if (byte == '\n') {
        if ((modes & QY_TTY_OUTPUT_MODES_ONLCR) != 0) {
            discipline->column = 0;
            to[0] = '\r';
            to[1] = '\n';
            return 2;
        }
        if ((modes & QY_TTY_OUTPUT_MODES_ONLRET) != 0) {
            discipline->column = 0;
        }
    } else if (byte == '\r') {
        if ((modes & QY_TTY_OUTPUT_MODES_ONOCR) != 0 && discipline->column == 0) {
            return 0;
        }
        if ((modes & QY_TTY_OUTPUT_MODES_OCRNL) != 0) {
            to[0] = '\n';
            if ((modes & QY_TTY_OUTPUT_MODES_ONLRET) == 0) {
                return 1;
            }
        }
        discipline->column = 0;
    } else if (byte == '\t') {
        return tab_output(discipline, to);
    } else if (byte == '\b') {
        discipline->column -= discipline->column > 0;
    } else if (!is_control(byte)) {
        if ((modes & QY_TTY_OUTPUT_MODES_OLCUC) != 0 && byte >= 'a' && byte <= 'z') {
            to[0] = (uint8_t)(byte - 'a' + 'A');
        }
        discipline->column += !(is_utf8(discipline) && utf8_is_continuation(byte));
    }
    return 1;
}

/* --- echo ---------------------------------------------------------------------------------- */

void echo_byte(struct discipline *discipline, const struct discipline_outside *outside,
               uint8_t byte)
{
    uint8_t bytes[DISCIPLINE_EXPANSION];
    uint32_t count = discipline_output(discipline, byte, bytes);
    if (count > 0) {
        outside->send(outside->context, bytes, count);
    }
}

/* Whether it is shown as two characters. */
static bool is_shown_with_caret(const struct discipline *discipline, uint8_t byte)
{
    return is_control(byte) && byte != '\t' && has_local(discipline, QY_TTY_LOCAL_MODES_ECHOCTL);
}

void echo_character(struct discipline *discipline, const struct discipline_outside *outside,
                    uint8_t byte)
{
    if (is_shown_with_caret(discipline, byte)) {
        echo_byte(discipline, outside, '^');
        byte ^= 0x40;
    }
    echo_byte(discipline, outside, byte);
}

void echo_literal(struct discipline *discipline, const struct discipline_outside *outside)
{
    if (has_local(discipline, QY_TTY_LOCAL_MODES_ECHO) &&
        has_local(discipline, QY_TTY_LOCAL_MODES_ECHOCTL)) {
        echo_byte(discipline, outside, '^');
        echo_byte(discipline, outside, '\b');
    }
}

void echo_again(struct discipline *discipline, const struct discipline_outside *outside,
                uint8_t byte)
{
    echo_character(discipline, outside, byte);
    echo_byte(discipline, outside, '\n');
    discipline->line_column = discipline->column;
    for (uint32_t at = discipline->line; at != discipline->head; at++) {
        echo_character(discipline, outside, discipline->input[at & INPUT_MASK]);
    }
}

/* --- erasing ------------------------------------------------------------------------------- */

static bool is_line_empty(const struct discipline *discipline)
{
    return discipline->head == discipline->line;
}

/* Where the last character of the line begins. */
static uint32_t last_start(const struct discipline *discipline)
{
    uint32_t at = discipline->head - 1;
    while (is_utf8(discipline) && at != discipline->line &&
           utf8_is_continuation(discipline->input[at & INPUT_MASK])) {
        at--;
    }
    return at;
}

/* Columns of the character that begins there, and *ret_next; not of a tab. */
static uint32_t columns_at(const struct discipline *discipline, uint32_t at, uint32_t end,
                           uint32_t *ret_next)
{
    uint8_t byte = discipline->input[at++ & INPUT_MASK];
    *ret_next = at;
    if (is_control(byte)) {
        return is_shown_with_caret(discipline, byte) ? 2 : 0;
    }
    if (byte < 0x80 || !is_utf8(discipline)) {
        return 1;
    }
    struct utf8_decoder decoder = {0};
    uint32_t characters[2] = {UNICODE_REPLACEMENT};
    uint32_t count = utf8_decode(&decoder, byte, characters);
    while (count == 0 && at != end && utf8_is_continuation(discipline->input[at & INPUT_MASK])) {
        count = utf8_decode(&decoder, discipline->input[at++ & INPUT_MASK], characters);
    }
    *ret_next = at;
    return count == 0 ? 1 : character_width(characters[0]);
}

/* Columns of the tab that ends the line. */
static uint32_t tab_columns(const struct discipline *discipline, uint32_t tab)
{
    uint32_t column = discipline->line_column;
    for (uint32_t at = discipline->line; at != tab;) {
        if (discipline->input[at & INPUT_MASK] == '\t') {
            column += TAB_STOP - column % TAB_STOP;
            at++;
        } else {
            column += columns_at(discipline, at, tab, &at);
        }
    }
    return TAB_STOP - column % TAB_STOP;
}

static void columns_erase(struct discipline *discipline, const struct discipline_outside *outside,
                          uint32_t count, bool is_blank)
{
    for (uint32_t i = 0; i < count; i++) {
        echo_byte(discipline, outside, '\b');
        if (!is_blank) {
            echo_byte(discipline, outside, ' ');
            echo_byte(discipline, outside, '\b');
        }
    }
}

/* Takes the last character off, and off the screen too. */
static void last_erase(struct discipline *discipline, const struct discipline_outside *outside,
                       bool is_shown)
{
    uint32_t at = last_start(discipline), next;
    bool is_tab = discipline->input[at & INPUT_MASK] == '\t';
    uint32_t columns =
        is_tab ? tab_columns(discipline, at) : columns_at(discipline, at, discipline->head, &next);
    discipline->head = at;
    if (is_shown) {
        columns_erase(discipline, outside, columns, is_tab);
    }
}

void erase_character(struct discipline *discipline, const struct discipline_outside *outside,
                     uint8_t byte)
{
    if (is_line_empty(discipline)) {
        return;
    }
    bool has_echo = has_local(discipline, QY_TTY_LOCAL_MODES_ECHO);
    bool is_shown = has_echo && has_local(discipline, QY_TTY_LOCAL_MODES_ECHOE);
    last_erase(discipline, outside, is_shown);
    if (has_echo && !is_shown) {
        echo_character(discipline, outside, byte);
    }
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' || byte >= 0x80;
}

/* What stands behind the last word, and the word. */
void erase_word(struct discipline *discipline, const struct discipline_outside *outside)
{
    bool is_shown = has_local(discipline, QY_TTY_LOCAL_MODES_ECHO);
    bool has_seen = false;
    while (!is_line_empty(discipline)) {
        bool in_word = is_word(discipline->input[last_start(discipline) & INPUT_MASK]);
        if (has_seen && !in_word) {
            break;
        }
        has_seen = has_seen || in_word;
        last_erase(discipline, outside, is_shown);
    }
}

void erase_line(struct discipline *discipline, const struct discipline_outside *outside,
                uint8_t byte)
{
    if (is_line_empty(discipline)) {
        return;
    }
    bool has_echo = has_local(discipline, QY_TTY_LOCAL_MODES_ECHO);
    uint32_t erases =
        QY_TTY_LOCAL_MODES_ECHOE | QY_TTY_LOCAL_MODES_ECHOK | QY_TTY_LOCAL_MODES_ECHOKE;
    if (has_echo && (discipline->attributes.local & erases) == erases) {
        while (!is_line_empty(discipline)) {
            last_erase(discipline, outside, true);
        }
        return;
    }
    discipline->head = discipline->line;
    if (has_echo) {
        echo_character(discipline, outside, byte);
        if (has_local(discipline, QY_TTY_LOCAL_MODES_ECHOK)) {
            echo_byte(discipline, outside, '\n');
        }
    }
}
