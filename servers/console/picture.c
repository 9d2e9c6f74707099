/* SPDX-License-Identifier: MIT */
#include "picture.h"

#define BRIGHT        8u
#define COLOR_DEFAULT 7u
#define COLOR_EMPTY   0u
#define CUBE_FIRST    16u
#define GRAYS_FIRST   232u

const uint8_t *font_glyph(uint32_t character)
{
    uint32_t low = 0, high = font_character_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (font_characters[middle] < character) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < font_character_count && font_characters[low] == character) {
        return font_glyphs[font_glyph_of[low]];
    }
    return character == UNICODE_REPLACEMENT ? font_glyphs[0] : font_glyph(UNICODE_REPLACEMENT);
}

/* --- colors -------------------------------------------------------------------------------- */

static uint32_t color_of(const struct picture_mode *mode, uint32_t rgb)
{
    return (rgb >> 16 & 0xff) << mode->red_shift | (rgb >> 8 & 0xff) << mode->green_shift |
           (rgb & 0xff) << mode->blue_shift;
}

/* xterm's. */
static uint32_t palette_rgb(uint32_t index)
{
    static const uint32_t first[16] = {
        0x000000, 0xcd3131, 0x0dbc79, 0xe5e510, 0x2472c8, 0xbc3fbc, 0x11a8cd, 0xc8c8c8,
        0x666666, 0xf14c4c, 0x23d18b, 0xf5f543, 0x3b8eea, 0xd670d6, 0x29b8db, 0xffffff,
    };
    static const uint8_t steps[6] = {0, 95, 135, 175, 215, 255};
    if (index < CUBE_FIRST) {
        return first[index];
    }
    if (index < GRAYS_FIRST) {
        index -= CUBE_FIRST;
        return (uint32_t)steps[index / 36] << 16 | (uint32_t)steps[index / 6 % 6] << 8 |
               steps[index % 6];
    }
    uint32_t gray = 8 + 10 * (index - GRAYS_FIRST);
    return gray << 16 | gray << 8 | gray;
}

bool picture_is_possible(const struct picture_mode *mode, uint64_t size_bytes)
{
    uint32_t bits = mode->pixel_bits;
    if ((bits != 24 && bits != 32) || mode->red_shift > bits - 8 || mode->green_shift > bits - 8 ||
        mode->blue_shift > bits - 8) {
        return false;
    }
    return mode->width >= 2 * FONT_WIDTH && mode->height >= 2 * FONT_HEIGHT &&
           mode->width <= mode->pitch_bytes / (bits / 8) &&
           (uint64_t)mode->pitch_bytes * mode->height <= size_bytes;
}

void picture_init(struct picture *picture, const struct picture_mode *mode, void *pixels,
                  struct cell *shown)
{
    *picture = (struct picture){
        .pixels = pixels,
        .columns = picture_columns(mode),
        .rows = picture_rows(mode),
        .pitch_bytes = mode->pitch_bytes,
        .pixel_bytes = mode->pixel_bits / 8u,
        .shown = shown,
    };
    for (uint32_t i = 0; i < 256; i++) {
        picture->palette[i] = color_of(mode, palette_rgb(i));
    }
    for (uint32_t i = 0; i < picture->columns * picture->rows; i++) {
        shown[i] = (struct cell){.character = ' '};
    }
    uint64_t words = (uint64_t)mode->pitch_bytes * mode->height / sizeof(uint64_t);
    for (uint64_t i = 0; i < words; i++) {
        __builtin_memset(picture->pixels + i * sizeof(uint64_t), 0, sizeof(uint64_t));
    }
}

/* --- cells --------------------------------------------------------------------------------- */

struct look {
    uint32_t foreground, background; /* pixels */
    bool is_bold, is_underlined, is_struck;
};

