/* SPDX-License-Identifier: MIT */
#include "counter.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/text.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    static struct qy_method_statistics statistics[2];
    uint64_t *kept = qy_memory_kept(sizeof *kept);
    if (kept != NULL) {
        counter_keep(kept);
    }
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_counter_dispatch,
        .handlers = &counter_handlers,
        .statistics = statistics,
        .statistics_max = 2,
    };
    (void)qy_name_bind("counter", server.port, 1); /* it has said so; the name is there anyway */
    qy_log("receiving failed: %s", qy_error_text(qy_server_run(&server)));
    return 1;
}
