/* SPDX-License-Identifier: MIT */
#include "keys.h"
#include "unicode.h"
#include <quay/text.h>

/* Numbers of <linux/input-event-codes.h>. */
#define KEY_ESC        1
#define KEY_BACKSPACE  14
#define KEY_TAB        15
#define KEY_ENTER      28
#define KEY_LEFTCTRL   29
#define KEY_LEFTSHIFT  42
#define KEY_RIGHTSHIFT 54
#define KEY_KPASTERISK 55
#define KEY_LEFTALT    56
#define KEY_CAPSLOCK   58
#define KEY_NUMLOCK    69
#define KEY_KP7        71
#define KEY_KPDOT      83
#define KEY_KPENTER    96
#define KEY_RIGHTCTRL  97
#define KEY_KPSLASH    98
#define KEY_RIGHTALT   100

#define DELETE 0x7f

/* --- modifiers ----------------------------------------------------------------------------- */

static uint32_t modifier_of(uint32_t key)
{
    switch (key) {
    case KEY_LEFTSHIFT:
        return 0x01;
    case KEY_RIGHTSHIFT:
        return 0x02;
    case KEY_LEFTCTRL:
        return 0x04;
    case KEY_RIGHTCTRL:
        return 0x08;
    case KEY_LEFTALT:
        return KEYS_ALT;
    case KEY_RIGHTALT:
        return KEYS_ALTGR;
    default:
        return 0;
    }
}

static bool is_held(const struct keys *keys, uint32_t modifiers)
{
    return (keys->held & modifiers) != 0;
}

/* xterm's number: 1 for none, then one added for shift, two for alt, four for control. */
static uint32_t modifier_number(const struct keys *keys)
{
    return 1u + is_held(keys, KEYS_SHIFT) + 2u * is_held(keys, KEYS_ALT) +
           4u * is_held(keys, KEYS_CONTROL);
}

/* --- keys without a character -------------------------------------------------------------- */

struct special {
    uint8_t key;
    uint8_t number; /* CSI number ~; 0: CSI letter */
    char letter;
    bool is_function; /* SS3 letter where nothing else is held (F1 to F4) */
};

static const struct special specials[] = {
    {59, 0, 'P', true},   {60, 0, 'Q', true},   {61, 0, 'R', true},   {62, 0, 'S', true},
    {63, 15, '~', false}, {64, 17, '~', false}, {65, 18, '~', false}, {66, 19, '~', false},
    {67, 20, '~', false}, {68, 21, '~', false}, {87, 23, '~', false}, {88, 24, '~', false},
    {102, 0, 'H', false}, {103, 0, 'A', false}, {104, 5, '~', false}, {105, 0, 'D', false},
    {106, 0, 'C', false}, {107, 0, 'F', false}, {108, 0, 'B', false}, {109, 6, '~', false},
    {110, 2, '~', false}, {111, 3, '~', false},
};

/* What the keypad is without Num Lock, from 7 to the dot; 0: nothing. */
static const uint8_t keypad_keys[KEY_KPDOT - KEY_KP7 + 1] = {102, 103, 104, 0,   105, 0,  106,
                                                             0,   107, 108, 109, 110, 111};
static const char keypad_digits[] = "789-456+1230.";

static uint32_t special_type(const struct keys *keys, uint32_t key, uint8_t *to)
{
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        const struct special *special = &specials[i];
        if (special->key != key) {
            continue;
        }
        uint32_t modifiers = modifier_number(keys);
        char text[KEYS_BYTES_MAX];
        if (special->number != 0 && modifiers > 1) {
            (void)qy_snprintf(text, sizeof text, "\033[%u;%u~", special->number, modifiers);
        } else if (special->number != 0) {
            (void)qy_snprintf(text, sizeof text, "\033[%u~", special->number);
        } else if (modifiers > 1) {
            (void)qy_snprintf(text, sizeof text, "\033[1;%u%c", modifiers, special->letter);
        } else {
            bool is_other = special->is_function || keys->has_application_cursor;
            (void)qy_snprintf(text, sizeof text, "\033%c%c", is_other ? 'O' : '[', special->letter);
        }
        size_t length = strlen(text);
        memcpy(to, text, length);
        return (uint32_t)length;
    }
    return 0;
}

/* A byte, with ESC before it if Alt is held. */
static uint32_t byte_type(const struct keys *keys, uint8_t byte, uint8_t *to)
{
    uint32_t count = 0;
    if (is_held(keys, KEYS_ALT)) {
        to[count++] = 033;
    }
    to[count++] = byte;
    return count;
}

