/* SPDX-License-Identifier: MIT */
/*
 * A screen drawn into pixels. The pixels are written only, since a framebuffer is not cached: what
 * stands there is remembered cell by cell, and only cells that differ are drawn.
 *
 *   screen (what it should show) --compare--> shown (what it shows) --draw--> pixels
 */
#pragma once

#include "font.h"
#include "screen.h"

struct picture {
    /* Fixed. */
    uint8_t *pixels;
    uint32_t columns, rows; /* that fit */
    uint32_t pitch_bytes, pixel_bytes;
    uint32_t palette[256];
    struct cell *shown; /* columns * rows */

    uint64_t drawn; /* cells, since the start */
};

struct picture_mode {
    uint32_t width, height, pitch_bytes;
    uint8_t pixel_bits, red_shift, green_shift, blue_shift;
};

/* Whether such pixels can be drawn: 24 or 32 bits, room for two columns and two rows, colors of 8
 * bits that lie inside, `size_bytes` enough. */
bool picture_is_possible(const struct picture_mode *mode, uint64_t size_bytes);

/* For a mode that is possible. `shown` has room for all cells (as many as fit, at most
 * SCREEN_COLUMNS_MAX by SCREEN_ROWS_MAX); the pixels are cleared. */
void picture_init(struct picture *picture, const struct picture_mode *mode, void *pixels,
                  struct cell *shown);

static inline uint32_t picture_columns(const struct picture_mode *mode)
{
    uint32_t columns = mode->width / FONT_WIDTH;
    return columns < SCREEN_COLUMNS_MAX ? columns : SCREEN_COLUMNS_MAX;
}

static inline uint32_t picture_rows(const struct picture_mode *mode)
{
    uint32_t rows = mode->height / FONT_HEIGHT;
    return rows < SCREEN_ROWS_MAX ? rows : SCREEN_ROWS_MAX;
}

/* Draws what has changed. The screen may have fewer columns and rows than the picture; the rest is
 * black. */
void picture_draw(struct picture *picture, const struct screen *screen);
