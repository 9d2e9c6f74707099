/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "terminal.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/proto/power.h>
#include <quay/proto/serial.h>

#define DRAIN_MAX (2 * QY_SECOND)

static void power_ask(uint32_t method, const char *what)
{
    qy_printf("%s\n", what);
    terminal_flush();
    /* What was printed shall be seen; a stuck line must not keep the machine on. */
    (void)qy_call(qy_bootstrap_handle(BOOTSTRAP_SESSION, "serial"), SERIAL_DRAIN, NULL, 0, NULL, 0,
                  qy_deadline_after(DRAIN_MAX));
    int64_t status = qy_call(qy_bootstrap_handle(BOOTSTRAP_SESSION, "power"), method, NULL, 0, NULL,
                             0, DEADLINE_NEVER);
    qy_printf("it did not work: %s\n", qy_error_text(status));
}

void cmd_reboot(int count, char **words)
{
    (void)count;
    (void)words;
    power_ask(POWER_REBOOT, "restarting");
}

void cmd_poweroff(int count, char **words)
{
    (void)count;
    (void)words;
    power_ask(POWER_OFF, "good bye");
}
