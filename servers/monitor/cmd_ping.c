/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "sessions.h"
#include <idl/counter.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/text.h>

#define PING_DEFAULT 1000
#define PING_MAX     10000000

/* Calls through the generated client, so that the figure is what any client pays. */
static int64_t calls_make(handle_t session, uint64_t calls, uint64_t *ret_last)
{
    for (uint64_t i = 0; i < calls; i++) {
        int64_t status = qy_counter_increment(session, 1, ret_last, DEADLINE_NEVER);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

void cmd_ping(int count, char **words)
{
    uint64_t calls = PING_DEFAULT;
    if (count == 2 && !command_number(words[1], "the number of calls", 1, PING_MAX, &calls)) {
        return;
    }
    handle_t session = session_handle("counter");
    if (session == HANDLE_INVALID) {
        return;
    }
    uint64_t last = 0;
    uint64_t ns = (uint64_t)qy_clock_read();
    uint64_t ticks = qy_tsc_read();
    int64_t status = calls_make(session, calls, &last);
    ticks = qy_tsc_read() - ticks;
    ns = (uint64_t)qy_clock_read() - ns;
    if (status != 0) {
        qy_printf("the counter does not answer: %s\n", qy_error_text(status));
        return;
    }
    qy_printf("%lu call%s, counter at %lu: per call %lu ticks, %lu ns\n", calls,
              calls == 1 ? "" : "s", last, ticks / calls, ns / calls);
    qy_printf("(a tick of the time-stamp counter is one instruction under qemu -icount shift=0)\n");
}
