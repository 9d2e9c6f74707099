/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread.h>

int main(int argument_count, char **arguments)
{
    if (argument_count == 3) {
        uint64_t number = 0;
        (void)qy_parse_u64(arguments[2], &number); /* we wrote it ourselves */
        return peer_main(arguments[1], number);
    }
    must(qy_thread_set_priority(qy_thread_self()->handle, PRIORITY_USUAL), "thread_set_priority");
    rows_handle();
    rows_call();
    rows_idl();
    rows_pingpong();
    rows_memory();
    rows_thread();
    rows_queue();
    rows_growth();
    rows_vector();
    qy_printf("BENCH end\n");
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND / 10)); /* it only sleeps */
    return (int)qy_system_halt(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), 0);
}
