/* SPDX-License-Identifier: MIT */
#include "diagnostic.h"
#include <string.h>

#define LINE_SHOWN_MAX 160u
#define WORD_MAX       48u

void span_position(struct span where, uint32_t *ret_line, uint32_t *ret_column)
{
    *ret_line = 1;
    *ret_column = 1;
    for (uint32_t i = 0; i < where.offset && i < where.source->length; i++) {
        if (where.source->bytes[i] == '\n') {
            (*ret_line)++;
            *ret_column = 1;
        } else {
            (*ret_column)++;
        }
    }
}

/* A byte of the source as it may be shown: one column, nothing that moves the cursor. */
static char shown(char byte)
{
    return (unsigned char)byte < ' ' || (unsigned char)byte >= 0x7f ? ' ' : byte;
}

/* The line with the place, and a caret under it; columns are bytes. */
static void line_show(struct text *text, struct span where, uint32_t line, uint32_t column)
{
    const char *start = where.source->bytes + where.offset - (column - 1);
    uint32_t first = column > LINE_SHOWN_MAX / 2 ? column - LINE_SHOWN_MAX / 2 : 0;
    uint32_t length = (uint32_t)strcspn(start, "\n");
    text_printf(text, "%5u | ", line);
    for (uint32_t i = first; i < length && i < first + LINE_SHOWN_MAX; i++) {
        text_add(text, &(char){shown(start[i])}, 1);
    }
    text_printf(text, "\n      | %*s^", (int)(column - 1 - first), "");
    for (uint32_t i = 1; i < where.length && column - 1 + i < length; i++) {
        if (column - 1 + i < first + LINE_SHOWN_MAX) {
            text_add(text, "~", 1);
        }
    }
    text_add(text, "\n", 1);
}

static PRINTF(4, 0) void place_show(struct text *text, struct span where, const char *kind,
                                    const char *format, va_list list)
{
    uint32_t line, column;
    span_position(where, &line, &column);
    text_printf(text, "%s:%u:%u: %s: ", where.source->path, line, column, kind);
    text_vprintf(text, format, list);
    text_add(text, "\n", 1);
    line_show(text, where, line, column);
}

bool diagnostic_full(const struct diagnostics *the)
{
    return the->errors >= ERRORS_MAX;
}

void diagnostic_error(struct diagnostics *the, struct span where, const char *format, ...)
{
    the->errors++;
    if (the->errors > ERRORS_MAX) {
        return;
    }
    va_list list;
    va_start(list, format);
    place_show(&the->text, where, "error", format, list);
    va_end(list);
}

void diagnostic_note(struct diagnostics *the, struct span where, const char *format, ...)
{
    if (the->errors > ERRORS_MAX || where.source == NULL) {
        return;
    }
    va_list list;
    va_start(list, format);
    place_show(&the->text, where, "note", format, list);
    va_end(list);
}

void diagnostic_help(struct diagnostics *the, const char *format, ...)
{
    if (the->errors > ERRORS_MAX) {
        return;
    }
    text_printf(&the->text, "help: ");
    va_list list;
    va_start(list, format);
    text_vprintf(&the->text, format, list);
    va_end(list);
    text_add(&the->text, "\n", 1);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbors between two words. */
static uint32_t edit_distance(const char *a, const char *b)
{
    uint32_t a_length = (uint32_t)strlen(a), b_length = (uint32_t)strlen(b);
    if (a_length > WORD_MAX || b_length > WORD_MAX) {
        return UINT32_MAX;
    }
    uint32_t rows[3][WORD_MAX + 1] = {{0}};
    for (uint32_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (uint32_t i = 1; i <= a_length; i++) {
        uint32_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= b_length; j++) {
            uint32_t change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(now[j - 1], before[j]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], older[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    uint32_t distance = edit_distance(suggestion->wrong, candidate);
    uint32_t limit = 1 + (uint32_t)strlen(suggestion->wrong) / 4;
    if (distance <= limit && (suggestion->best == NULL || distance < suggestion->distance)) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
