/* SPDX-License-Identifier: MIT */
/* Values and their descriptions, between the files that read and write them as text. */
#pragma once

#include <quay/interface.h>

/* What the bytes of an integer are, without its sign. */
uint64_t qy_value_integer(const struct qy_described_type *type, const uint8_t *bytes);

/* The member of a union or table with this number; NULL: there is none. */
const struct qy_described_member *qy_value_member(const struct qy_interface *interface,
                                                  const struct qy_described_type *type,
                                                  uint64_t ordinal);

/* The parameters of a message, "a = 1", with this between them. False: they are none. */
bool qy_params_print(const struct qy_interface *interface, const struct qy_described_method *method,
                     bool is_reply, const void *payload, uint32_t length, const char *between,
                     struct qy_text *text);

/* A value as it lies in a struct; false if it cannot be one, or is too deep. */
bool qy_value_print(const struct qy_interface *interface, const struct qy_described_type *type,
                    const uint8_t *bytes, struct qy_text *text, uint32_t depth);
