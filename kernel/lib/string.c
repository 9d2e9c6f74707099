/* SPDX-License-Identifier: MIT */
/*
 * Compiled with -fno-builtin, or the compiler would turn a loop in memcpy() into a call of
 * memcpy(). Those that copy and fill are weak: a CPU layer with something faster defines its own.
 */
#include "lib/string.h"

#include <stdint.h>

#include "lib/compiler.h"

/* SAFETY: a word that may be read and written at any address and may alias anything. */
struct string_word {
    uint64_t value;
} PACKED __attribute__((may_alias));

enum {
    WORD_SIZE = sizeof(struct string_word)
};

/* Both directions copy words first and the odd bytes last. */
static void string_copy_up(char *to, const char *from, size_t size)
{
    for (; size >= WORD_SIZE; size -= WORD_SIZE) {
        *(struct string_word *)to = *(const struct string_word *)from;
        to += WORD_SIZE;
        from += WORD_SIZE;
    }
    for (; size > 0; size--) {
        *to++ = *from++;
    }
}

static void string_copy_down(char *to, const char *from, size_t size)
{
    to += size;
    from += size;
    for (; size >= WORD_SIZE; size -= WORD_SIZE) {
        to -= WORD_SIZE;
        from -= WORD_SIZE;
        *(struct string_word *)to = *(const struct string_word *)from;
    }
    for (; size > 0; size--) {
        *--to = *--from;
    }
}

WEAK void *(memcpy)(void *restrict to, const void *restrict from, size_t size)
{
    string_copy_up(to, from, size);
    return to;
}

WEAK void *(memmove)(void *to, const void *from, size_t size)
{
    /* Wraps to a huge number when `to` lies below `from`. */
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        string_copy_up(to, from, size);
    } else {
        string_copy_down(to, from, size);
    }
    return to;
}

WEAK void *(memset)(void *to, int value, size_t size)
{
    char *bytes = to;
    uint64_t word = (uint64_t)(unsigned char)value * 0x0101010101010101u;

    for (; size >= WORD_SIZE; size -= WORD_SIZE) {
        ((struct string_word *)bytes)->value = word;
        bytes += WORD_SIZE;
    }
    for (; size > 0; size--) {
        *bytes++ = (char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
    }
    return length;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length] != '\0') {
        length++;
    }
    return length;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        if (a[i] != b[i] || a[i] == '\0') {
            return (unsigned char)a[i] - (unsigned char)b[i];
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}
