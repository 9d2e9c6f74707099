/* SPDX-License-Identifier: MIT */
/* trace status, trace --summary, trace --top: of all programs. */
#include "trace.h"
#include <quay/clock.h>
#include <quay/text.h>
#include <quay/thread.h>

#define ROWS_MAX   QY_TRACE_METHODS_MAX
#define ROWS_SHOWN 20u
#define PAGE_ROWS  64u

#define MESSAGES                                                                                   \
    (QY_TRACE_KINDS_CALL | QY_TRACE_KINDS_CALL_RECEIVED | QY_TRACE_KINDS_REPLY |                   \
     QY_TRACE_KINDS_REPLY_RECEIVED)

static int64_t rows_get(struct qy_trace_row rows[ROWS_MAX], uint32_t *ret_count)
{
    static struct qy_trace_row page[PAGE_ROWS];
    uint32_t count = 0, more;
    do {
        int64_t status = qy_trace_summary_on(&trace_server, count, page, &more,
                                             qy_deadline_after(ANSWER_WITHIN));
        if (status != 0) {
            return status;
        }
        more = more < ROWS_MAX - count ? more : ROWS_MAX - count;
        memcpy(rows + count, page, more * sizeof page[0]);
        count += more;
    } while (more > 0 && count < ROWS_MAX);
    *ret_count = count;
    return 0;
}

static void line(const char *format, ...) QY_PRINTF(1, 2);
static void line(const char *format, ...)
{
    char buffer[240];
    va_list list;
    va_start(list, format);
    size_t length = qy_vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    put_output(buffer, length < sizeof buffer ? length : sizeof buffer - 1);
}

/* What is on, and the counters. */
static int64_t state_print(bool is_short)
{
    struct qy_trace_state state;
    int64_t status = qy_trace_get_on(&trace_server, &state, qy_deadline_after(ANSWER_WITHIN));
    if (status != 0) {
        return status;
    }
    uint64_t seconds = state.uptime_ns / QY_SECOND;
    if (is_short) {
        line("up %lu:%02lu:%02lu, %lu calls, %lu errors, %lu records, %lu lost\n", seconds / 3600,
             seconds / 60 % 60, seconds % 60, state.calls, state.errors, state.records, state.lost);
        return 0;
    }
    line("tracing   %s\n", state.machine_kinds != 0 ? "on"
                           : state.readers > 0      ? "on, for who reads"
                           : state.kinds != 0       ? "on, for the serial port"
                                                    : "off");
    line("up        %lu:%02lu:%02lu\n", seconds / 3600, seconds / 60 % 60, seconds % 60);
    line("readers   %u\n", state.readers);
    if (state.records_per_cpu == 0) {
        line("rings     none: they are made when it is switched on\n");
    } else {
        line("rings     %u CPUs, %u records each, %u KiB\n", state.cpu_count, state.records_per_cpu,
             state.cpu_count * state.records_per_cpu / 16);
    }
    line("records   %lu, lost %lu\n", state.records, state.lost);
    line("calls     %lu, errors %lu\n", state.calls, state.errors);
    if (state.streamed_bytes > 0) {
        line("streamed  %lu bytes\n", state.streamed_bytes);
    }
    if (state.lines_left_out > 0) {
        line("log       %lu lines left out\n", state.lines_left_out);
    }
    return 0;
}

int machine_status(void)
{
    int64_t status = state_print(false);
    put_flush();
    return status == 0 ? 0 : trace_failed(status);
}

int machine_summary(void)
{
    static struct qy_trace_row rows[ROWS_MAX];
    uint32_t count;
    int64_t status = rows_get(rows, &count);
    if (status == 0 && count == 0) {
        line("Nothing was counted: `trace on` begins.\n");
    } else if (status == 0) {
        rows_print(rows, count, 0, put_output);
        status = state_print(true);
    }
    put_flush();
    return status == 0 ? 0 : trace_failed(status);
}

/* What has come since `before`, in its place. */
static uint32_t difference(struct qy_trace_row *rows, uint32_t count,
                           const struct qy_trace_row *before, uint32_t before_count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct qy_trace_row row = rows[i];
        for (uint32_t j = 0; j < before_count; j++) {
            if (before[j].number == row.number && before[j].calls <= row.calls) {
                row.calls -= before[j].calls;
                row.errors -= before[j].errors;
                row.total_ns -= before[j].total_ns;
            }
        }
        if (row.calls > 0) {
            rows[kept++] = row;
        }
    }
    return kept;
}

int machine_top(uint64_t times)
{
    static struct qy_trace_row rows[ROWS_MAX], before[ROWS_MAX], now[ROWS_MAX];
    struct qy_trace_state state;
    uint32_t count, before_count = 0;
    int64_t status = qy_trace_get_on(&trace_server, &state, qy_deadline_after(ANSWER_WITHIN));
    bool was_off = status == 0 && state.machine_kinds == 0;
    if (was_off) {
        status = qy_trace_switch_on_on(&trace_server, MESSAGES, false, "",
                                       qy_deadline_after(ANSWER_WITHIN));
    }
    if (status == 0) {
        status = rows_get(before, &before_count);
    }
    for (uint64_t i = 0; status == 0 && i < times; i++) {
        (void)qy_thread_sleep(qy_deadline_after(QY_SECOND)); /* it only sleeps */
        status = rows_get(now, &count);
        if (status == 0) {
            memcpy(rows, now, sizeof rows);
            uint32_t kept = difference(rows, count, before, before_count);
            line("\033[H\033[J");
            (void)state_print(true); /* the next call tells what is wrong */
            rows_print(rows, kept < ROWS_SHOWN ? kept : ROWS_SHOWN, 1, put_output);
            put_flush();
            memcpy(before, now, sizeof before);
            before_count = count;
        }
    }
    if (was_off) {
        (void)qy_trace_switch_off_on(&trace_server, qy_deadline_after(ANSWER_WITHIN));
    }
    put_flush();
    return status == 0 ? 0 : trace_failed(status);
}
