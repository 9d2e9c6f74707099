/* SPDX-License-Identifier: MIT */
#include "screen.h"
#include <quay/text.h>

/* A parameter; `otherwise` if it is not there or 0. */
static uint32_t parameter(const struct screen *screen, uint32_t index, uint32_t otherwise)
{
    uint32_t value = index < screen->parameter_count ? screen->parameters[index] : 0;
    return value != 0 ? value : otherwise;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- how things look ----------------------------------------------------------------------- */

/* The nearest of the 6 * 6 * 6 colors. */
static uint8_t cube_color(uint32_t red, uint32_t green, uint32_t blue)
{
    return (uint8_t)(16 + 36 * ((least(red, 255) * 5 + 127) / 255) +
                     6 * ((least(green, 255) * 5 + 127) / 255) +
                     (least(blue, 255) * 5 + 127) / 255);
}

/* 38 or 48, then 5;N or 2;R;G;B. Returns how many parameters it took beside the first. */
static uint32_t color_extended(struct screen *screen, uint32_t index)
{
    struct cell *pen = &screen->cursor.pen;
    bool is_foreground = screen->parameters[index] == 38;
    uint32_t kind = parameter(screen, index + 1, 0), taken = 1;
    uint8_t color;
    if (kind == 5 && index + 2 < screen->parameter_count) {
        color = (uint8_t)screen->parameters[index + 2];
        taken = 2;
    } else if (kind == 2 && index + 4 < screen->parameter_count) {
        color = cube_color(screen->parameters[index + 2], screen->parameters[index + 3],
                           screen->parameters[index + 4]);
        taken = 4;
    } else {
        return SCREEN_PARAMETERS_MAX; /* what follows cannot be told apart */
    }
    if (is_foreground) {
        pen->foreground = color;
        pen->style &= (uint16_t)~STYLE_DEFAULT_FOREGROUND;
    } else {
        pen->background = color;
        pen->style &= (uint16_t)~STYLE_DEFAULT_BACKGROUND;
    }
    return taken;
}

static void color_set(struct cell *pen, uint32_t number)
{
    uint32_t color = number % 10 + (number >= 90 ? 8 : 0);
    if (number == 39) {
        pen->style |= STYLE_DEFAULT_FOREGROUND;
    } else if (number == 49) {
        pen->style |= STYLE_DEFAULT_BACKGROUND;
    } else if (number / 10 == 3 || number / 10 == 9) {
        pen->foreground = (uint8_t)color;
        pen->style &= (uint16_t)~STYLE_DEFAULT_FOREGROUND;
    } else {
        pen->background = (uint8_t)color;
        pen->style &= (uint16_t)~STYLE_DEFAULT_BACKGROUND;
    }
}

/* 1 to 9 and 21 to 29: what they set and clear. */
static void style_set(struct cell *pen, uint32_t number)
{
    static const uint16_t styles[10] = {
        [1] = STYLE_BOLD,    [2] = STYLE_DIM,    [3] = STYLE_ITALIC, [4] = STYLE_UNDERLINE,
        [7] = STYLE_INVERSE, [8] = STYLE_HIDDEN, [9] = STYLE_STRIKE,
    };
    if (number < 10) {
        pen->style |= styles[number];
    } else if (number == 21) {
        pen->style |= STYLE_UNDERLINE; /* twice */
    } else if (number == 22) {
        pen->style &= (uint16_t) ~(STYLE_BOLD | STYLE_DIM);
    } else {
        pen->style &= (uint16_t)~styles[number - 20];
    }
}

static void graphics_set(struct screen *screen)
{
    struct cell *pen = &screen->cursor.pen;
    uint32_t count = screen->parameter_count > 0 ? screen->parameter_count : 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = parameter(screen, i, 0);
        if (number == 0) {
            *pen = (struct cell){' ', 7, 0, STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND};
        } else if (number == 38 || number == 48) {
            i += color_extended(screen, i);
        } else if ((number >= 30 && number <= 49) || (number >= 90 && number <= 97) ||
                   (number >= 100 && number <= 107)) {
            color_set(pen, number);
        } else if (number < 10 || (number >= 21 && number <= 29)) {
            style_set(pen, number);
        }
    }
}

/* --- modes --------------------------------------------------------------------------------- */

static void private_mode_set(struct screen *screen, uint32_t mode, bool is_on)
{
    switch (mode) {
    case 1:
        screen->has_application_cursor = is_on;
        break;
    case 6:
        screen->cursor.is_origin = is_on;
        screen_cursor_move(screen, 0, 0);
        break;
    case 7:
        screen->wraps = is_on;
        screen->cursor.is_past_end = false;
        break;
    case 25:
        screen->is_cursor_hidden = !is_on;
        break;
    case 47:
    case 1047:
        screen_page_show(screen, is_on);
        break;
    case 1048:
        is_on ? screen_cursor_save(screen) : screen_cursor_restore(screen);
        break;
    case 1049:
        if (is_on && !screen_is_alternate(screen)) {
            screen_cursor_save(screen);
            screen_page_show(screen, true);
        } else if (!is_on && screen_is_alternate(screen)) {
            screen_page_show(screen, false);
            screen_cursor_restore(screen);
        }
        break;
    case 2004:
        screen->brackets_pastes = is_on;
        break;
    default:
        break;
    }
}

