/* SPDX-License-Identifier: MIT */
/*
 * From the bytes of a keyboard to keys: scan code set 2, or 1, which most controllers make of it.
 *
 *           pressed      released          Pause
 *   set 1:  [e0] code    [e0] code | 80    e1 1d 45 e1 9d c5
 *   set 2:  [e0] code    [e0] f0 code      e1 14 77 ...
 *
 * Keys have the numbers of Linux. Bytes that no key makes are counted and forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <idl/keyboard.h>

struct scancode {
    bool is_set_2;
    bool is_extended;   /* after e0 */
    bool is_release;    /* after f0 */
    uint8_t pause_left; /* bytes of Pause to come */
    uint64_t bad;
    uint8_t held[0x300 / 8]; /* keys that are down: pressed once more, they repeat */
};

void scancode_init(struct scancode *scancode, bool is_set_2);

/* Takes a byte. True: *ret_event is what it means. */
bool scancode_decode(struct scancode *scancode, uint8_t byte, struct qy_keyboard_event *ret_event);
