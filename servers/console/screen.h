/* SPDX-License-Identifier: MIT */
/*
 * What a terminal shows: a grid of characters that text and escape sequences change, as VT100 and
 * xterm do it (ECMA-48; DEC's VT510 manual; xterm's "Control Sequences"). It draws nothing and
 * makes no system calls.
 *
 *   bytes --> UTF-8 --> parser --> cursor, pen, modes --> cells of one of two pages
 *
 * A page is a grid of cells and the order of its rows, so that scrolling moves no cells:
 *
 *   order   [ 2 | 0 | 1 ]        row 0 of the screen is row 2 of the grid
 *
 * Every sequence, whatever is in it, leaves the cursor inside of the screen and the margins in
 * order; numbers are cut at SCREEN_NUMBER_MAX.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "unicode.h"

#define SCREEN_COLUMNS_MAX    512u
#define SCREEN_ROWS_MAX       256u
#define SCREEN_PARAMETERS_MAX 16u
#define SCREEN_NUMBER_MAX     9999u
#define SCREEN_REPLIES_MAX    64u

/* How a cell looks; colors are numbers of the palette of 256. */
#define STYLE_BOLD               0x0001u
#define STYLE_DIM                0x0002u
#define STYLE_ITALIC             0x0004u
#define STYLE_UNDERLINE          0x0008u
#define STYLE_INVERSE            0x0010u
#define STYLE_HIDDEN             0x0020u
#define STYLE_STRIKE             0x0040u
#define STYLE_DEFAULT_FOREGROUND 0x0080u
#define STYLE_DEFAULT_BACKGROUND 0x0100u
#define STYLE_WIDE               0x0200u /* a character of two columns begins here */
#define STYLE_WIDE_END           0x0400u /* and ends here; the character is 0 */

struct cell {
    uint32_t character; /* a space where nothing was written */
    uint8_t foreground, background;
    uint16_t style;
};

struct cursor {
    uint32_t column, row;
    bool is_past_end; /* the next character goes to the next line */
    bool is_origin;   /* rows count from the top margin */
    struct cell pen;  /* how what is written looks */
    uint8_t sets[2];  /* G0 and G1: 'B' or '0' (line drawing) */
    uint8_t shift;    /* which of them */
};

struct page {
    struct cell *cells;
    uint16_t *order;
    uint8_t *is_continued; /* by row of the grid: the line goes on in the next row */
    struct cursor saved;
};

enum screen_state {
    SCREEN_GROUND,
    SCREEN_ESCAPE,
    SCREEN_ESCAPE_MORE, /* ESC and an intermediate character */
    SCREEN_CSI,
    SCREEN_CSI_IGNORE,
    SCREEN_STRING, /* OSC, DCS and the like: skipped */
};

struct screen {
    uint32_t columns_max, rows_max; /* what there is memory for */
    uint32_t columns, rows;
    struct page pages[2];
    struct page *page; /* the one shown */
    struct cursor cursor;
    uint32_t top, bottom; /* margins: the rows that scroll, the last one included */
    uint8_t tabs[SCREEN_COLUMNS_MAX / 8];

    bool wraps, inserts, is_cursor_hidden;
    bool has_application_cursor, has_application_keypad; /* what keys send */
    bool line_feed_returns;
    bool brackets_pastes;
    uint32_t bells;

    enum screen_state state;
    struct utf8_decoder decoder;
    uint32_t last_character;
    uint32_t parameters[SCREEN_PARAMETERS_MAX];
    uint32_t parameter_count;
    bool has_parameter; /* a digit of the last one was there */
    uint8_t mark;       /* one of < = > ? after CSI, or 0 */
    uint8_t intermediate;
    bool string_escape; /* ESC inside of a string */
    bool is_query;      /* the sequence that has just ended asked for something */

    char replies[SCREEN_REPLIES_MAX]; /* answers, as if they were typed */
    uint32_t reply_count;
};

/* Memory that screen_init wants. */
size_t screen_bytes(uint32_t columns_max, uint32_t rows_max);

/* Empty, of the greatest size; memory is zeroed, and stays the caller's. */
void screen_init(struct screen *screen, void *memory, uint32_t columns_max, uint32_t rows_max);

/* Another size, within what there is memory for (else cut to that); at least 2 by 2. */
void screen_resize(struct screen *screen, uint32_t columns, uint32_t rows);

/* Takes a byte. False: it is part of a sequence, or of a character, that is not complete. Once it
 * is, screen->is_query says that an answer to it stands in `replies`. */
bool screen_put(struct screen *screen, uint8_t byte);

/* Cells of a row that is shown. */
struct cell *screen_row(const struct screen *screen, uint32_t row);

/* Whether the line goes on in the next row. */
bool screen_is_continued(const struct screen *screen, uint32_t row);

static inline bool screen_is_alternate(const struct screen *screen)
{
    return screen->page == &screen->pages[1];
}

/* --- for screen_csi.c ---------------------------------------------------------------------- */

/* CSI ... final: parameters, mark and intermediate stand in the screen. */
void screen_csi(struct screen *screen, uint8_t final);

void screen_reset(struct screen *screen);
void screen_cursor_move(struct screen *screen, uint32_t column, uint32_t row);
void screen_cursor_save(struct screen *screen);
void screen_cursor_restore(struct screen *screen);
void screen_page_show(struct screen *screen, bool is_alternate);
void screen_halves_clear(struct screen *screen, uint32_t row, uint32_t from, uint32_t to);
/* Cells [from, to) of a row. */
void screen_erase(struct screen *screen, uint32_t row, uint32_t from, uint32_t to);
/* The rows from `top` to the bottom margin, by so many up (new rows at the bottom) or down. */
void screen_scroll_up(struct screen *screen, uint32_t top, uint32_t count);
void screen_scroll_down(struct screen *screen, uint32_t top, uint32_t count);
void screen_character(struct screen *screen, uint32_t character);
void screen_tab(struct screen *screen);
void screen_reply(struct screen *screen, const char *text);
