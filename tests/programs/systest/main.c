/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/handle.h>

void discard(int64_t handle)
{
    (void)qy_handle_close((handle_t)handle); /* what was wrong with it the test has said */
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 3) {
        uint64_t number = 0;
        (void)qy_parse_u64(arguments[2], &number); /* we wrote it ourselves */
        return child_main(arguments[1], number);
    }
    test_handles();
    test_memory();
    test_futexes();
    test_channels();
    test_leases();
    test_events();
    test_ports();
    test_processes();
    test_fork();
    test_pagers();
    test_threads();
    test_exceptions();
    test_debugger();
    test_fpu();
    test_redirect();
    test_jobs();
    test_system();
    test_libsys();
    test_generated();
    test_lending();
    test_pairs();
    test_thousands();
    (void)tap_end(); /* who reads the log counts */
    tap_leave();
}
