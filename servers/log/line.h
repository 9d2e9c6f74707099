/* SPDX-License-Identifier: MIT */
/*
 * Lines out of the text of the kernel log, which comes in pieces:
 *
 *   [    1.402316] warning: text    the kernel's, with its time
 *   program: error: text            a program's (qy_log)
 *
 * each behind the kernel's mark (log_read): the CPU. Pure.
 */
#pragma once

#include <idl/log.h>
#include <stdbool.h>

/* A line as it grows. All zero: empty. */
struct line_buffer {
    char text[QY_LOG_TEXT_MAX + 1];
    uint32_t length;
    uint8_t cpu;    /* that its beginning was written on: '0' + number; 0: not known */
    bool is_marked; /* the next byte is the CPU */
};

/* Takes bytes up to the end of a line: how many. Then *ret_is_complete, and the line is in the
 * buffer, until line_clear; what is too long is cut. Bytes that are no text become '?'. */
uint32_t line_take(struct line_buffer *buffer, const uint8_t *bytes, uint32_t count,
                   bool *ret_is_complete);
void line_clear(struct line_buffer *buffer);

/* The CPU of a line that is complete, or QY_LOG_CPU_UNKNOWN. */
uint32_t line_cpu(const struct line_buffer *buffer);

/* What a line of the kernel log says: program, level, its time if it has one (else `now`), and
 * where its text begins. */
const char *line_parse(const char *line, int64_t now, struct qy_log_line *ret_line);

/* Whether this is the text of a line: not empty, no control characters. */
bool line_valid(const char *text);
