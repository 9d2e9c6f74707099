/* SPDX-License-Identifier: MIT */
/*
 * Copying and filling by string instructions (SDM Vol. 1, 7.3.9): a word costs one instruction, and
 * processors since Ivy Bridge move whole lines at a time. The direction flag is clear in the
 * kernel, as the ABI has it and every entry makes it.
 */
#include "lib/string.h"

#include <stdint.h>
#include "lib/compiler.h"

void *(memcpy)(void *restrict to, const void *restrict from, size_t size)
{
    void *at = to;
    size_t words = size / 8;
    size_t bytes = size % 8;

    __asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

/* The odd bytes at the end, then words. */
static NOINLINE void *copy_backward(void *to, const void *from, size_t size)
{
    uint8_t *at = (uint8_t *)to + size - 1;
    const uint8_t *last = (const uint8_t *)from + size - 1;
    size_t words = size / 8;

    size %= 8;
    __asm__ volatile("std\n\trep movsb\n\t"
                     "sub $7, %%rdi\n\tsub $7, %%rsi\n\t"
                     "mov %3, %%rcx\n\trep movsq\n\tcld"
                     : "+D"(at), "+S"(last), "+c"(size)
                     : "r"(words)
                     : "memory", "cc");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    return (uintptr_t)to - (uintptr_t)from >= size ? (memcpy)(to, from, size)
                                                   : copy_backward(to, from, size);
}

void *(memset)(void *to, int value, size_t size)
{
    void *at = to;
    size_t words = size / 8;
    size_t bytes = size % 8;
    uint64_t word = (uint64_t)(uint8_t)value * 0x0101010101010101u;

    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(word) : "memory");
    return to;
}
