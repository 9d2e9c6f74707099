/* SPDX-License-Identifier: MIT */
#include "screen.h"
#include <quay/text.h>

#define TAB_STOP 8u

/* --- pages --------------------------------------------------------------------------------- */

size_t screen_bytes(uint32_t columns_max, uint32_t rows_max)
{
    size_t cells = (size_t)columns_max * rows_max * sizeof(struct cell);
    return 2 * (cells + rows_max * (sizeof(uint16_t) + 1));
}

struct cell *screen_row(const struct screen *screen, uint32_t row)
{
    return screen->page->cells + (size_t)screen->page->order[row] * screen->columns_max;
}

bool screen_is_continued(const struct screen *screen, uint32_t row)
{
    return screen->page->is_continued[screen->page->order[row]] != 0;
}

static void continued_set(struct screen *screen, uint32_t row, bool is_continued)
{
    screen->page->is_continued[screen->page->order[row]] = is_continued;
}

/* What is erased has the background of the pen, as xterm does it. */
static struct cell blank(const struct screen *screen)
{
    return (struct cell){
        .character = ' ',
        .foreground = screen->cursor.pen.foreground,
        .background = screen->cursor.pen.background,
        .style = (uint16_t)(screen->cursor.pen.style &
                            (STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND)),
    };
}

/* Without a look at what is there. */
static void cells_clear(struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
    struct cell *cells = screen_row(screen, row);
    struct cell empty = blank(screen);
    for (uint32_t column = from; column < to; column++) {
        cells[column] = empty;
    }
    if (to == screen->columns) {
        continued_set(screen, row, false);
    }
}

/* Where a part of a row is written that begins or ends within a character of two columns, the half
 * outside goes too. */
void screen_halves_clear(struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
    struct cell *cells = screen_row(screen, row);
    if ((cells[from].style & STYLE_WIDE_END) != 0) {
        cells[from - 1] = blank(screen);
    }
    if (to < screen->columns && (cells[to].style & STYLE_WIDE_END) != 0) {
        cells[to] = blank(screen);
    }
}

void screen_erase(struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
    if (from < to) {
        screen_halves_clear(screen, row, from, to);
        cells_clear(screen, row, from, to);
    }
}

static void row_clear(struct screen *screen, uint32_t row)
{
    cells_clear(screen, row, 0, screen->columns);
}

void screen_scroll_up(struct screen *screen, uint32_t top, uint32_t count)
{
    uint16_t *order = screen->page->order;
    for (; count > 0; count--) {
        uint16_t first = order[top];
        memmove(&order[top], &order[top + 1], (screen->bottom - top) * sizeof order[0]);
        order[screen->bottom] = first;
        row_clear(screen, screen->bottom);
    }
}

void screen_scroll_down(struct screen *screen, uint32_t top, uint32_t count)
{
    uint16_t *order = screen->page->order;
    for (; count > 0; count--) {
        uint16_t last = order[screen->bottom];
        memmove(&order[top + 1], &order[top], (screen->bottom - top) * sizeof order[0]);
        order[top] = last;
        row_clear(screen, top);
    }
}

static void page_init(struct screen *screen, struct page *page)
{
    screen->page = page;
    for (uint32_t row = 0; row < screen->rows_max; row++) {
        page->order[row] = (uint16_t)row;
        row_clear(screen, row);
    }
}

/* The alternate page is empty when it is shown; the cursor stays where it is. */
void screen_page_show(struct screen *screen, bool is_alternate)
{
    struct page *page = &screen->pages[is_alternate];
    if (screen->page != page) {
        screen->page = page;
        for (uint32_t row = 0; is_alternate && row < screen->rows; row++) {
            row_clear(screen, row);
        }
    }
}

/* --- the cursor ---------------------------------------------------------------------------- */

/* To a place that is cut to the screen, or to the margins in origin mode. */
void screen_cursor_move(struct screen *screen, uint32_t column, uint32_t row)
{
    uint32_t last = screen->cursor.is_origin ? screen->bottom : screen->rows - 1;
    row += screen->cursor.is_origin ? screen->top : 0;
    screen->cursor.column = column < screen->columns ? column : screen->columns - 1;
    screen->cursor.row = row < last ? row : last;
    screen->cursor.is_past_end = false;
}

void screen_cursor_save(struct screen *screen)
{
    screen->page->saved = screen->cursor;
}

void screen_cursor_restore(struct screen *screen)
{
    screen->cursor = screen->page->saved;
    if (screen->cursor.column >= screen->columns) { /* it was another size then */
        screen->cursor.column = screen->columns - 1;
    }
    if (screen->cursor.row >= screen->rows) {
        screen->cursor.row = screen->rows - 1;
    }
}

