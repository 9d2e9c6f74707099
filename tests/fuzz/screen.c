/* SPDX-License-Identifier: MIT */
/* What a terminal shows: any bytes on screens of any size. The cursor stays inside, margins and
 * rows in order, and characters of two columns have two halves. What was drawn step by step is what
 * the last state alone would look like, and a line put above leaves the one with the cursor as it
 * is. */
#include "fuzz/input.h"

#include "../../servers/console/above.h"
#include "../../servers/console/picture.h"

static void row_check(const struct screen *screen, uint32_t row)
{
    const struct cell *cells = screen_row(screen, row);
    bool is_wide = false;
    for (uint32_t column = 0; column < screen->columns; column++) {
        MUST(((cells[column].style & STYLE_WIDE_END) != 0) == is_wide);
        is_wide = (cells[column].style & STYLE_WIDE) != 0;
        MUST((cells[column].character == 0) == ((cells[column].style & STYLE_WIDE_END) != 0));
    }
    MUST(!is_wide);
}

static void check(const struct screen *screen)
{
    bool has[SCREEN_ROWS_MAX] = {false};
    MUST(screen->cursor.column < screen->columns && screen->cursor.row < screen->rows);
    MUST(screen->top < screen->bottom && screen->bottom < screen->rows);
    MUST(screen->reply_count <= SCREEN_REPLIES_MAX);
    for (uint32_t row = 0; row < screen->rows_max; row++) {
        MUST(screen->page->order[row] < screen->rows_max && !has[screen->page->order[row]]);
        has[screen->page->order[row]] = true;
        if (row < screen->rows) {
            row_check(screen, row);
        }
    }
}

/* A line above: the row with the cursor, and the cursor in it, are as they were. */
static void above(struct screen *screen)
{
    struct cell before[SCREEN_COLUMNS_MAX];
    struct cursor cursor = screen->cursor;
    uint8_t *bytes = malloc(8192);

    MUST(bytes != NULL);
    if (above_is_possible(screen)) {
        memcpy(before, screen_row(screen, cursor.row), screen->columns * sizeof before[0]);
        uint32_t count = above_write(screen, "a line of the log", bytes, 8192);
        MUST(count <= 8192);
        for (uint32_t i = 0; i < count; i++) {
            (void)screen_put(screen, bytes[i]);
        }
        MUST(screen->state == SCREEN_GROUND);
        MUST(screen->cursor.column == cursor.column);
        for (uint32_t i = 0; i < screen->columns; i++) {
            MUST(screen_row(screen, screen->cursor.row)[i].character == before[i].character);
        }
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint32_t columns = 2 + (uint32_t)input_take(&input, 1) % 30;
    uint32_t rows = 2 + (uint32_t)input_take(&input, 1) % 12;
    const struct picture_mode mode = {
        .width = columns * FONT_WIDTH,
        .height = rows * FONT_HEIGHT,
        .pitch_bytes = columns * FONT_WIDTH * 4,
        .pixel_bits = 32,
        .red_shift = 16,
        .green_shift = 8,
    };
    size_t pixel_bytes = (size_t)mode.pitch_bytes * mode.height;
    void *memory = calloc(1, screen_bytes(columns, rows));
    uint8_t *pixels = malloc(pixel_bytes), *again = malloc(pixel_bytes);
    struct cell *shown = calloc(columns * rows, sizeof *shown);
    struct screen screen;
    struct picture picture;

    MUST(memory != NULL && pixels != NULL && again != NULL && shown != NULL);
    screen_init(&screen, memory, columns, rows);
    picture_init(&picture, &mode, pixels, shown);
    while (input.left > 0) {
        uint8_t byte = (uint8_t)input_take(&input, 1);
        if (byte == 0x01) {
            screen_resize(&screen, (uint32_t)input_take(&input, 1) % 40,
                          (uint32_t)input_take(&input, 1) % 20);
        } else if (byte == 0x03) {
            above(&screen);
        } else if (byte == 0x02) {
            picture_draw(&picture, &screen);
        } else {
            (void)screen_put(&screen, byte);
        }
        check(&screen);
    }
    picture_draw(&picture, &screen);
    picture_init(&picture, &mode, again, shown);
    picture_draw(&picture, &screen);
    MUST(memcmp(pixels, again, pixel_bytes) == 0);
    free(memory);
    free(pixels);
    free(again);
    free(shown);
    return 0;
}
