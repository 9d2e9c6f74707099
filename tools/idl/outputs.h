/* SPDX-License-Identifier: MIT */
/* What is made from an interface beside C. */
#pragma once

#include "compile.h"

void output_json(struct arena *arena, const struct library *library, struct text *text);
void output_markdown(struct arena *arena, const struct library *library, struct text *text);
void output_wireshark(struct arena *arena, const struct library *library, struct text *text);

/* The descriptions that servers carry, as bytes, for those who decode messages of others. */
void output_tables(struct arena *arena, const struct library *library, struct text *text);

void output_vectors(struct arena *arena, const struct library *library, struct text *text);

/* A cmocka program (tests/host/conformance.h) for the first protocol. */
void output_c_test(struct arena *arena, const struct library *library, struct text *text);

/* The same messages for libFuzzer: a program, and a dictionary. */
void output_c_fuzz(struct arena *arena, const struct library *library, struct text *text);
void output_dictionary(struct arena *arena, const struct library *library, struct text *text);

/* The wire form, a fact per line: what `idl check` compares. */
void output_summary(struct arena *arena, const struct library *library, struct text *text);
