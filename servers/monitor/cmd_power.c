/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "terminal.h"
#include <idl/power.h>
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/text.h>

static void power_ask(int64_t (*method)(handle_t session, time_ns_t deadline), const char *what)
{
    qy_printf("%s\n", what);
    terminal_flush();
    /* What was printed shall be seen; a stuck line must not keep the machine on. */
    (void)qy_serial_drain(qy_bootstrap_handle(BOOTSTRAP_SESSION, "serial"), QY_DEADLINE_DEFAULT);
    int64_t status = method(qy_bootstrap_handle(BOOTSTRAP_SESSION, "power"), DEADLINE_NEVER);
    qy_printf("it did not work: %s\n", qy_error_text(status));
}

void cmd_reboot(int count, char **words)
{
    (void)count;
    (void)words;
    power_ask(qy_power_reboot, "restarting");
}

void cmd_poweroff(int count, char **words)
{
    (void)count;
    (void)words;
    power_ask(qy_power_off, "good bye");
}
