/* SPDX-License-Identifier: MIT */
/*
 * A line of text shown above the line that is being edited: that one is taken off, the text written
 * in its place, and the line once more below it, with the cursor where it was.
 */
#pragma once

#include "screen.h"

/* Whether a line can be put there now: not into a program that has the whole screen, and not into
 * the middle of a sequence. */
bool above_is_possible(const struct screen *screen);

/* What has to be written for it, to the terminal as to the screen: at most `max` bytes, whole
 * sequences; the number of bytes. Control characters of the text are shown as ?. */
uint32_t above_write(const struct screen *screen, const char *text, uint8_t *to, uint32_t max);
