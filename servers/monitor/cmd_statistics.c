/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "sessions.h"
#include <quay/clock.h>
#include <quay/files.h>
#include <quay/statistics.h>
#include <quay/text.h>

#define ANSWER_WITHIN (2 * QY_SECOND)

bool statistics_run(int count, char **words)
{
    (void)count;
    handle_t session = session_handle(words[1]);
    if (session == HANDLE_INVALID) {
        return false;
    }
    struct qy_method_statistics entry;
    uint32_t index = 0;
    int64_t status;
    while ((status = qy_statistics_get(session, index, &entry, qy_deadline_after(ANSWER_WITHIN))) ==
           0) {
        if (index++ == 0) {
            qy_printf(
                "method                  calls     errors   half below    99 %% below, ticks\n");
        }
        qy_printf("%-16.16s %12lu %10lu %12lu %12lu\n", method_name(session, entry.method),
                  entry.calls, entry.errors, qy_statistics_latency(&entry, 50),
                  qy_statistics_latency(&entry, 99));
    }
    if (status == -ENO_METHOD) {
        (void)qy_files_report("%.40s does not count its calls", words[1]);
    } else if (status != ENOENT) {
        (void)qy_files_report("%.40s does not answer: %s", words[1], qy_error_text(status));
    } else if (index == 0) {
        qy_printf("%.40s was not called yet\n", words[1]);
    }
    return status == ENOENT;
}

void cmd_statistics(int count, char **words)
{
    (void)statistics_run(count, words); /* it has said what is wrong */
}
