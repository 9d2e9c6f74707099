/* SPDX-License-Identifier: MIT */
/*
 * Messages as bytes, made from the layout alone and not by the generated C, so that each can be
 * checked against the other, and a binding for another language against both.
 *
 * The full sample has every vector, string and optional value at its bound, the least one has none.
 * A mutation of the full sample breaks one rule; who receives it must refuse it.
 */
#pragma once

#include "layout.h"

struct mutation {
    struct mutation *next;
    const char *what; /* "color is no member" */
    uint32_t offset, size;
    uint64_t value;
    uint32_t extra; /* so many of the last bytes come once more */
};

struct sample {
    struct arena *arena;
    uint8_t bytes[MESSAGE_BYTES_MAX];
    uint32_t length;
    struct mutation *mutations, **mutations_end; /* of the full one only */
    bool is_full;
};

void sample_make(struct arena *arena, const struct message *message, bool is_full,
                 struct sample *ret_sample);
