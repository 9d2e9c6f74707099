/* SPDX-License-Identifier: MIT */
/* From keys that go down and up to the bytes that a terminal sends: layout, modifiers, dead keys,
 * and xterm's sequences for keys that make no character. */
#pragma once

#include "layout.h"
#include <idl/keyboard.h>

#define KEYS_BYTES_MAX 16u /* of one event */

/* Modifiers; one bit for each key, so that the other one of a pair can be held. */
enum keys_modifier {
    KEYS_SHIFT = 0x03,
    KEYS_CONTROL = 0x0c,
    KEYS_ALT = 0x10,
    KEYS_ALTGR = 0x20,
};

struct keys {
    struct layout layout;
    uint32_t held; /* bits of keys_modifier */
    bool has_caps_lock, has_num_lock;
    uint32_t dead; /* the accent that waits for its letter; 0: none */
    /* What the program wants (screen.h). */
    bool has_application_cursor;
};

/* No modifiers; with this layout. */
void keys_init(struct keys *keys, const struct layout *layout);

/* The bytes to be typed, at most KEYS_BYTES_MAX; how many. */
uint32_t keys_event(struct keys *keys, const struct qy_keyboard_event *event, uint8_t *to);

/* Which lights are to be on. */
uint32_t keys_lights(const struct keys *keys);
