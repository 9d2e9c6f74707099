/* SPDX-License-Identifier: MIT */
/* Between the files of the program `trace`. */
#pragma once

#include <idl/all.h>
#include <idl/trace.h>
#include <quay/connection.h>

#define ANSWER_WITHIN (5 * QY_SECOND)

extern struct qy_connection trace_server;

/* What the options say. */
struct options {
    bool is_summary; /* in place of lines */
    bool is_wide;    /* whole texts, and what happened while the program was loaded */
    bool is_alone;   /* only calls of the program itself, not those made for them */
};

/* Says why a call of the server failed; 1. */
int trace_failed(int64_t status);

/* A table of methods, those that took longest together first. `seconds` of tracing: calls per
 * second are shown; 0: their number. */
void rows_print(struct qy_trace_row *rows, uint32_t count, uint64_t seconds,
                void (*put)(const char *text, size_t length));
void row_of(const struct qy_trace_method *method, struct qy_trace_row *ret_row);

/* Programs: run one and show what it calls. Returns what main returns. */
int command_trace(const struct options *options, int count, char **arguments);

/* Of the machine. */
int machine_summary(void);
int machine_top(uint64_t times);
int machine_status(void);

/* Text that goes to descriptor 1, or to descriptor 2. */
void put_output(const char *text, size_t length);
void put_errors(const char *text, size_t length);
void put_flush(void);
