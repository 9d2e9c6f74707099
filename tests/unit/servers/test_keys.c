/* SPDX-License-Identifier: MIT */
/* From the bytes of a keyboard to the bytes of a terminal: scan codes, layouts, keys. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../../servers/console/keys.h"
#include "../../../servers/console/layouts.h"
#include "../../../servers/drivers/input/ps2/ps2_regs.h"
#include "../../../servers/drivers/input/ps2/scancode.h"
#include "../../../servers/drivers/input/ps2/sender.h"

/* --- scan codes ---------------------------------------------------------------------------- */

struct key {
    uint16_t key;
    uint8_t action;
};

#define UP    QY_KEYBOARD_ACTION_RELEASED
#define DOWN  QY_KEYBOARD_ACTION_PRESSED
#define AGAIN QY_KEYBOARD_ACTION_REPEATED

static void expect_keys(bool is_set_2, const char *bytes, size_t length, const struct key *wanted,
                        size_t count)
{
    struct scancode scancode;
    size_t found = 0;
    scancode_init(&scancode, is_set_2);
    for (size_t i = 0; i < length; i++) {
        struct qy_keyboard_event event;
        if (scancode_decode(&scancode, (uint8_t)bytes[i], &event)) {
            assert_true(found < count);
            assert_int_equal(event.key, wanted[found].key);
            assert_int_equal(event.action, wanted[found].action);
            found++;
        }
    }
    assert_int_equal(found, count);
}

#define EXPECT(set_2, bytes, ...)                                                                  \
    do {                                                                                           \
        const struct key wanted[] = {__VA_ARGS__};                                                 \
        expect_keys(set_2, bytes, sizeof(bytes) - 1, wanted, sizeof wanted / sizeof wanted[0]);    \
    } while (0)

static void test_scancode_set_1(void **state)
{
    (void)state;
    EXPECT(false, "\x1e\x1e\x9e", {30, DOWN}, {30, AGAIN}, {30, UP});
    EXPECT(false, "\x2a\x02\x82\xaa", {42, DOWN}, {2, DOWN}, {2, UP}, {42, UP});
    EXPECT(false, "\xe0\x48\xe0\xc8", {103, DOWN}, {103, UP});
    EXPECT(false, "\xe0\x2a\xe0\x53\xe0\xd3\xe0\xaa", {111, DOWN}, {111, UP}); /* false Shift */
    EXPECT(false, "\xe1\x1d\x45\xe1\x9d\xc5\x1e", {119, DOWN}, {30, DOWN});
}

static void test_scancode_set_2(void **state)
{
    (void)state;
    EXPECT(true, "\x1c\xf0\x1c", {30, DOWN}, {30, UP});
    EXPECT(true, "\x12\x16\xf0\x16\xf0\x12", {42, DOWN}, {2, DOWN}, {2, UP}, {42, UP});
    EXPECT(true, "\xe0\x75\xe0\xf0\x75", {103, DOWN}, {103, UP});
    EXPECT(true, "\xe1\x14\x77\xe1\xf0\x14\xf0\x77\x1c", {119, DOWN}, {30, DOWN});
    EXPECT(true, "\x83\xf0\x83", {65, DOWN}, {65, UP});
}

static void test_scancode_bad_bytes_are_counted_and_forgotten(void **state)
{
    struct scancode scancode;
    struct qy_keyboard_event event;
    (void)state;
    scancode_init(&scancode, true);
    assert_false(scancode_decode(&scancode, 0xff, &event));
    assert_false(scancode_decode(&scancode, 0x00, &event));
    assert_int_equal(scancode.bad, 2);
    assert_true(scancode_decode(&scancode, 0x1c, &event));
    assert_int_equal(event.key, 30);
}

/* --- commands ------------------------------------------------------------------------------ */

static void test_sender_sends_byte_after_byte(void **state)
{
    struct sender sender = {0};
    uint8_t byte;
    (void)state;
    assert_false(sender_next(&sender, &byte));
    assert_true(sender_add(&sender, PS2_SET_LIGHTS, 4));
    assert_true(sender_next(&sender, &byte));
    assert_int_equal(byte, PS2_SET_LIGHTS);
    assert_false(sender_next(&sender, &byte));    /* it waits */
    assert_false(sender_received(&sender, 0x1e)); /* a key */
    assert_true(sender_received(&sender, PS2_RESEND));
    assert_true(sender_next(&sender, &byte));
    assert_int_equal(byte, PS2_SET_LIGHTS);
    assert_true(sender_received(&sender, PS2_ACKNOWLEDGE));
    assert_true(sender_next(&sender, &byte));
    assert_int_equal(byte, 4);
    assert_true(sender_received(&sender, PS2_ACKNOWLEDGE));
    assert_false(sender_received(&sender, PS2_ACKNOWLEDGE)); /* nobody has asked */
    assert_int_equal(sender.failures, 0);
}

