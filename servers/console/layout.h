/* SPDX-License-Identifier: MIT */
/*
 * Keyboard layouts: which character a key makes. A layout is a text, a line for each key:
 *
 *   # a comment
 *   PLACE PLAIN [SHIFT [ALTGR [SHIFT-ALTGR]]]
 *   AD01  q Q @
 *   AE12  dead_acute dead_grave
 *
 * A place is named as XKB does it: AE is the row of the digits, AD, AC and AB those below, numbered
 * from the left; TLDE, BKSL, LSGT and SPCE the others. A character is itself, U+ and its number in
 * hexadecimal, dead_NAME for a dead key, or "none".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_KEYS   96u /* places that make characters have numbers below */
#define LAYOUT_LEVELS 4u

#define LAYOUT_SHIFT 1u /* added up: the level */
#define LAYOUT_ALTGR 2u

/* A character, 0: none; or DEAD and the accent's own character. */
#define LAYOUT_DEAD 0x80000000u

struct layout {
    uint32_t characters[LAYOUT_KEYS][LAYOUT_LEVELS];
};

/* Reads a text of so many bytes: 0, or the number of the first line that is wrong, and
 * *ret_layout is as it was. */
uint32_t layout_parse(const char *text, size_t length, struct layout *ret_layout);

/* Whether shift gives the capital of what the key makes alone: Caps Lock turns it around. */
bool layout_is_letter(const struct layout *layout, uint32_t key);

/* The character made by an accent (its own character, as above) and a letter; 0: there is none. */
uint32_t layout_compose(uint32_t accent, uint32_t character);
