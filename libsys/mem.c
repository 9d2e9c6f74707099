/* SPDX-License-Identifier: MIT */
/*
 * The four functions that compilers call by themselves. Words by string instructions: they need no
 * vector registers, and the processor moves whole cache lines. Not part of host builds.
 */
#include <quay/text.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *destination = to;
    size_t words = size / 8;
    size_t rest = size % 8;
    __asm__ volatile("rep movsq" : "+D"(destination), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(rest) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uintptr_t distance = (uintptr_t)to - (uintptr_t)from;
    if (distance >= size) {
        return memcpy(to, from, size); /* not from below into the range: forward is right */
    }
    uint8_t *destination = to;
    const uint8_t *source = from;
    while (size > 0) {
        size--;
        destination[size] = source[size];
        __asm__ volatile("" : : : "memory"); /* or the compiler makes a call of memmove of it */
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *destination = to;
    uint64_t pattern = 0x0101010101010101ul * (uint8_t)byte;
    size_t words = size / 8;
    size_t rest = size % 8;
    __asm__ volatile("rep stosq" : "+D"(destination), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(destination), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
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
    while (text[length] != 0) {
        length++;
        __asm__ volatile("" : : : "memory"); /* or the compiler makes a call of strlen of it */
    }
    return length;
}
