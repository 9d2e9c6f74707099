/* SPDX-License-Identifier: MIT */
#include "command.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/files.h>
#include <quay/text.h>

bool names_run(int count, char **words)
{
    (void)count;
    (void)words;
    handle_t names = qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
    struct qy_names_entry entry;
    uint32_t index = 0;
    int64_t status;
    qy_printf("name             times bound\n");
    while ((status = qy_names_get(names, index, &entry, DEADLINE_NEVER)) == 0) {
        qy_printf("%-16s %11lu%s\n", entry.name, entry.generation,
                  entry.is_bound ? "" : "  (nobody is there)");
        index++;
    }
    if (status != QY_NAMES_FAILURE_NO_SUCH_INDEX) {
        (void)qy_files_report("the name service does not answer: %s", qy_error_text(status));
    }
    return status == QY_NAMES_FAILURE_NO_SUCH_INDEX;
}

void cmd_names(int count, char **words)
{
    (void)names_run(count, words); /* it has said what is wrong */
}
