/* SPDX-License-Identifier: MIT */
/* From tokens to the tree; the grammar is docs/idl/grammar.md. */
#pragma once

#include "ast.h"
#include "lexer.h"

/* What could be read; after errors a part of it. Never NULL. */
struct library *parser_run(struct arena *arena, struct diagnostics *diagnostics,
                           const struct source *source);
