/* SPDX-License-Identifier: MIT */
/* A line of the log server as text; docs/servers/log.md has the format. */
#pragma once

#include <idl/log.h>
#include <quay/text.h>

/* Room for the longest one. */
#define QY_LOG_LINE_BYTES 560

/* "[seconds.micros] cCPU LEVEL PROGRAM: text", without an end of line. Returns its length. */
static inline size_t qy_log_line_text(const struct qy_log_line *line, const char *text, char *to,
                                      size_t size)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    uint64_t micros = (uint64_t)line->time_ns / 1000;
    char cpu[12] = "?";
    if (line->cpu != QY_LOG_CPU_UNKNOWN) {
        (void)qy_snprintf(cpu, sizeof cpu, "%u", line->cpu); /* it fits */
    }
    return qy_snprintf(to, size, "[%5lu.%06lu] c%s %s %s: %s", (unsigned long)(micros / 1000000),
                       (unsigned long)(micros % 1000000), cpu, levels[line->level & 3],
                       line->program[0] != 0 ? line->program : "?", text);
}
