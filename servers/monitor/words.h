/* SPDX-License-Identifier: MIT */
/* A command line as words. Pure. */
#pragma once

#include <stddef.h>

#define WORDS_MAX 16

/* Cuts the line in place at spaces that are not within "quotes", which stay; words[] points into
 * it. Returns how many there are, or -1 for more than WORDS_MAX. */
int words_split(char *line, char *words[WORDS_MAX]);
