/* SPDX-License-Identifier: MIT */
#include "keeper.h"
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/server.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    keeper_init((uint64_t)qy_clock_read());
    struct qy_server server = {.dispatch = qy_keeper_dispatch, .handlers = &keeper_handlers};
    return qy_server_main(&server, "keeper");
}
