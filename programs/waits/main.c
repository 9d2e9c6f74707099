/* SPDX-License-Identifier: MIT */
/* waits: who waits for whom, as the server figures tells it. */
#include <idl/figures.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/files.h>
#include <quay/text.h>

#define ANSWER_WITHIN (5 * QY_SECOND)
#define TEXT_MAX      (64 * 1024u)
#define PRINT_BYTES   200u /* qy_printf cuts what is longer */

static struct qy_connection figures = QY_CONNECTION("figures");

static int waits_print(void)
{
    static char text[TEXT_MAX];
    uint64_t length;
    int64_t status =
        qy_figures_waits_on(&figures, text, sizeof text, &length, qy_deadline_after(ANSWER_WITHIN));
    if (status != 0) {
        return qy_files_report("the server figures: %s", qy_error_text(status));
    }
    for (uint64_t at = 0; at < length && at < sizeof text; at += PRINT_BYTES) {
        uint64_t left = length - at;
        qy_printf("%.*s", (int)(left < PRINT_BYTES ? left : PRINT_BYTES), text + at);
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    qy_files_output();
    if (argument_count > 1) {
        qy_printf("usage: waits\n\n"
                  "Lists the threads of all programs that wait: for what, in which call, and since "
                  "when.\nThose that wait for each other are marked: a ring, or a deadlock if "
                  "nothing goes on there.\n");
        return qy_streq(arguments[1], "--help") ? 0 : 1;
    }
    return waits_print();
}
