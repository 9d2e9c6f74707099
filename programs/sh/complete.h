/* SPDX-License-Identifier: MIT */
/* What the word before the cursor could become: commands, files, variables, user directories. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fields.h"

struct completion {
    size_t start;        /* where the word begins in the line */
    struct fields words; /* sorted; as they would stand in the line, quoted */
    size_t common;       /* bytes that all of them begin with */
};

/* The caller frees it by completion_fini(). `words` is empty if there is nothing. */
void completion_find(const char *line, size_t cursor, struct completion *ret_completion);
void completion_fini(struct completion *completion);
