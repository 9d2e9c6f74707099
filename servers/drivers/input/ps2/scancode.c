/* SPDX-License-Identifier: MIT */
#include "scancode.h"
#include <quay/text.h>

#define EXTENDED      0xe0
#define PAUSE         0xe1
#define RELEASE       0xf0
#define RELEASED_BIT  0x80
#define PAUSE_BYTES_1 5 /* after e1 */
#define PAUSE_BYTES_2 7
#define KEY_PAUSE     119

/* Keys of set 1; 0: none. */
static const uint8_t set_1[128] = {
    0,  1,  2,  3,  4,   5,   6,   7,  8,  9,   10, 11, 12, 13,  14,  15, /* 00 */
    16, 17, 18, 19, 20,  21,  22,  23, 24, 25,  26, 27, 28, 29,  30,  31, /* 10 */
    32, 33, 34, 35, 36,  37,  38,  39, 40, 41,  42, 43, 44, 45,  46,  47, /* 20 */
    48, 49, 50, 51, 52,  53,  54,  55, 56, 57,  58, 59, 60, 61,  62,  63, /* 30 */
    64, 65, 66, 67, 68,  69,  70,  71, 72, 73,  74, 75, 76, 77,  78,  79, /* 40 */
    80, 81, 82, 83, 99,  0,   86,  87, 88, 117, 0,  0,  0,  0,   0,   0,  /* 50 */
    0,  0,  0,  0,  183, 184, 185, 0,  0,  0,   0,  0,  0,  0,   0,   0,  /* 60 */
    93, 0,  0,  89, 0,   0,   0,   0,  0,  92,  0,  94, 0,  124, 121, 0,  /* 70 */
};

/* After e0. */
static const uint8_t set_1_extended[128] = {
    [0x10] = 165, [0x19] = 163, [0x1c] = 96,  [0x1d] = 97,  [0x20] = 113, [0x21] = 140,
    [0x22] = 164, [0x24] = 166, [0x2e] = 114, [0x30] = 115, [0x32] = 172, [0x35] = 98,
    [0x37] = 99,  [0x38] = 100, [0x46] = 119, [0x47] = 102, [0x48] = 103, [0x49] = 104,
    [0x4b] = 105, [0x4d] = 106, [0x4f] = 107, [0x50] = 108, [0x51] = 109, [0x52] = 110,
    [0x53] = 111, [0x5b] = 125, [0x5c] = 126, [0x5d] = 127, [0x5e] = 116, [0x5f] = 142,
    [0x63] = 143, [0x65] = 217, [0x66] = 156, [0x67] = 173, [0x68] = 128, [0x69] = 159,
    [0x6a] = 158, [0x6b] = 157, [0x6c] = 155, [0x6d] = 226,
};

/* The code of set 1 for each of set 2, as the controller translates (84: Alt and Print). */
static const uint8_t from_set_2[133] = {
    0x00, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
    0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
    0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
    0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
    0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
    0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
    0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
    0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
    0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x00, 0x00, 0x00, 0x41, 0x54,
};

/* A Shift that the keyboard says around some keys, so that old programs do as if Num Lock were off;
 * nobody has pressed it. */
static bool is_false_shift(bool is_extended, uint8_t code)
{
    return is_extended && (code == 0x2a || code == 0x36);
}

void scancode_init(struct scancode *scancode, bool is_set_2)
{
    memset(scancode, 0, sizeof *scancode);
    scancode->is_set_2 = is_set_2;
}

static bool event_make(struct scancode *scancode, uint16_t key, bool is_released,
                       struct qy_keyboard_event *ret_event)
{
    uint8_t *byte = &scancode->held[key / 8];
    uint8_t bit = (uint8_t)(1u << key % 8);
    bool was_held = (*byte & bit) != 0;
    *byte = (uint8_t)(is_released ? *byte & ~bit : *byte | bit);
    *ret_event = (struct qy_keyboard_event){
        .key = key,
        .action = is_released ? QY_KEYBOARD_ACTION_RELEASED
                  : was_held  ? QY_KEYBOARD_ACTION_REPEATED
                              : QY_KEYBOARD_ACTION_PRESSED,
    };
    return true;
}

/* Pause says at once that it is pressed and released, and never repeats: it is never held. */
static bool pause_make(struct qy_keyboard_event *ret_event)
{
    *ret_event = (struct qy_keyboard_event){.key = KEY_PAUSE, .action = QY_KEYBOARD_ACTION_PRESSED};
    return true;
}

/* A code of set 1 without its highest bit. */
static bool code_decode(struct scancode *scancode, uint8_t code, bool is_released,
                        struct qy_keyboard_event *ret_event)
{
    bool is_extended = scancode->is_extended;
    uint16_t key = is_extended ? set_1_extended[code] : set_1[code];
    scancode->is_extended = scancode->is_release = false;
    if (is_false_shift(is_extended, code)) {
        return false;
    }
    if (key == 0) {
        scancode->bad++;
        return false;
    }
    return event_make(scancode, key, is_released, ret_event);
}

bool scancode_decode(struct scancode *scancode, uint8_t byte, struct qy_keyboard_event *ret_event)
{
    if (scancode->pause_left > 0) {
        scancode->pause_left--;
        return scancode->pause_left == 0 && pause_make(ret_event);
    }
    if (byte == PAUSE) {
        scancode->pause_left = scancode->is_set_2 ? PAUSE_BYTES_2 : PAUSE_BYTES_1;
        return false;
    }
    if (byte == EXTENDED) {
        scancode->is_extended = true;
        return false;
    }
    if (!scancode->is_set_2) {
        return code_decode(scancode, byte & 0x7f, (byte & RELEASED_BIT) != 0, ret_event);
    }
    if (byte == RELEASE) {
        scancode->is_release = true;
        return false;
    }
    uint8_t code = byte < sizeof from_set_2 ? from_set_2[byte] : 0;
    return code_decode(scancode, code, scancode->is_release, ret_event);
}
