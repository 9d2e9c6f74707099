/* SPDX-License-Identifier: MIT */
/* The kernel's own words on a framebuffer, if the loader gave one. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "arch/boot_info.h"

#define FONT_FIRST  ' '
#define FONT_GLYPHS 95
#define FONT_WIDTH  8
#define FONT_HEIGHT 16

/* Made by tools/mkfont: a byte a row, the leftmost pixel in the highest bit. */
extern const uint8_t x86_font[FONT_GLYPHS][FONT_HEIGHT];

/* Clears the screen and begins at its top, if there is one that can be used: 24 or 32 bits a pixel,
 * below 4 GiB. It lies in the direct map, which boot.S makes and mmu_boot.c keeps. */
void x86_screen_init(const struct boot_info *info);

/* From where a screen that is used begins and ends; both 0 if there is none. */
void x86_screen_range(uint64_t *ret_start, uint64_t *ret_end);

void x86_screen_write(const char *text, size_t length);
