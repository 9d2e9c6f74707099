/* SPDX-License-Identifier: MIT */
/* Values on the wire: what may be there, and tables. No system calls. */
#include <quay/message.h>
#include <quay/text.h>

bool qy_is_zero(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= at[i];
    }
    return all == 0;
}

bool qy_bool_valid(const bool *value)
{
    return *(const uint8_t *)value <= 1;
}

/* How many bytes follow a first byte of UTF-8, and the least code point that needs them; -1: it
 * begins nothing (RFC 3629, section 4). */
static int utf8_following(uint8_t first, uint32_t *ret_bits, uint32_t *ret_least)
{
    if (first < 0x80) {
        *ret_bits = first;
        *ret_least = 1; /* no zero */
        return 0;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        *ret_bits = first & 0x1f;
        *ret_least = 0x80;
        return 1;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *ret_bits = first & 0x0f;
        *ret_least = 0x800;
        return 2;
    }
    *ret_bits = first & 0x07;
    *ret_least = 0x10000;
    return first >= 0xf0 && first <= 0xf4 ? 3 : -1;
}

bool qy_utf8_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t point, least;
        int following = utf8_following((uint8_t)text[i++], &point, &least);
        if (following < 0 || length - i < (size_t)following) {
            return false;
        }
        for (; following > 0; following--, i++) {
            if (((uint8_t)text[i] & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | ((uint8_t)text[i] & 0x3f);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
            return false;
        }
    }
    return true;
}

bool qy_string_valid(const char *text, size_t size)
{
    size_t length = qy_strnlen(text, size);
    return length < size && qy_utf8_valid(text, length) && qy_is_zero(text + length, size - length);
}

size_t qy_string_length(const char *text, uint32_t bound)
{
    return qy_strnlen(text, (size_t)bound + 1);
}

uint32_t qy_table_put(uint8_t *bytes, uint16_t ordinal, const void *value, uint16_t size)
{
    memcpy(bytes, &ordinal, sizeof ordinal);
    memcpy(bytes + 2, &size, sizeof size);
    memcpy(bytes + 4, value, size);
    return 4u + size;
}

bool qy_table_next(struct qy_table_reader *reader)
{
    uint16_t ordinal;
    if (reader->left == 0 || reader->is_bad) {
        return false;
    }
    if (reader->left < 4) {
        reader->is_bad = true;
        return false;
    }
    memcpy(&ordinal, reader->at, sizeof ordinal);
    memcpy(&reader->size, reader->at + 2, sizeof reader->size);
    if (ordinal <= reader->ordinal || reader->size > reader->left - 4) {
        reader->is_bad = true;
        return false;
    }
    reader->ordinal = ordinal;
    reader->value = reader->at + 4;
    reader->at += 4u + reader->size;
    reader->left -= 4u + reader->size;
    return true;
}

bool qy_table_get(const struct qy_table_reader *reader, void *ret_value, uint16_t size)
{
    if (reader->size != size) {
        return false;
    }
    memcpy(ret_value, reader->value, size);
    return true;
}
