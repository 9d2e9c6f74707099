/* SPDX-License-Identifier: MIT */
/*
 * Where everything lies. Little-endian, naturally aligned, nothing implicit:
 *
 *   struct   fields in their order; a gap must be written as `reserved N;`. A string<N> takes N + 1
 *            bytes and ends with a zero; a vector<T, N> is its N elements and a u32 count; an
 *            optional<T> the value and a byte that tells whether it is there. What is not used
 *            is zero.
 *   union    u32 tag | u32 zero | the chosen member | zeros up to the largest
 *   table    in a message's tail: for each field that is there u16 ordinal | u16 size | the value
 *   message  the fixed part: the parameters, widest alignment first, so that they fill it without
 *            gaps; of a string, vector or table only a u16 count; `has` bytes of optional ones;
 *            zeros up to the alignment. Then the tail: strings, vectors and tables in their
 *            order, packed.
 */
#pragma once

#include "ast.h"

#define MESSAGE_BYTES_MAX    4096u
#define MESSAGE_HANDLES_MAX  16u
#define MESSAGE_LEASES_MAX   4u
#define MESSAGE_REGISTER_MAX 64u
#define UNION_HEADER_BYTES   8u
#define TABLE_HEADER_BYTES   4u

/* Lays everything of a checked library out; reports gaps, recursion and what is too large. */
void layout_run(struct arena *arena, struct diagnostics *diagnostics, struct library *library);

bool type_is_integer(const struct type *type);
uint32_t integer_size(enum type_kind kind);
bool type_is_named(const struct type *type, enum decl_kind kind);

/* Travels in the tail of a message. */
bool type_has_tail(const struct type *type);

/* The most bytes that it takes in the tail. */
uint32_t type_tail_max(const struct type *type);

/* What is inside of an optional<T>, or the type itself. */
const struct type *type_bare(const struct type *type);
