/* SPDX-License-Identifier: MIT */
/* Text in a framebuffer that ends where its allocation ends. */
#include "unit/property.h"
#include <stdlib.h>
#include <string.h>

#include "arch/mmu.h"
#include "arch/x86_64/screen.h"

#define COLUMNS 3u
#define LINES   3u
#define BYTES   3u /* a pixel */
#define PITCH   (COLUMNS * FONT_WIDTH * BYTES + 8)
#define HEIGHT  (LINES * FONT_HEIGHT + 5)

static uint8_t *x_pixels;

void *arch_direct_map(struct paddr address)
{
    assert_int_equal(address.value, 0xfd000000);
    return x_pixels;
}

static struct boot_info usable(void)
{
    return (struct boot_info){.framebuffer = paddr_of(0xfd000000),
                              .framebuffer_width = COLUMNS * FONT_WIDTH + 1,
                              .framebuffer_height = HEIGHT,
                              .framebuffer_pitch = PITCH,
                              .framebuffer_bpp = BYTES * 8};
}

static void write_text(const char *text)
{
    x86_screen_write(text, strlen(text));
}

/* The character whose glyph stands there; 0 if none does. */
static char shown(unsigned column, unsigned line)
{
    uint8_t rows[FONT_HEIGHT] = {0};

    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        for (unsigned x = 0; x < FONT_WIDTH; x++) {
            const uint8_t *pixel =
                x_pixels + (line * FONT_HEIGHT + y) * PITCH + (column * FONT_WIDTH + x) * BYTES;
            assert_true(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
            rows[y] |= (uint8_t)(pixel[0] != 0 ? 0x80u >> x : 0);
        }
    }
    for (unsigned i = 0; i < FONT_GLYPHS; i++) {
        if (memcmp(rows, x86_font[i], FONT_HEIGHT) == 0) {
            return (char)(FONT_FIRST + i);
        }
    }
    return 0;
}

static void assert_line(unsigned line, const char *text)
{
    for (unsigned column = 0; column < COLUMNS; column++) {
        assert_int_equal(shown(column, line), text[column]);
    }
}

static void test_screen_that_cannot_be_used_is_left_alone(void **state)
{
    struct boot_info bad[7];
    uint64_t start = 1, end = 1;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        bad[i] = usable();
    }
    bad[0].framebuffer_width = 0;
    bad[1].framebuffer_bpp = 16;
    bad[2].framebuffer_bpp = 64;
    bad[3].framebuffer_pitch = COLUMNS * FONT_WIDTH * BYTES - 1;
    bad[4].framebuffer_height = FONT_HEIGHT * 2 - 1;
    bad[5].framebuffer = paddr_of(0x100000000);
    bad[6].framebuffer_height = UINT32_MAX;
    for (unsigned i = 0; i < 7; i++) {
        x86_screen_init(&bad[i]);
        write_text("abc\n");
        x86_screen_range(&start, &end);
        assert_true(start == 0 && end == 0);
    }
}

static void test_screen_shows_text_and_goes_on_at_the_top(void **state)
{
    struct boot_info info = usable();
    uint64_t start, end;

    (void)state;
    x_pixels = malloc(PITCH * HEIGHT);
    memset(x_pixels, 0xee, PITCH * HEIGHT);
    x86_screen_init(&info);
    x86_screen_range(&start, &end);
    assert_int_equal(start, 0xfd000000);
    assert_int_equal(end, start + PITCH * FONT_HEIGHT * LINES);
    for (unsigned line = 0; line < LINES; line++) {
        assert_line(line, "   ");
    }
    write_text("ab~\n");
    assert_line(0, "ab~");
    write_text("A\tB"); /* what has no glyph is a question mark */
    assert_line(1, "A?B");
    assert_line(2, "   ");
    write_text("cdef"); /* a long line goes on in the next, which is at the top */
    assert_line(2, "cde");
    assert_line(0, "f  ");
    assert_line(1, "   "); /* the one below the newest is empty */
    write_text("\n");
    assert_line(2, "   ");
    free(x_pixels);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_that_cannot_be_used_is_left_alone),
        cmocka_unit_test(test_screen_shows_text_and_goes_on_at_the_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
