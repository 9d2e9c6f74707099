/* SPDX-License-Identifier: MIT */
/* The layouts that are built in, made by tools/mklayouts from the folder layouts/. */
#pragma once

#include <stdint.h>

struct layout_text {
    const char *name, *text;
};

/* In this program, so that no table of addresses is needed. */
#pragma GCC visibility push(hidden)
extern const struct layout_text layout_texts[];
extern const uint32_t layout_text_count;
#pragma GCC visibility pop
