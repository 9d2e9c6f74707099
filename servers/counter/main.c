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
        .dispatch = qy_counter_dispatch,
        .handlers = &counter_handlers,
        .statistics = statistics,
        .statistics_max = 2,
    };
    return qy_server_main(&server, "counter");
}