static struct look look_of(const struct picture *picture, const struct cell *cell)
{
    uint32_t style = cell->style;
    uint32_t foreground =
        (style & STYLE_DEFAULT_FOREGROUND) != 0 ? COLOR_DEFAULT : cell->foreground;
    uint32_t background = (style & STYLE_DEFAULT_BACKGROUND) != 0 ? COLOR_EMPTY : cell->background;
    if ((style & STYLE_BOLD) != 0 && foreground < BRIGHT) {
        foreground += BRIGHT;
    } else if ((style & STYLE_DIM) != 0 && (foreground == COLOR_DEFAULT)) {
        foreground = BRIGHT; /* dark gray */
    }
    if ((style & STYLE_INVERSE) != 0) {
        uint32_t other = foreground;
        foreground = background;
        background = other;
    }
    if ((style & STYLE_HIDDEN) != 0) {
        foreground = background;
    }
    return (struct look){
        .foreground = picture->palette[foreground],
        .background = picture->palette[background],
        .is_bold = (style & STYLE_BOLD) != 0,
        .is_underlined = (style & STYLE_UNDERLINE) != 0,
        .is_struck = (style & STYLE_STRIKE) != 0,
    };
}

/* Eight pixels, in whole words. */
static void bits_draw_32(uint8_t *to, uint32_t bits, const struct look *look)
{
    for (uint32_t i = 0; i < FONT_WIDTH; i += 2) {
        uint64_t left = (bits >> (7 - i) & 1) != 0 ? look->foreground : look->background;
        uint64_t right = (bits >> (6 - i) & 1) != 0 ? look->foreground : look->background;
        uint64_t word = left | right << 32;
        __builtin_memcpy(to + i * sizeof(uint32_t), &word, sizeof word);
    }
}

static void bits_draw_24(uint8_t *to, uint32_t bits, const struct look *look)
{
    uint64_t words[3] = {0};
    for (uint32_t i = 0; i < FONT_WIDTH; i++) {
        uint64_t pixel = (bits >> (7 - i) & 1) != 0 ? look->foreground : look->background;
        uint32_t at = i * 24;
        words[at / 64] |= pixel << at % 64;
        if (at % 64 > 40) {
            words[at / 64 + 1] |= pixel >> (64 - at % 64);
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        __builtin_memcpy(to + i * sizeof(uint64_t), &words[i], sizeof(uint64_t));
    }
}

static void cell_draw(struct picture *picture, uint32_t column, uint32_t row,
                      const struct cell *cell)
{
    struct look look = look_of(picture, cell);
    const uint8_t *glyph = font_glyph(cell->character != 0 ? cell->character : ' ');
    uint8_t *to = picture->pixels + (size_t)row * FONT_HEIGHT * picture->pitch_bytes +
                  (size_t)column * FONT_WIDTH * picture->pixel_bytes;
    for (uint32_t y = 0; y < FONT_HEIGHT; y++, to += picture->pitch_bytes) {
        uint32_t bits = glyph[y];
        bits |= look.is_bold ? bits >> 1 : 0;
        if ((look.is_underlined && y == FONT_HEIGHT - 2) ||
            (look.is_struck && y == FONT_HEIGHT / 2)) {
            bits = 0xff;
        }
        if (picture->pixel_bytes == 4) {
            bits_draw_32(to, bits, &look);
        } else {
            bits_draw_24(to, bits, &look);
        }
    }
    picture->drawn++;
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    uint64_t words[2];
    _Static_assert(sizeof *a == sizeof words[0], "a cell is a word");
    __builtin_memcpy(&words[0], a, sizeof words[0]);
    __builtin_memcpy(&words[1], b, sizeof words[1]);
    return words[0] == words[1];
}

static void row_draw(struct picture *picture, const struct screen *screen, uint32_t row)
{
    struct cell *shown = picture->shown + (size_t)row * picture->columns;
    const struct cell *cells = row < screen->rows ? screen_row(screen, row) : NULL;
    bool has_cursor = row == screen->cursor.row && !screen->is_cursor_hidden;
    for (uint32_t column = 0; column < picture->columns; column++) {
        struct cell wanted = {.character = ' '};
        if (cells != NULL && column < screen->columns) {
            wanted = cells[column];
        }
        if (has_cursor && column == screen->cursor.column) {
            wanted.style ^= STYLE_INVERSE;
        }
        if (!is_same(&wanted, &shown[column])) {
            cell_draw(picture, column, row, &wanted);
            shown[column] = wanted;
        }
    }
}

void picture_draw(struct picture *picture, const struct screen *screen)
{
    for (uint32_t row = 0; row < picture->rows; row++) {
        row_draw(picture, screen, row);
    }
}
