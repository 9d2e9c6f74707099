/* SPDX-License-Identifier: MIT */
#include "command.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/text.h>

void cmd_names(int count, char **words)
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
        qy_printf("the name service does not answer: %s\n", qy_error_text(status));
    }
}
