/* SPDX-License-Identifier: MIT */
/* The console's font, made by tools/mkfont from console fonts of Debian. */
#pragma once

#include <stdint.h>

#define FONT_WIDTH  8u
#define FONT_HEIGHT 16u

/* Characters in ascending order, and which glyph each has. A glyph is a byte a row, the leftmost
 * pixel in the highest bit. All in this program, so that no table of addresses is needed. */
#pragma GCC visibility push(hidden)
extern const uint32_t font_character_count;
extern const uint16_t font_characters[];
extern const uint16_t font_glyph_of[];
extern const uint8_t font_glyphs[][FONT_HEIGHT];
#pragma GCC visibility pop

/* The glyph of a character; that of U+FFFD if it has none. */
const uint8_t *font_glyph(uint32_t character);