static struct cursor cursor_initial(void)
{
    return (struct cursor){
        .pen = {.character = ' ',
                .foreground = 7,
                .style = STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND},
        .sets = {'B', 'B'},
    };
}

void screen_reset(struct screen *screen)
{
    screen->cursor = cursor_initial();
    screen->top = 0;
    screen->bottom = screen->rows - 1;
    memset(screen->tabs, 0, sizeof screen->tabs);
    for (uint32_t column = 0; column < SCREEN_COLUMNS_MAX; column += TAB_STOP) {
        screen->tabs[column / 8] |= (uint8_t)(1u << column % 8);
    }
    screen->wraps = true;
    screen->inserts = screen->is_cursor_hidden = screen->line_feed_returns = false;
    screen->has_application_cursor = screen->has_application_keypad = false;
    screen->brackets_pastes = false;
    for (uint32_t i = 0; i < 2; i++) {
        screen->pages[i].saved = screen->cursor;
        page_init(screen, &screen->pages[1 - i]); /* the main one last: it is shown */
    }
}

void screen_init(struct screen *screen, void *memory, uint32_t columns_max, uint32_t rows_max)
{
    size_t cells = (size_t)columns_max * rows_max;
    uint8_t *at = memory;
    memset(screen, 0, sizeof *screen);
    screen->columns_max = screen->columns = columns_max;
    screen->rows_max = screen->rows = rows_max;
    for (uint32_t i = 0; i < 2; i++, at += cells * sizeof(struct cell)) {
        screen->pages[i].cells = (struct cell *)(void *)at;
    }
    for (uint32_t i = 0; i < 2; i++, at += rows_max * sizeof(uint16_t)) {
        screen->pages[i].order = (uint16_t *)(void *)at;
    }
    for (uint32_t i = 0; i < 2; i++, at += rows_max) {
        screen->pages[i].is_continued = at;
    }
    screen_reset(screen);
}