static void modes_set(struct screen *screen, bool is_on)
{
    for (uint32_t i = 0; i < screen->parameter_count; i++) {
        if (screen->mark == '?') {
            private_mode_set(screen, screen->parameters[i], is_on);
        } else if (screen->mark == 0 && screen->parameters[i] == 4) {
            screen->inserts = is_on;
        } else if (screen->mark == 0 && screen->parameters[i] == 20) {
            screen->line_feed_returns = is_on;
        }
    }
}

/* --- erasing, inserting, deleting ---------------------------------------------------------- */

static void display_erase(struct screen *screen, uint32_t which)
{
    uint32_t row = screen->cursor.row, column = screen->cursor.column;
    uint32_t first = which == 0 ? row + 1 : 0;
    uint32_t end = which == 1 ? row : screen->rows;
    if (which > 3) {
        return;
    }
    if (which == 0) {
        screen_erase(screen, row, column, screen->columns);
    } else if (which == 1) {
        screen_erase(screen, row, 0, column + 1);
    }
    for (uint32_t i = first; i < end && which < 3; i++) { /* 3: lines that scrolled off */
        screen_erase(screen, i, 0, screen->columns);
    }
    screen->cursor.is_past_end = false;
}

static void line_erase(struct screen *screen, uint32_t which)
{
    uint32_t column = screen->cursor.column;
    if (which <= 2) {
        screen_erase(screen, screen->cursor.row, which == 0 ? column : 0,
                     which == 1 ? column + 1 : screen->columns);
        screen->cursor.is_past_end = false;
    }
}

static void lines_shift(struct screen *screen, bool is_insert)
{
    uint32_t row = screen->cursor.row;
    if (row < screen->top || row > screen->bottom) {
        return;
    }
    uint32_t count = least(parameter(screen, 0, 1), screen->bottom - row + 1);
    if (is_insert) {
        screen_scroll_down(screen, row, count);
    } else {
        screen_scroll_up(screen, row, count);
    }
    screen->cursor.column = 0;
    screen->cursor.is_past_end = false;
}

/* ICH and DCH. Characters of two columns that are cut in two, at either end, go. */
static void characters_shift(struct screen *screen, bool is_insert)
{
    uint32_t row = screen->cursor.row, column = screen->cursor.column;
    struct cell *cells = screen_row(screen, row);
    uint32_t count = least(parameter(screen, 0, 1), screen->columns - column);
    uint32_t moved = screen->columns - column - count;
    if (is_insert) {
        screen_halves_clear(screen, row, column, column + moved);
        memmove(&cells[column + count], &cells[column], moved * sizeof cells[0]);
    } else {
        screen_halves_clear(screen, row, column, column + count);
        memmove(&cells[column], &cells[column + count], moved * sizeof cells[0]);
    }
    uint32_t empty = is_insert ? column : column + moved;
    for (uint32_t i = empty; i < empty + count; i++) {
        cells[i].style = 0; /* halves that moved away */
    }
    screen_erase(screen, row, empty, empty + count);
    if ((cells[screen->columns - 1].style & STYLE_WIDE) != 0) {
        screen_erase(screen, row, screen->columns - 1, screen->columns);
    }
    screen->cursor.is_past_end = false;
}

/* --- moving -------------------------------------------------------------------------------- */

/* Up and down stop at the margins if they begin within them. */
static void rows_move(struct screen *screen, bool is_down)
{
    uint32_t row = screen->cursor.row, count = parameter(screen, 0, 1);
    uint32_t first = row >= screen->top ? screen->top : 0;
    uint32_t last = row <= screen->bottom ? screen->bottom : screen->rows - 1;
    screen->cursor.row = is_down ? row + least(count, last - row) : row - least(count, row - first);
    screen->cursor.is_past_end = false;
}

static void columns_move(struct screen *screen, bool is_right)
{
    uint32_t column = screen->cursor.column, count = parameter(screen, 0, 1);
    screen->cursor.column = is_right ? column + least(count, screen->columns - 1 - column)
                                     : column - least(count, column);
    screen->cursor.is_past_end = false;
}

static void tabs_move(struct screen *screen, bool is_back)
{
    for (uint32_t i = least(parameter(screen, 0, 1), screen->columns); i > 0; i--) {
        if (!is_back) {
            screen_tab(screen);
            continue;
        }
        uint32_t column = screen->cursor.column;
        while (column > 0) {
            column--;
            if ((screen->tabs[column / 8] >> column % 8 & 1) != 0) {
                break;
            }
        }
        screen->cursor.column = column;
    }
    screen->cursor.is_past_end = false;
}

static void margins_set(struct screen *screen)
{
    uint32_t top = parameter(screen, 0, 1) - 1;
    uint32_t bottom = least(parameter(screen, 1, screen->rows), screen->rows) - 1;
    if (top < bottom) {
        screen->top = top;
        screen->bottom = bottom;
        screen_cursor_move(screen, 0, 0);
    }
}

