/* SPDX-License-Identifier: MIT */
/* What the editor shows of its state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

struct editor {
    const char *prompt;
    struct buffer line;
    size_t cursor;        /* between bytes of the line, never within a character */
    struct buffer killed; /* what ^Y puts back */
    size_t history;       /* which line of the history is shown; its count is the new one */
    char *typed;          /* the new one while another is shown */
    unsigned completions; /* tabs in a row that changed nothing */
    unsigned row;         /* on which row, counted from the prompt's, the terminal's cursor is */
    unsigned column;
    bool drawn; /* the terminal shows the line as it is */
};

void editor_draw(struct editor *editor);
/* After characters were added at the end of a line that is drawn: shows them alone, if they fit. */
void editor_draw_added(struct editor *editor, const char *bytes, size_t length);
void editor_draw_search(struct editor *editor, const char *wanted, bool failed);
/* Words in columns below the line; the line is drawn anew behind them. */
void editor_list(struct editor *editor, char **words, size_t count);
void editor_clear(struct editor *editor);
