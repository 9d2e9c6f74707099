/* SPDX-License-Identifier: MIT */
/* A server that hangs: it has a port, and never looks there, not for its end either. */
#include <quay/text.h>
#include <quay/thread.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    qy_log("hanging");
    while (true) {
        (void)qy_thread_sleep(DEADLINE_NEVER); /* it only sleeps */
    }
}