/* The row as the program counts it. */
static uint32_t row_told(const struct screen *screen)
{
    uint32_t from = screen->cursor.is_origin ? screen->top : 0;
    return screen->cursor.row >= from ? screen->cursor.row - from : 0;
}

static void report(struct screen *screen)
{
    char text[32];
    if (parameter(screen, 0, 0) == 5) {
        screen_reply(screen, "\033[0n");
    } else if (parameter(screen, 0, 0) == 6) {
        (void)qy_snprintf(text, sizeof text, "\033[%s%u;%uR", screen->mark == '?' ? "?" : "",
                          row_told(screen) + 1, screen->cursor.column + 1);
        screen_reply(screen, text);
    }
}

static void tab_clear(struct screen *screen, uint32_t which)
{
    uint32_t column = screen->cursor.column;
    if (which == 0) {
        screen->tabs[column / 8] &= (uint8_t) ~(1u << column % 8);
    } else if (which == 3) {
        memset(screen->tabs, 0, sizeof screen->tabs);
    }
}

static void soft_reset(struct screen *screen)
{
    screen->cursor.is_origin = screen->inserts = screen->is_cursor_hidden = false;
    screen->has_application_cursor = screen->has_application_keypad = false;
    screen->wraps = true;
    screen->top = 0;
    screen->bottom = screen->rows - 1;
    screen->cursor.pen =
        (struct cell){' ', 7, 0, STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND};
    screen->cursor.sets[0] = screen->cursor.sets[1] = 'B';
    screen->cursor.shift = 0;
}

/* What has neither a mark nor an intermediate character. */
static void csi_plain(struct screen *screen, uint8_t final)
{
    switch (final) {
    case '@':
    case 'P':
        characters_shift(screen, final == '@');
        break;
    case 'A':
    case 'B':
    case 'e':
        rows_move(screen, final != 'A');
        break;
    case 'C':
    case 'D':
    case 'a':
        columns_move(screen, final != 'D');
        break;
    case 'E':
    case 'F':
        rows_move(screen, final == 'E');
        screen->cursor.column = 0;
        break;
    case 'G':
    case '`':
        screen_cursor_move(screen, parameter(screen, 0, 1) - 1, row_told(screen));
        break;
    case 'H':
    case 'f':
        screen_cursor_move(screen, parameter(screen, 1, 1) - 1, parameter(screen, 0, 1) - 1);
        break;
    case 'I':
    case 'Z':
        tabs_move(screen, final == 'Z');
        break;
    case 'J':
        display_erase(screen, parameter(screen, 0, 0));
        break;
    case 'K':
        line_erase(screen, parameter(screen, 0, 0));
        break;
    case 'L':
    case 'M':
        lines_shift(screen, final == 'L');
        break;
    case 'S':
        screen_scroll_up(screen, screen->top,
                         least(parameter(screen, 0, 1), screen->bottom - screen->top + 1));
        break;
    case 'T':
        screen_scroll_down(screen, screen->top,
                           least(parameter(screen, 0, 1), screen->bottom - screen->top + 1));
        break;
    case 'X':
        screen_erase(screen, screen->cursor.row, screen->cursor.column,
                     screen->cursor.column +
                         least(parameter(screen, 0, 1), screen->columns - screen->cursor.column));
        break;
    case 'b':
        for (uint32_t i = least(parameter(screen, 0, 1), screen->columns * screen->rows);
             i > 0 && screen->last_character != 0; i--) {
            screen_character(screen, screen->last_character);
        }
        break;
    case 'c':
        screen_reply(screen, "\033[?6c"); /* a VT102 */
        break;
    case 'd':
        screen_cursor_move(screen, screen->cursor.column, parameter(screen, 0, 1) - 1);
        break;
    case 'g':
        tab_clear(screen, parameter(screen, 0, 0));
        break;
    case 'm':
        graphics_set(screen);
        break;
    case 'n':
        report(screen);
        break;
    case 'r':
        margins_set(screen);
        break;
    case 's':
        screen_cursor_save(screen);
        break;
    case 'u':
        screen_cursor_restore(screen);
        break;
    default:
        break;
    }
}

void screen_csi(struct screen *screen, uint8_t final)
{
    if (final == 'h' || final == 'l') {
        if (screen->intermediate == 0) {
            modes_set(screen, final == 'h');
        }
    } else if (screen->intermediate == '!' && final == 'p') {
        soft_reset(screen);
    } else if (screen->mark == '?' && screen->intermediate == 0 && final == 'n') {
        report(screen);
    } else if (screen->mark == '?' && screen->intermediate == 0 && (final == 'J' || final == 'K')) {
        csi_plain(screen, final); /* only what is not protected, and nothing is */
    } else if (screen->mark == '>' && screen->intermediate == 0 && final == 'c') {
        screen_reply(screen, "\033[>0;10;0c");
    } else if (screen->mark == 0 && screen->intermediate == 0) {
        csi_plain(screen, final);
    }
}