static uint32_t bound(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

void screen_resize(struct screen *screen, uint32_t columns, uint32_t rows)
{
    struct page *shown = screen->page;
    uint32_t old_columns = screen->columns, old_rows = screen->rows;
    columns = bound(columns, 2, screen->columns_max);
    rows = bound(rows, 2, screen->rows_max);
    /* The line of the cursor stays: what is above it goes. */
    if (screen->cursor.row >= rows) {
        screen->top = 0;
        screen->bottom = old_rows - 1;
        screen_scroll_up(screen, 0, screen->cursor.row - (rows - 1));
        screen->cursor.row = rows - 1;
    }
    screen->columns = columns;
    screen->rows = rows;
    screen->top = 0;
    screen->bottom = rows - 1;
    for (uint32_t i = 0; i < 2; i++) {
        screen->page = &screen->pages[i];
        for (uint32_t row = 0; row < rows; row++) {
            if (row >= old_rows) {
                row_clear(screen, row);
            } else if (columns > old_columns) {
                cells_clear(screen, row, old_columns, columns);
            } else if ((screen_row(screen, row)[columns - 1].style & STYLE_WIDE) != 0) {
                cells_clear(screen, row, columns - 1, columns);
            }
        }
    }
    screen->page = shown;
    screen->cursor.column = bound(screen->cursor.column, 0, columns - 1);
    screen->cursor.is_past_end = false;
}

/* --- text ---------------------------------------------------------------------------------- */

static void line_down(struct screen *screen)
{
    if (screen->cursor.row == screen->bottom) {
        screen_scroll_up(screen, screen->top, 1);
    } else if (screen->cursor.row < screen->rows - 1) {
        screen->cursor.row++;
    }
    screen->cursor.is_past_end = false;
}

static void line_up(struct screen *screen)
{
    if (screen->cursor.row == screen->top) {
        screen_scroll_down(screen, screen->top, 1);
    } else if (screen->cursor.row > 0) {
        screen->cursor.row--;
    }
    screen->cursor.is_past_end = false;
}

void screen_tab(struct screen *screen)
{
    uint32_t column = screen->cursor.column;
    do {
        column++;
    } while (column < screen->columns - 1 && (screen->tabs[column / 8] >> column % 8 & 1) == 0);
    screen->cursor.column = bound(column, 0, screen->columns - 1);
}

/* DEC's special graphics: the characters from _ on. */
static uint32_t line_drawing(uint32_t character)
{
    static const uint16_t set[] = {
        0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b,
        0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c,
        0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
    };
    return character >= '_' && character < '_' + sizeof set / sizeof set[0] ? set[character - '_']
                                                                            : character;
}

static void cells_insert(struct screen *screen, uint32_t count)
{
    struct cell *cells = screen_row(screen, screen->cursor.row);
    uint32_t column = screen->cursor.column, last = screen->columns - 1;
    for (uint32_t to = last; to >= column + count; to--) {
        cells[to] = cells[to - count];
    }
    if ((cells[last].style & STYLE_WIDE) != 0) { /* its second half has gone */
        cells[last] = blank(screen);
    }
}

void screen_character(struct screen *screen, uint32_t character)
{
    struct cursor *cursor = &screen->cursor;
    if (cursor->sets[cursor->shift] == '0') {
        character = line_drawing(character);
    }
    uint32_t width = character_width(character);
    if (width == 0) {
        return; /* combining characters are not shown */
    }
    bool does_not_fit = cursor->is_past_end || cursor->column + width > screen->columns;
    if (does_not_fit && screen->wraps) {
        continued_set(screen, cursor->row, true);
        cursor->column = 0;
        line_down(screen);
    } else if (does_not_fit) {
        cursor->column = screen->columns - width;
    }
    if (screen->inserts) {
        cells_insert(screen, width);
    }
    struct cell *cells = screen_row(screen, cursor->row);
    screen_halves_clear(screen, cursor->row, cursor->column, cursor->column + width);
    cells[cursor->column] = cursor->pen;
    cells[cursor->column].character = character;
    if (width == 2) {
        cells[cursor->column].style |= STYLE_WIDE;
        cells[cursor->column + 1] = cursor->pen;
        cells[cursor->column + 1].character = 0;
        cells[cursor->column + 1].style |= STYLE_WIDE_END;
    }
    cursor->column += width;
    cursor->is_past_end = false;
    if (cursor->column == screen->columns) {
        cursor->column--;
        cursor->is_past_end = screen->wraps;
    }
    screen->last_character = character;
}

static void control(struct screen *screen, uint8_t byte)
{
    struct cursor *cursor = &screen->cursor;
    switch (byte) {
    case '\a':
        screen->bells++;
        break;
    case '\b':
        cursor->column -= cursor->column > 0;
        cursor->is_past_end = false;
        break;
    case '\t':
        screen_tab(screen);
        break;
    case '\n':
    case '\v':
    case '\f':
        continued_set(screen, cursor->row, false);
        line_down(screen);
        if (screen->line_feed_returns) {
            cursor->column = 0;
        }
        break;
    case '\r':
        cursor->column = 0;
        cursor->is_past_end = false;
        break;
    case 14:
    case 15:
        cursor->shift = byte == 14;
        break;
    default:
        break;
    }
}

/* --- the parser ---------------------------------------------------------------------------- */

void screen_reply(struct screen *screen, const char *text)
{
    size_t length = strlen(text);
    screen->is_query = true;
    if (length <= SCREEN_REPLIES_MAX - screen->reply_count) {
        memcpy(screen->replies + screen->reply_count, text, length);
        screen->reply_count += (uint32_t)length;
    }
}

/* ESC, perhaps an intermediate character, and this. */
static void escape(struct screen *screen, uint8_t byte)
{
    if (screen->intermediate == '(' || screen->intermediate == ')') {
        screen->cursor.sets[screen->intermediate == ')'] = byte == '0' ? '0' : 'B';
        return;
    }
    if (screen->intermediate == '#' && byte == '8') { /* DECALN: the screen full of E */
        for (uint32_t row = 0; row < screen->rows; row++) {
            row_clear(screen, row);
            for (uint32_t column = 0; column < screen->columns; column++) {
                screen_row(screen, row)[column].character = 'E';
            }
        }
        return;
    }
    if (screen->intermediate != 0) {
        return;
    }
    switch (byte) {
    case '7':
        screen_cursor_save(screen);
        break;
    case '8':
        screen_cursor_restore(screen);
        break;
    case 'D':
        line_down(screen);
        break;
    case 'E':
        screen->cursor.column = 0;
        line_down(screen);
        break;
    case 'H':
        screen->tabs[screen->cursor.column / 8] |= (uint8_t)(1u << screen->cursor.column % 8);
        break;
    case 'M':
        line_up(screen);
        break;
    case 'Z':
        screen_reply(screen, "\033[?6c");
        break;
    case 'c':
        screen_reset(screen);
        break;
    case '=':
    case '>':
        screen->has_application_keypad = byte == '=';
        break;
    default:
        break;
    }
}

static void csi_begin(struct screen *screen)
{
    screen->state = SCREEN_CSI;
    screen->parameter_count = 0;
    screen->has_parameter = false;
    screen->mark = screen->intermediate = 0;
    memset(screen->parameters, 0, sizeof screen->parameters);
}

static void csi_digit(struct screen *screen, uint8_t byte)
{
    uint32_t *parameter = &screen->parameters[screen->parameter_count];
    uint32_t value = *parameter * 10 + (byte - '0');
    *parameter = value < SCREEN_NUMBER_MAX ? value : SCREEN_NUMBER_MAX;
    screen->has_parameter = true;
}

static void csi_put(struct screen *screen, uint8_t byte)
{
    if (byte >= 0x40 && byte <= 0x7e) {
        screen->parameter_count +=
            screen->has_parameter && screen->parameter_count < SCREEN_PARAMETERS_MAX;
        screen->state = SCREEN_GROUND;
        screen_csi(screen, byte);
    } else if (byte >= '0' && byte <= '9' && screen->intermediate == 0) {
        if (screen->parameter_count < SCREEN_PARAMETERS_MAX) {
            csi_digit(screen, byte);
        }
    } else if ((byte == ';' || byte == ':') && screen->intermediate == 0) {
        screen->parameter_count += screen->parameter_count < SCREEN_PARAMETERS_MAX;
        screen->has_parameter = true; /* an empty one is one, too */
        if (screen->parameter_count == SCREEN_PARAMETERS_MAX) {
            screen->has_parameter = false;
        }
    } else if (byte >= 0x3c && byte <= 0x3f && screen->parameter_count == 0 &&
               !screen->has_parameter && screen->mark == 0) {
        screen->mark = byte;
    } else if (byte >= 0x20 && byte <= 0x2f && screen->intermediate == 0) {
        screen->intermediate = byte;
    } else {
        screen->state = SCREEN_CSI_IGNORE;
    }
}

static void escape_put(struct screen *screen, uint8_t byte)
{
    if (byte >= 0x20 && byte <= 0x2f) {
        screen->intermediate = screen->state == SCREEN_ESCAPE ? byte : 0xff;
        screen->state = SCREEN_ESCAPE_MORE;
    } else if (screen->state == SCREEN_ESCAPE && byte == '[') {
        csi_begin(screen);
    } else if (screen->state == SCREEN_ESCAPE &&
               (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')) {
        screen->state = SCREEN_STRING;
        screen->string_escape = false;
    } else {
        screen->state = SCREEN_GROUND;
        escape(screen, byte);
    }
}

/* Until BEL or ESC \; another ESC begins a new sequence. */
static void string_put(struct screen *screen, uint8_t byte)
{
    if (screen->string_escape && byte != '\\') {
        screen->state = SCREEN_ESCAPE;
        screen->intermediate = 0;
        escape_put(screen, byte);
    } else if (screen->string_escape || byte == '\a') {
        screen->state = SCREEN_GROUND;
    }
    screen->string_escape = byte == 033 && screen->state == SCREEN_STRING;
}

static void sequence_put(struct screen *screen, uint8_t byte)
{
    if (screen->state == SCREEN_STRING) {
        string_put(screen, byte);
    } else if (byte < 0x20) {
        control(screen, byte); /* in the middle of a sequence it does what it always does */
    } else if (byte >= 0x7f) {
        screen->state = byte == 0x7f ? screen->state : SCREEN_GROUND;
    } else if (screen->state == SCREEN_CSI) {
        csi_put(screen, byte);
    } else if (screen->state == SCREEN_CSI_IGNORE) {
        screen->state = byte >= 0x40 ? SCREEN_GROUND : SCREEN_CSI_IGNORE;
    } else {
        escape_put(screen, byte);
    }
}

static void ground_put(struct screen *screen, uint8_t byte)
{
    uint32_t characters[2];
    uint32_t count = utf8_decode(&screen->decoder, byte, characters);
    for (uint32_t i = 0; i < count; i++) {
        if (characters[i] < 0x20) {
            control(screen, (uint8_t)characters[i]);
        } else if (characters[i] != 0x7f && (characters[i] < 0x80 || characters[i] >= 0xa0)) {
            screen_character(screen, characters[i]);
        }
    }
}

bool screen_put(struct screen *screen, uint8_t byte)
{
    if (screen->state == SCREEN_GROUND) {
        screen->is_query = false;
    }
    if (byte == 030 || byte == 032) { /* CAN, SUB */
        screen->state = SCREEN_GROUND;
    } else if (byte == 033 && screen->state != SCREEN_STRING) {
        screen->state = SCREEN_ESCAPE;
        screen->intermediate = 0;
        screen->decoder.left = 0;
    } else if (screen->state == SCREEN_GROUND) {
        ground_put(screen, byte);
    } else {
        sequence_put(screen, byte);
    }
    return screen->state == SCREEN_GROUND && screen->decoder.left == 0;
}
