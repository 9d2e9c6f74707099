/* SPDX-License-Identifier: MIT */
/*
 * A line editor for a terminal that knows the common ANSI sequences. It is fed one byte at a time
 * and writes what the terminal has to show; it makes no system calls.
 *
 *   prompt  [first ........ cursor ....... ]      the window shows `view` columns of the text
 *
 * Keys: printable characters, left right home end, backspace delete, up down (history), and
 * ^A ^E ^B ^F start, end, left, right   ^K ^U ^W kill to the end, to the start, the word before
 * ^D delete   ^P ^N history   ^C give the line up   ^L clear the screen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX     200 /* characters */
#define LINE_HISTORY 32
#define LINE_COLUMNS 80

enum line_event {
    LINE_NONE,
    LINE_READY,     /* line_text is a complete line */
    LINE_TOO_LONG,  /* Enter, but characters beyond LINE_MAX had to be dropped */
    LINE_CANCELLED, /* ^C */
};

struct line_editor {
    /* Fixed. */
    void (*write)(void *context, const char *text, size_t length);
    void *context;
    const char *prompt;

    char text[LINE_MAX + 1];
    size_t length, cursor;
    size_t first;  /* character in the window's first column */
    bool overflow; /* something was dropped */

    /* Escape sequence under way. */
    uint8_t escape; /* 0 none, 1 after ESC, 2 after ESC [, 3 after ESC O */
    unsigned parameter;
    bool after_return; /* the next line feed belongs to a carriage return */

    /* A ring of past lines, newest last; `recalled` steps back from the end, 0: the line itself. */
    char history[LINE_HISTORY][LINE_MAX + 1];
    size_t history_count;
    size_t recalled;
    char draft[LINE_MAX + 1]; /* the line itself, while another is shown */
};

void line_init(struct line_editor *editor, const char *prompt,
               void (*write)(void *context, const char *text, size_t length), void *context);

/* Starts a new, empty line: shows the prompt. */
void line_begin(struct line_editor *editor);

/* Takes one byte of input. After any event but LINE_NONE the cursor stands on a new line. */
enum line_event line_feed(struct line_editor *editor, uint8_t byte);

/* Appends the text to the history, if it is not empty and not the newest already. */
void line_history_add(struct line_editor *editor);
