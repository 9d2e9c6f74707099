/* SPDX-License-Identifier: MIT */
/* The text of a file of /proc, as it was when the file was opened. */
#pragma once

#include <idl/file.h>
#include <quay/text.h>

struct text_file {
    struct qy_file_stat stat;
    bool is_short; /* there was no memory for all of it */
    uint32_t size, capacity;
    char *bytes;
};

struct text_file *text_file_new(void); /* NULL: no memory */
void text_file_add(struct text_file *text, const void *bytes, uint32_t size);
void text_file_print(struct text_file *text, const char *format, ...) QY_PRINTF(2, 3); /* a line */
void text_file_free(struct text_file *text); /* NULL is allowed */
