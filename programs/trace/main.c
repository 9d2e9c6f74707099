/* SPDX-License-Identifier: MIT */
/* trace: what programs ask of each other. See docs/trace.md. */
#include "trace.h"
#include <quay/clock.h>
#include <quay/files.h>
#include <quay/text.h>

#define MESSAGES                                                                                   \
    (QY_TRACE_KINDS_CALL | QY_TRACE_KINDS_CALL_RECEIVED | QY_TRACE_KINDS_REPLY |                   \
     QY_TRACE_KINDS_REPLY_RECEIVED)
#define FILTER_BYTES 121

struct qy_connection trace_server = QY_CONNECTION("trace");

static const char usage[] =
    "usage: trace [OPTION]... COMMAND [ARGUMENT]...   run it, and show the calls it makes\n"
    "       trace on [WORD]... | off | status         trace all programs; WORD: see --log\n"
    "       trace --summary                           what was counted since `trace on`\n"
    "       trace --top [TIMES]                       the same, of each second\n"
    "\n"
    "  --summary COMMAND   a table of its calls in place of a line for each\n"
    "  --alone             only its own calls, not those that servers make for it\n"
    "  --wide              whole texts and vectors, and how it is loaded\n"
    "  on --log [WORD]...  lines of calls to the system log too: those in which a program or a\n"
    "                      protocol of such a name takes part; without a word all\n"
    "\n"
    "A line: milliseconds since the first call, how long it took, who called whom, what.\n"
    "Lines go to the standard error output.\n";

int trace_failed(int64_t status)
{
    switch (status) {
    case QY_TRACE_FAILURE_NO_MEMORY:
        return qy_files_report("no memory for the kernel's rings");
    case QY_TRACE_FAILURE_TOO_MANY:
        return qy_files_report("too many trace already");
    case QY_TRACE_FAILURE_NOT_STARTED:
        return qy_files_report("the server trace was started again, and knows nothing of it");
    case QY_TRACE_FAILURE_INVALID:
        return qy_files_report("the server does not take that");
    default:
        return qy_files_report("the server trace: %s", qy_error_text(status));
    }
}

static bool is_word(int count, char **arguments, const char *word)
{
    return count > 0 && qy_streq(arguments[0], word);
}

static int help(void)
{
    for (const char *at = usage; *at != 0;) {
        size_t length = qy_strnlen(at, 400);
        put_output(at, length);
        at += length;
    }
    put_flush();
    return 0;
}

static int bad_usage(void)
{
    (void)qy_files_report("see trace --help");
    return 2;
}

static int switch_on(int count, char **words)
{
    char filter[FILTER_BYTES] = "";
    size_t length = 0;
    bool to_log = is_word(count, words, "--log");
    for (int i = to_log; i < count; i++) {
        length += qy_snprintf(filter + length, sizeof filter - length, "%s%s",
                              i > to_log ? "," : "", words[i]);
        if (length >= sizeof filter) {
            return qy_files_report("too many words");
        }
    }
    if (!to_log && count > 0) {
        return bad_usage();
    }
    uint32_t kinds = MESSAGES | (to_log ? QY_TRACE_KINDS_DATA : 0u);
    int64_t status = qy_trace_reset_on(&trace_server, qy_deadline_after(ANSWER_WITHIN));
    if (status == 0) {
        status = qy_trace_switch_on_on(&trace_server, kinds, to_log, filter,
                                       qy_deadline_after(ANSWER_WITHIN));
    }
    return status == 0 ? 0 : trace_failed(status);
}

static int switch_off(void)
{
    int64_t status = qy_trace_switch_off_on(&trace_server, qy_deadline_after(ANSWER_WITHIN));
    return status == 0 ? 0 : trace_failed(status);
}

static int top(int count, char **words)
{
    uint64_t times = UINT64_MAX;
    if (count > 1 || (count == 1 && (qy_parse_u64(words[0], &times) != 0 || times == 0))) {
        return bad_usage();
    }
    return machine_top(times);
}

static int run(const struct options *options, int count, char **words)
{
    if (count == 0) {
        return options->is_summary ? machine_summary() : bad_usage();
    }
    if (is_word(count, words, "on")) {
        return switch_on(count - 1, words + 1);
    }
    if (is_word(count, words, "off") && count == 1) {
        return switch_off();
    }
    if (is_word(count, words, "status") && count == 1) {
        return machine_status();
    }
    return command_trace(options, count, words);
}

int main(int argument_count, char **arguments)
{
    struct options options = {0};
    int at = 1;
    for (; at < argument_count && arguments[at][0] == '-'; at++) {
        if (qy_streq(arguments[at], "--summary")) {
            options.is_summary = true;
        } else if (qy_streq(arguments[at], "--wide")) {
            options.is_wide = true;
        } else if (qy_streq(arguments[at], "--alone")) {
            options.is_alone = true;
        } else if (qy_streq(arguments[at], "--top")) {
            return top(argument_count - at - 1, arguments + at + 1);
        } else if (qy_streq(arguments[at], "--help")) {
            return help();
        } else {
            return bad_usage();
        }
    }
    return run(&options, argument_count - at, arguments + at);
}
