/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../../servers/console/above.h"
#include "../../../servers/console/picture.h"

#define COLUMNS 10u
#define ROWS    4u

static struct screen screen;
static void *memory;

static int begin(void **state)
{
    (void)state;
    memory = calloc(1, screen_bytes(COLUMNS, ROWS));
    assert_non_null(memory);
    screen_init(&screen, memory, COLUMNS, ROWS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void show(const char *text)
{
    for (; *text != 0; text++) {
        (void)screen_put(&screen, (uint8_t)*text);
    }
}

/* The rows as text, each ending with |; blanks at the end are left out. */
static void expect(const char *wanted)
{
    char found[512];
    size_t length = 0;
    for (uint32_t row = 0; row < screen.rows; row++) {
        size_t last = length;
        for (uint32_t column = 0; column < screen.columns; column++) {
            uint32_t character = screen_row(&screen, row)[column].character;
            if (character != 0) {
                length += utf8_encode(character, (uint8_t *)found + length);
            }
            if (character != ' ') {
                last = length;
            }
        }
        length = last;
        found[length++] = '|';
    }
    found[length] = 0;
    assert_string_equal(found, wanted);
}

static void expect_cursor(uint32_t column, uint32_t row)
{
    assert_int_equal(screen.cursor.column, column);
    assert_int_equal(screen.cursor.row, row);
}

/* --- text ---------------------------------------------------------------------------------- */

static void test_screen_text_goes_on_in_the_next_row(void **state)
{
    (void)state;
    show("0123456789");
    expect_cursor(9, 0); /* it waits there */
    show("ab");
    expect("0123456789|ab|||");
    assert_true(screen_is_continued(&screen, 0));
    assert_false(screen_is_continued(&screen, 1));
}

static void test_screen_line_feed_at_the_bottom_scrolls(void **state)
{
    (void)state;
    show("a\r\nb\r\nc\r\nd\r\ne");
    expect("b|c|d|e|");
    expect_cursor(1, 3);
}

static void test_screen_controls_move(void **state)
{
    (void)state;
    show("abc\b\bX\tY\rZ\a");
    expect("ZXc     Y||||");
    assert_int_equal(screen.bells, 1);
}

static void test_screen_utf8_is_one_column_a_character(void **state)
{
    (void)state;
    show("\xc3\xa4\xe2\x94\x80"
         "e\xcc\x81x\xff");
    expect("\xc3\xa4\xe2\x94\x80"
           "ex\xef\xbf\xbd||||");
}

static void test_screen_wide_characters_take_two(void **state)
{
    (void)state;
    show("\xe4\xb8\xad\xe6\x96\x87");
    expect_cursor(4, 0);
    show("\033[1;2HX"); /* over the second half: the first goes */
    expect(" X\xe6\x96\x87||||");
    show("\033[2;10H\xe4\xb8\xad"); /* does not fit */
    expect(" X\xe6\x96\x87||\xe4\xb8\xad||");
}

static void test_screen_without_wrap_the_last_column_is_overwritten(void **state)
{
    (void)state;
    show("\033[?7l0123456789ab");
    expect("012345678b||||");
}

static void test_screen_line_drawing_set(void **state)
{
    (void)state;
    show("\033(0lqk\033(Blq\016x\017");
    expect("\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90lqx||||");
    show("\033)0\016x");
    expect("\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90lqx\xe2\x94\x82||||");
}

/* --- moving -------------------------------------------------------------------------------- */

static void test_screen_cursor_is_moved_and_stays_inside(void **state)
{
    (void)state;
    show("\033[2;3H");
    expect_cursor(2, 1);
    show("\033[99;99H");
    expect_cursor(9, 3);
    show("\033[A\033[3D");
    expect_cursor(6, 2);
    show("\033[99A\033[99D");
    expect_cursor(0, 0);
    show("\033[2B\033[4C");
    expect_cursor(4, 2);
    show("\033[7G\033[2d");
    expect_cursor(6, 1);
    show("\033[E");
    expect_cursor(0, 2);
    show("\033[2F");
    expect_cursor(0, 0);
    show("\033[99999999999999999999C");
    expect_cursor(9, 0);
}

static void test_screen_saved_cursor_comes_back(void **state)
{
    (void)state;
    show("\033[2;3H\033[31m\0337\033[H\033[0mx\0338y");
    expect("x|  y|||");
    assert_int_equal(screen_row(&screen, 1)[2].foreground, 1);
}

static void test_screen_tabs_can_be_set(void **state)
{
    (void)state;
    show("\033[3g\033[1;4H\033H\r\ta\tb");
    expect("   a     b||||");
    show("\033[2Z");
    expect_cursor(0, 0);
}

/* --- erasing, inserting -------------------------------------------------------------------- */

static void fill(void)
{
    show("aaaaaaaaaa\r\nbbbbbbbbbb\r\ncccccccccc\r\ndddddddddd");
}

static void test_screen_erases(void **state)
{
    static const struct {
        const char *sequence, *wanted;
    } cases[] = {
        {"\033[2;5H\033[K", "aaaaaaaaaa|bbbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[1K", "aaaaaaaaaa|     bbbbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[2K", "aaaaaaaaaa||cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[J", "aaaaaaaaaa|bbbb|||"},
        {"\033[2;5H\033[1J", "|     bbbbb|cccccccccc|dddddddddd|"},
        {"\033[2J", "||||"},
        {"\033[2;5H\033[3X", "aaaaaaaaaa|bbbb   bbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[3P", "aaaaaaaaaa|bbbbbbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[3@", "aaaaaaaaaa|bbbb   bbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[99@", "aaaaaaaaaa|bbbb|cccccccccc|dddddddddd|"},
        {"\033[2;5H\033[L", "aaaaaaaaaa||bbbbbbbbbb|cccccccccc|"},
        {"\033[2;5H\033[2M", "aaaaaaaaaa|dddddddddd|||"},
        {"\033[2S", "cccccccccc|dddddddddd|||"},
        {"\033[T", "|aaaaaaaaaa|bbbbbbbbbb|cccccccccc|"},
        {"\033[2;3r\033[3;1H\n", "aaaaaaaaaa|cccccccccc||dddddddddd|"},
        {"\033[2;3r\033[2;1H\033M", "aaaaaaaaaa||bbbbbbbbbb|dddddddddd|"},
        {"\033[2;3r\033[2;1H\033[9L", "aaaaaaaaaa|||dddddddddd|"},
        {"\033[2;3r\033[1;1H\033[L", "aaaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd|"},
        {"\033[H\033[4hxy\033[4l", "xyaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd|"},
        {"\033[H\033[2Jx\033[3b", "xxxx||||"},
        {"\033c", "||||"},
        {"\033#8", "EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|"},
        {"\033]0;title\007\033[H!", "!aaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd|"},
        {"\033P1$r0m\033\\\033[H!", "!aaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd|"},
        {"\033[H\033[1;2;\030!", "!aaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)end(state);
        (void)begin(state);
        fill();
        show(cases[i].sequence);
        expect(cases[i].wanted);
    }
}

static void test_screen_erased_cells_have_the_background(void **state)
{
    (void)state;
    show("\033[44m\033[K");
    assert_int_equal(screen_row(&screen, 0)[5].background, 4);
    assert_int_equal(screen_row(&screen, 0)[5].style & STYLE_DEFAULT_BACKGROUND, 0);
}

/* --- looks --------------------------------------------------------------------------------- */

static void test_screen_graphics_are_set_and_cleared(void **state)
{
    const struct cell *pen = &screen.cursor.pen;
    (void)state;
    show("\033[1;4;7;35;42m");
    assert_int_equal(pen->foreground, 5);
    assert_int_equal(pen->background, 2);
    assert_int_equal(pen->style, STYLE_BOLD | STYLE_UNDERLINE | STYLE_INVERSE);
    show("\033[22;24;39m");
    assert_int_equal(pen->style, STYLE_INVERSE | STYLE_DEFAULT_FOREGROUND);
    show("\033[96;103m");
    assert_int_equal(pen->foreground, 14);
    assert_int_equal(pen->background, 11);
    show("\033[38;5;200;48;2;255;0;0m");
    assert_int_equal(pen->foreground, 200);
    assert_int_equal(pen->background, 16 + 36 * 5);
    show("\033[m");
    assert_int_equal(pen->style, STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND);
}

/* --- pages and size ------------------------------------------------------------------------ */

static void test_screen_alternate_page_leaves_the_main_one(void **state)
{
    (void)state;
    show("shell$ \033[?1049h");
    assert_true(screen_is_alternate(&screen));
    expect("||||");
    show("\033[Hless\033[?1049l");
    expect("shell$||||");
    expect_cursor(7, 0);
}

static void test_screen_smaller_keeps_the_line_of_the_cursor(void **state)
{
    (void)state;
    show("a\r\nb\r\nc\r\nd");
    screen_resize(&screen, 5, 2);
    expect("c|d|");
    show("123456");
    expect("d1234|56|");
    screen_resize(&screen, 100, 100);
    assert_int_equal(screen.columns, COLUMNS);
    assert_int_equal(screen.rows, ROWS);
    expect("d1234|56|||");
}

/* --- answers ------------------------------------------------------------------------------- */

static void test_screen_answers_where_the_cursor_is(void **state)
{
    (void)state;
    show("\033[2;3H\033[6n");
    assert_true(screen.is_query);
    show("\033[c");
    assert_int_equal(screen.reply_count, 11);
    assert_memory_equal(screen.replies, "\033[2;3R\033[?6c", 11);
    show("x");
    assert_false(screen.is_query);
    for (int i = 0; i < 100; i++) {
        show("\033[6n"); /* nobody takes them */
    }
    assert_true(screen.reply_count <= SCREEN_REPLIES_MAX);
}

static void test_screen_says_when_a_sequence_is_complete(void **state)
{
    (void)state;
    assert_true(screen_put(&screen, 'a'));
    assert_false(screen_put(&screen, 0xc3));
    assert_true(screen_put(&screen, 0xa4));
    assert_false(screen_put(&screen, 033));
    assert_false(screen_put(&screen, '['));
    assert_false(screen_put(&screen, '1'));
    assert_true(screen_put(&screen, 'm'));
}

/* --- a line above --------------------------------------------------------------------------- */

static void above(const char *text)
{
    uint8_t bytes[1024];
    assert_true(above_is_possible(&screen));
    uint32_t count = above_write(&screen, text, bytes, sizeof bytes);
    for (uint32_t i = 0; i < count; i++) {
        (void)screen_put(&screen, bytes[i]);
    }
}

static void test_above_line_being_edited_goes_down(void **state)
{
    (void)state;
    show("old\r\n\033[32m$ \033[mab\033[D");
    above("log");
    expect("old|log|$ ab||");
    expect_cursor(3, 2);
    assert_int_equal(screen_row(&screen, 2)[0].foreground, 2);
    assert_int_equal(screen.cursor.pen.style, STYLE_DEFAULT_FOREGROUND | STYLE_DEFAULT_BACKGROUND);
}

static void test_above_line_of_two_rows_at_the_bottom(void **state)
{
    (void)state;
    show("a\r\nb\r\n0123456789AB\033[A");
    above("log");
    expect("b|log|0123456789|AB|");
    expect_cursor(2, 2);
    show("\033[B\rx");
    above("lo\tng");
    expect("log|lo?ng|0123456789|xB|");
    expect_cursor(1, 3);
}

static void test_above_full_row_still_waits_at_its_end(void **state)
{
    (void)state;
    show("0123456789");
    above("log");
    show("A");
    expect("log|0123456789|A||");
    show("\033[31m");
    above("x");
    assert_int_equal(screen.cursor.pen.foreground, 1);
}

static void test_above_row_that_became_empty_is_found_again(void **state)
{
    (void)state;
    show(
        "0123456789A\b \b"); /* the last character was erased: the cursor stays in the second row */
    above("log");
    expect("log|0123456789|||");
    expect_cursor(0, 2);
}

static void test_above_not_into_a_program_that_has_the_screen(void **state)
{
    (void)state;
    assert_true(above_is_possible(&screen));
    show("\033[?1049h");
    assert_false(above_is_possible(&screen));
    show("\033[?1049l\033[2;3r");
    assert_false(above_is_possible(&screen));
    show("\033[r\033[?25l");
    assert_false(above_is_possible(&screen));
    show("\033[?25h\033[3");
    assert_false(above_is_possible(&screen));
    show("m\xc3");
    assert_false(above_is_possible(&screen));
}

static void test_above_little_room_is_enough_for_whole_sequences(void **state)
{
    uint8_t bytes[100];
    (void)state;
    fill();
    assert_true(above_write(&screen,
                            "a text that is longer than the room there is for it, and goes "
                            "on and on and on and on",
                            bytes, sizeof bytes) <= 100);
}

/* --- pixels -------------------------------------------------------------------------------- */

static const struct picture_mode mode = {
    .width = 80,
    .height = 70,
    .pitch_bytes = 336,
    .pixel_bits = 32,
    .red_shift = 16,
    .green_shift = 8,
};

static void test_picture_bad_modes_are_refused(void **state)
{
    static const struct picture_mode bad[] = {
        {.width = 80, .height = 64, .pitch_bytes = 320, .pixel_bits = 16},
        {.width = 80, .height = 64, .pitch_bytes = 319, .pixel_bits = 32},
        {.width = 80, .height = 64, .pitch_bytes = 320, .pixel_bits = 32, .red_shift = 25},
        {.width = 15, .height = 64, .pitch_bytes = 320, .pixel_bits = 32},
        {.width = 80, .height = 31, .pitch_bytes = 320, .pixel_bits = 32},
        {.width = 80, .height = 65, .pitch_bytes = 320, .pixel_bits = 32},
        {.width = UINT32_MAX, .height = UINT32_MAX, .pitch_bytes = UINT32_MAX, .pixel_bits = 32},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(picture_is_possible(&bad[i], 320 * 64));
    }
    assert_true(picture_is_possible(&mode, 336 * 70));
}

static struct picture picture;
static uint8_t pixels[336 * 70];
static struct cell shown[10 * 4];

static uint32_t pixel(uint32_t x, uint32_t y)
{
    uint32_t value;
    memcpy(&value, pixels + y * 336 + x * 4, 4);
    return value;
}

static void test_picture_draws_glyph_and_cursor(void **state)
{
    (void)state;
    memset(pixels, 0xaa, sizeof pixels);
    picture_init(&picture, &mode, pixels, shown);
    show("\033[31mA");
    picture_draw(&picture, &screen);
    const uint8_t *glyph = font_glyph('A');
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 8; x++) {
            assert_int_equal(pixel(x, y), (glyph[y] >> (7 - x) & 1) != 0 ? 0xcd3131 : 0);
            assert_int_equal(pixel(8 + x, y), 0xc8c8c8); /* the cursor */
        }
    }
    assert_int_equal(pixel(79, 69), 0);
}

static void test_picture_draws_only_what_differs(void **state)
{
    (void)state;
    picture_init(&picture, &mode, pixels, shown);
    picture_draw(&picture, &screen);
    uint64_t before = picture.drawn;
    picture_draw(&picture, &screen);
    assert_int_equal(picture.drawn, before);
    show("x");
    picture_draw(&picture, &screen);
    assert_int_equal(picture.drawn, before + 2); /* it, and the cursor */
    show("\r\n\n\n\n"); /* the x scrolls off, the cursor is at the bottom */
    before = picture.drawn;
    picture_draw(&picture, &screen);
    assert_int_equal(picture.drawn, before + 3);
}

static void test_picture_24_bits_are_the_same_pixels(void **state)
{
    struct picture_mode three = mode;
    (void)state;
    three.pixel_bits = 24;
    picture_init(&picture, &three, pixels, shown);
    show("\033[32;45mM");
    picture_draw(&picture, &screen);
    const uint8_t *glyph = font_glyph('M');
    for (uint32_t y = 0; y < 16; y++) {
        for (uint32_t x = 0; x < 8; x++) {
            uint32_t value = 0;
            memcpy(&value, pixels + y * 336 + x * 3, 3);
            assert_int_equal(value, (glyph[y] >> (7 - x) & 1) != 0 ? 0x0dbc79 : 0xbc3fbc);
        }
    }
}

static void test_font_has_what_terminals_show(void **state)
{
    const uint8_t *none = font_glyph(UNICODE_REPLACEMENT);
    (void)state;
    for (uint32_t character = '!'; character <= '~'; character++) {
        assert_ptr_not_equal(font_glyph(character), none);
    }
    static const uint16_t others[] = {0xe9,   0xdf,  0x2500, 0x253c, 0x2588,
                                      0x20ac, 0x3b1, 0x416,  0x2192};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_ptr_not_equal(font_glyph(others[i]), none);
    }
    assert_ptr_equal(font_glyph(0x4e2d), none);
    assert_ptr_equal(font_glyph(0x1f600), none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_screen_text_goes_on_in_the_next_row),
        TEST(test_screen_line_feed_at_the_bottom_scrolls),
        TEST(test_screen_controls_move),
        TEST(test_screen_utf8_is_one_column_a_character),
        TEST(test_screen_wide_characters_take_two),
        TEST(test_screen_without_wrap_the_last_column_is_overwritten),
        TEST(test_screen_line_drawing_set),
        TEST(test_screen_cursor_is_moved_and_stays_inside),
        TEST(test_screen_saved_cursor_comes_back),
        TEST(test_screen_tabs_can_be_set),
        TEST(test_screen_erases),
        TEST(test_screen_erased_cells_have_the_background),
        TEST(test_screen_graphics_are_set_and_cleared),
        TEST(test_screen_alternate_page_leaves_the_main_one),
        TEST(test_screen_smaller_keeps_the_line_of_the_cursor),
        TEST(test_screen_answers_where_the_cursor_is),
        TEST(test_screen_says_when_a_sequence_is_complete),
        TEST(test_above_line_being_edited_goes_down),
        TEST(test_above_line_of_two_rows_at_the_bottom),
        TEST(test_above_full_row_still_waits_at_its_end),
        TEST(test_above_row_that_became_empty_is_found_again),
        TEST(test_above_not_into_a_program_that_has_the_screen),
        TEST(test_above_little_room_is_enough_for_whole_sequences),
        TEST(test_picture_bad_modes_are_refused),
        TEST(test_picture_draws_glyph_and_cursor),
        TEST(test_picture_draws_only_what_differs),
        TEST(test_picture_24_bits_are_the_same_pixels),
        TEST(test_font_has_what_terminals_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
