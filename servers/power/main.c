/* SPDX-License-Identifier: MIT */
#include "power.h"
#include <quay/names.h>
#include <quay/server.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct qy_server server = {.dispatch = qy_power_dispatch, .handlers = &power_handlers};
    power_init();
    return qy_server_main(&server, "power");
}
