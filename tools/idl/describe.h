/* SPDX-License-Identifier: MIT */
/* Types and methods as short texts, for everything that people or other programs read. */
#pragma once

#include "compile.h"

/* "vector<u8, 64>", with names as they are written and numbers for bounds. */
void describe_type(struct text *text, const struct type *type);

/* "vector"; of what has no name of its own. */
const char *describe_kind(const struct type *type);

/* "(offset: u64, lease out data)" */
void describe_message(struct text *text, const struct message *message);

/* "1: read(...) -> (...) error fs.failure" */
void describe_method(struct text *text, const struct method *method);

/* Adds the text with \ and " escaped, and line feeds as \n. */
void describe_escaped(struct text *text, const char *from);