static void test_sender_gives_a_command_up_as_a_whole(void **state)
{
    struct sender sender = {0};
    uint8_t byte;
    (void)state;
    assert_true(sender_add(&sender, PS2_SET_LIGHTS, 4));
    assert_true(sender_add(&sender, PS2_SET_REPEAT, 5));
    for (uint32_t i = 0; i < SENDER_TRIES; i++) {
        assert_true(sender_next(&sender, &byte));
        assert_int_equal(byte, PS2_SET_LIGHTS);
        sender_timed_out(&sender);
    }
    assert_int_equal(sender.failures, 1);
    assert_true(sender_next(&sender, &byte));
    assert_int_equal(byte, PS2_SET_REPEAT);
}

static void test_sender_full_takes_no_more(void **state)
{
    struct sender sender = {0};
    (void)state;
    for (uint32_t i = 0; i < SENDER_BYTES / 2; i++) {
        assert_true(sender_add(&sender, PS2_SET_LIGHTS, 0));
    }
    assert_false(sender_add(&sender, PS2_SET_LIGHTS, 0));
}

/* --- layouts ------------------------------------------------------------------------------- */

static struct layout layout_load(const char *name)
{
    struct layout layout = {0};
    for (uint32_t i = 0; i < layout_text_count; i++) {
        if (strcmp(layout_texts[i].name, name) == 0) {
            assert_int_equal(
                layout_parse(layout_texts[i].text, strlen(layout_texts[i].text), &layout), 0);
            return layout;
        }
    }
    fail_msg("no layout %s", name);
    return layout;
}

static void test_layout_all_that_are_built_in_are_right(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < layout_text_count; i++) {
        struct layout layout = layout_load(layout_texts[i].name);
        bool has[128] = {false};
        for (uint32_t key = 0; key < LAYOUT_KEYS; key++) {
            for (uint32_t level = 0; level < LAYOUT_LEVELS; level++) {
                uint32_t character = layout.characters[key][level] & ~LAYOUT_DEAD;
                if (character < 128) {
                    has[character] = true;
                }
            }
        }
        for (char c = ' '; c <= '~'; c++) {
            if (!has[(unsigned char)c]) {
                /* `, ~ and ^ may be made of a dead key and a space only; { } ~ are not on it's. */
                assert_true(strchr("`~^{}", c) != NULL);
            }
        }
    }
}

static void test_layout_errors_name_the_line(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } cases[] = {
        {"AD01 q Q\n", 0},
        {"", 0},
        {"# only this", 0},
        {"\n\nAD01\n", 3},
        {"AD13 q", 1},
        {"AC12 q", 1},
        {"XX01 q", 1},
        {"AD01 qq", 1},
        {"AD01 q Q @ a b", 1},
        {"AD01 U+110000", 1},
        {"AD01 U+d800", 1},
        {"AD01 U+", 1},
        {"AD01 dead_horse", 1},
        {"AD01 \xc3", 1},
        {"AD01 \xff", 1},
        {"AD01 q\nAD02 \001", 2},
        {"AD01 none none dead_acute U+e9\r\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct layout layout;
        assert_int_equal(layout_parse(cases[i].text, strlen(cases[i].text), &layout),
                         cases[i].line);
    }
}

static void test_layout_accents(void **state)
{
    (void)state;
    assert_int_equal(layout_compose(0xb4, 'e'), 0xe9);
    assert_int_equal(layout_compose('^', 'O'), 0xd4);
    assert_int_equal(layout_compose(0xa8, ' '), 0xa8);
    assert_int_equal(layout_compose(0xb4, 0xb4), 0xb4);
    assert_int_equal(layout_compose(0xb4, 'x'), 0);
    assert_int_equal(layout_compose('/', 'o'), 0xf8);
}

/* --- keys ---------------------------------------------------------------------------------- */

static struct keys keys;

static void press(uint16_t key, uint8_t action, char *to)
{
    uint8_t bytes[KEYS_BYTES_MAX + 1];
    struct qy_keyboard_event event = {.key = key, .action = action};
    uint32_t count = keys_event(&keys, &event, bytes);
    assert_true(count <= KEYS_BYTES_MAX);
    bytes[count] = 0;
    strcat(to, (const char *)bytes);
}

/* Keys that are pressed and released; negative ones are held until the end, or until pressed again.
 */
static void expect_typed(const int *pressed, size_t count, const char *wanted)
{
    char typed[256] = "";
    for (size_t i = 0; i < count; i++) {
        press((uint16_t)abs(pressed[i]), DOWN, typed);
        if (pressed[i] > 0) {
            press((uint16_t)pressed[i], UP, typed);
        }
    }
    for (size_t i = 0; i < count; i++) {
        press((uint16_t)abs(pressed[i]), UP, typed);
    }
    assert_string_equal(typed, wanted);
}