/* Keys that are the same in every layout. */
static uint32_t fixed_type(const struct keys *keys, uint32_t key, uint8_t *to)
{
    switch (key) {
    case KEY_ESC:
        return byte_type(keys, 033, to);
    case KEY_BACKSPACE:
        return byte_type(keys, is_held(keys, KEYS_CONTROL) ? '\b' : DELETE, to);
    case KEY_TAB:
        if (is_held(keys, KEYS_SHIFT)) {
            memcpy(to, "\033[Z", 3);
            return 3;
        }
        return byte_type(keys, '\t', to);
    case KEY_ENTER:
    case KEY_KPENTER:
        return byte_type(keys, '\r', to);
    case KEY_KPASTERISK:
        return byte_type(keys, '*', to);
    case KEY_KPSLASH:
        return byte_type(keys, '/', to);
    default:
        break;
    }
    if (key >= KEY_KP7 && key <= KEY_KPDOT) {
        uint8_t other = keypad_keys[key - KEY_KP7];
        if (keys->has_num_lock != is_held(keys, KEYS_SHIFT) || other == 0) {
            /* The key in the middle is nothing without Num Lock. */
            char digit = keypad_digits[key - KEY_KP7];
            bool is_sign = digit == '-' || digit == '+';
            bool is_number = keys->has_num_lock != is_held(keys, KEYS_SHIFT);
            return is_sign || is_number ? byte_type(keys, (uint8_t)digit, to) : 0;
        }
        return special_type(keys, other, to);
    }
    return special_type(keys, key, to);
}

/* --- characters ---------------------------------------------------------------------------- */

/* What Control makes of an ASCII character; -1: nothing. */
static int control_of(uint32_t character)
{
    static const uint8_t digits[] = {0, 033, 034, 035, 036, 037, DELETE}; /* 2 to 8 */
    if ((character >= '@' && character <= '_') || (character >= 'a' && character <= 'z')) {
        return (int)(character & 0x1f);
    }
    if (character >= '2' && character <= '8') {
        return digits[character - '2'];
    }
    switch (character) {
    case ' ':
        return 0;
    case '/':
    case '-':
        return 037;
    case '?':
        return DELETE;
    default:
        return -1;
    }
}

static uint32_t character_type(struct keys *keys, uint32_t character, uint8_t *to)
{
    uint32_t count = 0;
    if (is_held(keys, KEYS_CONTROL)) {
        int control = control_of(character);
        return control < 0 ? 0 : byte_type(keys, (uint8_t)control, to);
    }
    if (is_held(keys, KEYS_ALT)) {
        to[count++] = 033;
    }
    if (keys->dead != 0) {
        uint32_t accent = keys->dead, made = layout_compose(accent, character);
        keys->dead = 0;
        if (made == 0) {
            count += utf8_encode(accent, to + count); /* both, then */
        } else {
            character = made;
        }
    }
    return count + utf8_encode(character, to + count);
}

static uint32_t layout_type(struct keys *keys, uint32_t key, uint8_t *to)
{
    uint32_t level = 0;
    if (key >= LAYOUT_KEYS) {
        return 0;
    }
    if (is_held(keys, KEYS_SHIFT) !=
        (keys->has_caps_lock && layout_is_letter(&keys->layout, key))) {
        level |= LAYOUT_SHIFT;
    }
    if (is_held(keys, KEYS_ALTGR)) {
        level |= LAYOUT_ALTGR;
    }
    uint32_t character = keys->layout.characters[key][level];
    if (character == 0) {
        return 0;
    }
    if ((character & LAYOUT_DEAD) == 0) {
        return character_type(keys, character, to);
    }
    uint32_t accent = character & ~LAYOUT_DEAD;
    if (keys->dead != 0) {
        return character_type(keys, accent, to); /* twice the same: the accent itself */
    }
    keys->dead = accent;
    return 0;
}

/* --- events -------------------------------------------------------------------------------- */

void keys_init(struct keys *keys, const struct layout *layout)
{
    *keys = (struct keys){.layout = *layout};
}

uint32_t keys_event(struct keys *keys, const struct qy_keyboard_event *event, uint8_t *to)
{
    uint32_t modifier = modifier_of(event->key);
    if (modifier != 0) {
        keys->held = event->action == QY_KEYBOARD_ACTION_RELEASED ? keys->held & ~modifier
                                                                  : keys->held | modifier;
        return 0;
    }
    if (event->action == QY_KEYBOARD_ACTION_RELEASED) {
        return 0;
    }
    if (event->key == KEY_CAPSLOCK || event->key == KEY_NUMLOCK) {
        if (event->action == QY_KEYBOARD_ACTION_PRESSED) {
            bool *lock = event->key == KEY_CAPSLOCK ? &keys->has_caps_lock : &keys->has_num_lock;
            *lock = !*lock;
        }
        return 0;
    }
    uint32_t count = fixed_type(keys, event->key, to);
    if (count > 0) {
        keys->dead = 0;
        return count;
    }
    return layout_type(keys, event->key, to);
}

uint32_t keys_lights(const struct keys *keys)
{
    return (keys->has_caps_lock ? QY_KEYBOARD_LIGHTS_CAPS_LOCK : 0) |
           (keys->has_num_lock ? QY_KEYBOARD_LIGHTS_NUM_LOCK : 0);
}
