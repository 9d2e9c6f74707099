/* SPDX-License-Identifier: MIT */
/*
 * Text in a framebuffer. Nothing is read from it or moved in it, since it is not cached: behind the
 * last line the text goes on at the top, and the line below the newest is empty.
 */
#include "arch/x86_64/screen.h"
#include "arch/mmu.h"
#include "lib/string.h"

#define SCREEN_LIMIT 0x100000000ul /* boot.S maps 4 GiB */
#define GRAY         0xc0          /* of each color */

static struct {
    char *pixels; /* NULL: no screen */
    uint64_t start, line_bytes;
    unsigned pitch, pixel_bytes, columns, lines;
    unsigned column, line;
} x_screen;

static void line_clear(unsigned line)
{
    memset(x_screen.pixels + line * x_screen.line_bytes, 0, x_screen.line_bytes);
}

void x86_screen_init(const struct boot_info *info)
{
    const uint64_t start = info->framebuffer.value;
    const unsigned pitch = info->framebuffer_pitch;
    const unsigned pixel_bytes = info->framebuffer_bpp / 8;
    const unsigned columns = info->framebuffer_width / FONT_WIDTH;
    const unsigned lines = info->framebuffer_height / FONT_HEIGHT;

    if (pixel_bytes < 3 || pixel_bytes > 4 || columns == 0 || lines < 2 ||
        columns > pitch / (pixel_bytes * FONT_WIDTH) || start >= SCREEN_LIMIT ||
        (uint64_t)pitch * info->framebuffer_height > SCREEN_LIMIT - start) {
        return;
    }
    x_screen.pixels = arch_direct_map(info->framebuffer);
    x_screen.start = start;
    x_screen.line_bytes = (uint64_t)pitch * FONT_HEIGHT;
    x_screen.pitch = pitch;
    x_screen.pixel_bytes = pixel_bytes;
    x_screen.columns = columns;
    x_screen.lines = lines;
    for (unsigned line = 0; line < lines; line++) {
        line_clear(line);
    }
}

void x86_screen_range(uint64_t *ret_start, uint64_t *ret_end)
{
    *ret_start = x_screen.start;
    *ret_end = x_screen.start + x_screen.lines * x_screen.line_bytes;
}

static void line_feed(void)
{
    x_screen.column = 0;
    x_screen.line = (x_screen.line + 1) % x_screen.lines;
    line_clear(x_screen.line);
    line_clear((x_screen.line + 1) % x_screen.lines);
}

static void glyph_draw(char c)
{
    unsigned index = (unsigned char)c - FONT_FIRST;
    const uint8_t *glyph = x86_font[index < FONT_GLYPHS ? index : '?' - FONT_FIRST];

    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        char *pixel = x_screen.pixels + x_screen.line * x_screen.line_bytes + y * x_screen.pitch +
                      x_screen.column * FONT_WIDTH * x_screen.pixel_bytes;
        for (unsigned x = 0; x < FONT_WIDTH; x++) {
            memset(pixel, glyph[y] & (0x80u >> x) ? GRAY : 0, x_screen.pixel_bytes);
            pixel += x_screen.pixel_bytes;
        }
    }
}

void x86_screen_write(const char *text, size_t length)
{
    if (x_screen.pixels == NULL) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || x_screen.column == x_screen.columns) {
            line_feed();
        }
        if (text[i] != '\n') {
            glyph_draw(text[i]);
            x_screen.column++;
        }
    }
}
