/* SPDX-License-Identifier: MIT */
#include "report.h"
#include <idl/figures.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/text.h>

#define ANSWER_WITHIN (2 * QY_SECOND)
#define TEXT_MAX      (32 * 1024u)

static struct {
    struct qy_caller *caller;
    handle_t figures; /* HANDLE_INVALID: there is none */
    struct qy_figures_waits_call call;
    bool is_asked;
    char text[TEXT_MAX];
    uint64_t at, length; /* what is to be shown still */
} report_state;

void report_init(struct qy_caller *caller)
{
    report_state.caller = caller;
    report_state.figures = qy_bootstrap_handle(BOOTSTRAP_SESSION, "figures");
}

static void text_set(const char *error)
{
    report_state.at = 0;
    report_state.length =
        qy_snprintf(report_state.text, TEXT_MAX, "who waits for whom: %s\n", error);
}

static void answered(struct qy_call *call)
{
    report_state.is_asked = false;
    report_state.at = 0;
    report_state.length = report_state.call.ret_length;
    if (call->status != 0 || report_state.length > TEXT_MAX) {
        text_set(qy_error_text(call->status));
    }
    report_changed();
}

void report_ask(void)
{
    if (report_state.is_asked || report_state.at < report_state.length) {
        return; /* it is on its way */
    }
    if (report_state.figures == HANDLE_INVALID) {
        text_set("there is no server figures");
        return;
    }
    report_state.is_asked = true;
    report_state.call = (struct qy_figures_waits_call){
        .call = {.session = report_state.figures,
                 .deadline = qy_deadline_after(ANSWER_WITHIN),
                 .done = answered},
        .text = report_state.text,
        .text_size = TEXT_MAX,
    };
    qy_figures_waits_start(report_state.caller, &report_state.call);
}

bool report_line(char *line, uint32_t size)
{
    uint32_t length = 0;
    if (report_state.at >= report_state.length) {
        return false;
    }
    while (report_state.at < report_state.length) {
        char c = report_state.text[report_state.at++];
        if (c == '\n') {
            break;
        }
        if (length + 1 < size) {
            line[length++] = c;
        }
    }
    line[length] = 0;
    return true;
}
