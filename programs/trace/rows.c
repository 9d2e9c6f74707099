/* SPDX-License-Identifier: MIT */
/* The table of methods. */
#include "trace.h"
#include <quay/text.h>

#define LINE_BYTES 160

void row_of(const struct qy_trace_method *method, struct qy_trace_row *ret_row)
{
    *ret_row = (struct qy_trace_row){
        .number = method->method,
        .calls = method->calls,
        .errors = method->errors,
        .total_ns = method->total_ns,
        .median_ns = qy_trace_percentile(method, 50),
        .p99_ns = qy_trace_percentile(method, 99),
        .max_ns = method->max_ns,
    };
}

static void sort(struct qy_trace_row *rows, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct qy_trace_row row = rows[i];
        uint32_t at = i;
        for (; at > 0 && rows[at - 1].total_ns < row.total_ns; at--) {
            rows[at] = rows[at - 1];
        }
        rows[at] = row;
    }
}

static void time_put(uint64_t ns, struct qy_text *text)
{
    char buffer[16];
    struct qy_text time = {.text = buffer, .size = sizeof buffer};
    qy_trace_time_print(ns, &time);
    qy_text_put(text, "%8s  ", buffer);
}

static void row_print(const struct qy_trace_row *row, uint64_t all_ns, uint64_t seconds,
                      void (*put)(const char *text, size_t length))
{
    char buffer[LINE_BYTES];
    struct qy_text text = {.text = buffer, .size = sizeof buffer};
    uint64_t permille = all_ns > 0 ? row->total_ns * 1000 / all_ns : 0;
    qy_text_put(&text, "%3lu.%lu  ", permille / 10, permille % 10);
    time_put(row->total_ns, &text);
    qy_text_put(&text, "%7lu ", seconds > 0 ? row->calls / seconds : row->calls);
    if (row->errors > 0) {
        qy_text_put(&text, "%6lu  ", row->errors);
    } else {
        qy_text_put(&text, "        ");
    }
    time_put(row->median_ns, &text);
    time_put(row->p99_ns, &text);
    time_put(row->max_ns, &text);
    qy_trace_method_print(idl_all, row->number, &text);
    qy_text_put(&text, "\n");
    put(buffer, text.length < sizeof buffer ? text.length : sizeof buffer - 1);
}

void rows_print(struct qy_trace_row *rows, uint32_t count, uint64_t seconds,
                void (*put)(const char *text, size_t length))
{
    char buffer[LINE_BYTES];
    uint64_t all_ns = 0, calls = 0, errors = 0;
    sort(rows, count);
    for (uint32_t i = 0; i < count; i++) {
        all_ns += rows[i].total_ns;
        calls += rows[i].calls;
        errors += rows[i].errors;
    }
    size_t length =
        qy_snprintf(buffer, sizeof buffer,
                    "time %%     total  %7s errors    median       p99       max  method\n",
                    seconds > 0 ? "calls/s" : "calls");
    put(buffer, length);
    for (uint32_t i = 0; i < count; i++) {
        row_print(&rows[i], all_ns, seconds, put);
    }
    struct qy_text text = {.text = buffer, .size = sizeof buffer};
    qy_text_put(&text, "%5s  ", "");
    time_put(all_ns, &text);
    qy_text_put(&text, "%7lu %6lu  of %u methods\n", seconds > 0 ? calls / seconds : calls, errors,
                count);
    put(buffer, text.length);
}
