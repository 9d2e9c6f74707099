/* SPDX-License-Identifier: MIT */
/* One form for all interface files. */
#pragma once

#include "lexer.h"

/* The formatted text of a source that the lexer has no errors in. Comments stay; line breaks inside
 * of a statement stay, and of empty lines one. Formatting twice changes nothing. */
void format_source(struct arena *arena, const struct source *source, struct text *text);
