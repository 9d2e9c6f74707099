/* SPDX-License-Identifier: MIT */
#include "above.h"
#include <quay/text.h>

#define PIECE_MAX 64u /* bytes of one cell with its look */

struct out {
    uint8_t *to;
    uint32_t count, max;
};

static void text_put(struct out *out, const char *text)
{
    size_t length = strlen(text);
    if (length <= out->max - out->count) {
        memcpy(out->to + out->count, text, length);
        out->count += (uint32_t)length;
    }
}

static void move_put(struct out *out, uint32_t count, char direction)
{
    char text[16];
    if (count > 0) {
        (void)qy_snprintf(text, sizeof text, "\033[%u%c", count, direction);
        text_put(out, text);
    }
}

/* SGR that makes the pen look like this cell. */
static void look_put(struct out *out, const struct cell *cell)
{
    static const struct {
        uint16_t style;
        uint8_t number;
    } styles[] = {
        {STYLE_BOLD, 1},    {STYLE_DIM, 2},    {STYLE_ITALIC, 3}, {STYLE_UNDERLINE, 4},
        {STYLE_INVERSE, 7}, {STYLE_HIDDEN, 8}, {STYLE_STRIKE, 9},
    };
    char text[16];
    text_put(out, "\033[0");
    for (uint32_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        if ((cell->style & styles[i].style) != 0) {
            (void)qy_snprintf(text, sizeof text, ";%u", styles[i].number);
            text_put(out, text);
        }
    }
    if ((cell->style & STYLE_DEFAULT_FOREGROUND) == 0) {
        (void)qy_snprintf(text, sizeof text, ";38;5;%u", cell->foreground);
        text_put(out, text);
    }
    if ((cell->style & STYLE_DEFAULT_BACKGROUND) == 0) {
        (void)qy_snprintf(text, sizeof text, ";48;5;%u", cell->background);
        text_put(out, text);
    }
    text_put(out, "m");
}

static bool is_plain(const struct cell *cell)
{
    return cell->character == ' ' &&
           cell->style == (STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND);
}

static bool has_same_look(const struct cell *a, const struct cell *b)
{
    uint16_t halves = STYLE_WIDE | STYLE_WIDE_END;
    return a->foreground == b->foreground && a->background == b->background &&
           (a->style & ~halves) == (b->style & ~halves);
}

/* Cells up to the last that is not blank, and at least `least`; all of a row that goes on in the
 * next. */
static uint32_t row_length(const struct screen *screen, uint32_t row, uint32_t least)
{
    const struct cell *cells = screen_row(screen, row);
    uint32_t length = screen->columns;
    while (!screen_is_continued(screen, row) && length > least && is_plain(&cells[length - 1])) {
        length--;
    }
    return length;
}

/* Returns how many columns were written. */
static uint32_t row_put(struct out *out, const struct screen *screen, uint32_t row, uint32_t least,
                        struct cell *pen)
{
    const struct cell *cells = screen_row(screen, row);
    uint32_t length = row_length(screen, row, least);
    for (uint32_t column = 0; column < length && out->max - out->count >= PIECE_MAX; column++) {
        const struct cell *cell = &cells[column];
        if (cell->character == 0) {
            continue; /* the second half of the one before */
        }
        if (!has_same_look(cell, pen)) {
            look_put(out, cell);
            *pen = *cell;
        }
        out->count += utf8_encode(cell->character, out->to + out->count);
    }
    return length;
}

/* How much of a row has to be written at least: up to the cursor, and something in each but the
 * first row of the line, because that is what gets the cursor there. */
static uint32_t row_least(const struct screen *screen, uint32_t row, uint32_t first)
{
    uint32_t least = row > first ? 1 : 0;
    if (row == screen->cursor.row) {
        uint32_t column = screen->cursor.is_past_end ? screen->columns : screen->cursor.column;
        least = least < column ? column : least;
    }
    return least;
}

bool above_is_possible(const struct screen *screen)
{
    return !screen_is_alternate(screen) && screen->state == SCREEN_GROUND &&
           screen->decoder.left == 0 && screen->top == 0 && screen->bottom == screen->rows - 1 &&
           !screen->cursor.is_origin && !screen->inserts && screen->wraps &&
           !screen->is_cursor_hidden && screen->cursor.sets[screen->cursor.shift] == 'B';
}

static void message_put(struct out *out, const char *text)
{
    for (; *text != 0 && out->max - out->count >= PIECE_MAX; text++) {
        uint8_t byte = (uint8_t)*text;
        out->to[out->count++] = byte < ' ' || byte == 0x7f ? '?' : byte;
    }
    text_put(out, "\r\n");
}

uint32_t above_write(const struct screen *screen, const char *text, uint8_t *to, uint32_t max)
{
    struct out out = {to, 0, max};
    struct cell pen = {' ', 7, 0, STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND};
    uint32_t row = screen->cursor.row, first = row, last = row;
    while (first > 0 && screen_is_continued(screen, first - 1)) {
        first--;
    }
    while (last < screen->rows - 1 && screen_is_continued(screen, last)) {
        last++;
    }
    text_put(&out, "\r");
    move_put(&out, row - first, 'A');
    text_put(&out, "\033[0m\033[J");
    message_put(&out, text);
    uint32_t length = 0;
    for (uint32_t i = first; i <= last; i++) {
        length = row_put(&out, screen, i, row_least(screen, i, first), &pen);
    }
    if (row != last || (!screen->cursor.is_past_end && length != screen->cursor.column)) {
        text_put(&out, "\r");
        move_put(&out, last - row, 'A');
        move_put(&out, screen->cursor.column, 'C');
    }
    if (!has_same_look(&screen->cursor.pen, &pen)) {
        look_put(&out, &screen->cursor.pen);
    }
    return out.count;
}