#define HELD(key) (-(key))
#define TYPED(wanted, ...)                                                                         \
    do {                                                                                           \
        const int pressed[] = {__VA_ARGS__};                                                       \
        expect_typed(pressed, sizeof pressed / sizeof pressed[0], wanted);                         \
    } while (0)

#define SHIFT   42
#define CONTROL 29
#define ALT     56
#define ALTGR   100
#define CAPS    58
#define NUM     69

static void layout_use(const char *name)
{
    struct layout layout = layout_load(name);
    keys_init(&keys, &layout);
}

static void test_keys_us(void **state)
{
    (void)state;
    layout_use("us");
    TYPED("a1A!~", 30, 2, HELD(SHIFT), 30, 2, 41);
    TYPED("\001", HELD(CONTROL), 30);
    TYPED("\033a", HELD(ALT), 30);
    TYPED("\033\001", HELD(ALT), HELD(CONTROL), 30);
    TYPED("\x1b", HELD(CONTROL), 26);
    TYPED("\r\x7f\t \033", 28, 14, 15, 57, 1);
    TYPED("\033[Z", HELD(SHIFT), 15);
}

static void test_keys_caps_lock_turns_letters_around(void **state)
{
    (void)state;
    layout_use("de");
    TYPED("A1\xc3\x84", CAPS, 30, 2, 40);
    assert_int_equal(keys_lights(&keys), QY_KEYBOARD_LIGHTS_CAPS_LOCK);
    TYPED("a!", HELD(SHIFT), 30, 2);
    TYPED("a", CAPS, 30);
}

static void test_keys_de(void **state)
{
    (void)state;
    layout_use("de");
    TYPED("zy\xc3\x9f", 21, 44, 12);
    TYPED("@\xe2\x82\xac\\", HELD(ALTGR), 16, 18, 12);
    TYPED("<>", 86, HELD(SHIFT), 86);
    TYPED("\xc3\xa9", 13, 18);                     /* dead acute, e */
    TYPED("\xc3\xa8", HELD(SHIFT), 13, SHIFT, 18); /* dead grave, e */
}

static void test_keys_dead_key_without_a_letter_is_both(void **state)
{
    (void)state;
    layout_use("fr");
    TYPED("\xc3\xaa", 26, 18); /* ^ e */
    TYPED("^x", 26, 45);
    TYPED("^", 26, 57);
    TYPED("^", 26, 26);
    TYPED("\r", 26, 28); /* Enter: the accent is forgotten */
}

static void test_keys_specials(void **state)
{
    (void)state;
    layout_use("us");
    TYPED("\033[A\033[B\033[C\033[D\033[H\033[F", 103, 108, 106, 105, 102, 107);
    TYPED("\033[3~\033[5~\033OP\033[24~", 111, 104, 59, 88);
    TYPED("\033[1;5C", HELD(CONTROL), 106);
    TYPED("\033[3;2~", HELD(SHIFT), 111);
    keys.has_application_cursor = true;
    TYPED("\033OA", 103);
}

static void test_keys_keypad_with_and_without_num_lock(void **state)
{
    (void)state;
    layout_use("us");
    TYPED("\033[H\033[A*/-+\r", 71, 72, 55, 98, 74, 78, 96);
    TYPED("785.", NUM, 71, 72, 76, 83);
}

static void test_keys_unknown_ones_do_nothing(void **state)
{
    (void)state;
    layout_use("us");
    for (uint32_t key = 112; key < 0x300; key++) {
        TYPED("", (int)key);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scancode_set_1),
        cmocka_unit_test(test_scancode_set_2),
        cmocka_unit_test(test_scancode_bad_bytes_are_counted_and_forgotten),
        cmocka_unit_test(test_sender_sends_byte_after_byte),
        cmocka_unit_test(test_sender_gives_a_command_up_as_a_whole),
        cmocka_unit_test(test_sender_full_takes_no_more),
        cmocka_unit_test(test_layout_all_that_are_built_in_are_right),
        cmocka_unit_test(test_layout_errors_name_the_line),
        cmocka_unit_test(test_layout_accents),
        cmocka_unit_test(test_keys_us),
        cmocka_unit_test(test_keys_caps_lock_turns_letters_around),
        cmocka_unit_test(test_keys_de),
        cmocka_unit_test(test_keys_dead_key_without_a_letter_is_both),
        cmocka_unit_test(test_keys_specials),
        cmocka_unit_test(test_keys_keypad_with_and_without_num_lock),
        cmocka_unit_test(test_keys_unknown_ones_do_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
