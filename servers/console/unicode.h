/* SPDX-License-Identifier: MIT */
/* UTF-8, and how wide characters are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UNICODE_REPLACEMENT 0xfffdu

/* Decodes a stream byte by byte. Zeroed at the start. */
struct utf8_decoder {
    uint32_t value, least; /* so far; the least that so many bytes may stand for */
    uint32_t left;         /* continuation bytes to come */
};

/* Returns how many characters are complete (0, 1, or 2: the first is a replacement for a sequence
 * that this byte broke off). */
uint32_t utf8_decode(struct utf8_decoder *decoder, uint8_t byte, uint32_t ret_characters[2]);

/* Writes up to 4 bytes; how many. */
uint32_t utf8_encode(uint32_t character, uint8_t *to);

static inline bool utf8_is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Columns: 0 (combining, invisible), 1 or 2 (East Asian wide, emoji). */
uint32_t character_width(uint32_t character);
