/* SPDX-License-Identifier: MIT */
/*
 * Editing of one line on a terminal, with the keys of emacs.
 *
 * The line is UTF-8 in a buffer with a cursor between characters. After each key the whole line is
 * drawn again, from the row on where the prompt began: the editor only remembers on which row of
 * the line the terminal's cursor stands. Lines longer than the terminal go over several rows.
 */
#pragma once

#include "buffer.h"

enum editor_result {
    EDITOR_LINE,
    EDITOR_END,         /* ^D on an empty line, or the terminal is gone */
    EDITOR_INTERRUPTED, /* ^C */
    EDITOR_NO_TERMINAL, /* nothing was read */
};

/* The line without its newline. */
enum editor_result editor_read_line(const char *prompt, struct buffer *ret_line);
