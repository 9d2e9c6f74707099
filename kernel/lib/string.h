/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions, under their own names, because compilers call some
 * of them by themselves. The kernel links lib/string.c and the CPU layer's string.c, the host build
 * its C library. Contracts as in ISO C, section 7.24.
 *
 * -ffreestanding makes the compiler forget what these names mean. In the kernel the macros below
 * remind it, so that a copy of a few words becomes a few moves; for what is longer or of unknown
 * size it calls the function. A definition puts the name in parentheses, which keeps the macro
 * away.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);

#ifndef QUAY_HOST
#define memcpy(...) __builtin_memcpy(__VA_ARGS__)
#define memset(...) __builtin_memset(__VA_ARGS__)
#endif
