/* SPDX-License-Identifier: MIT */
#include "hostile.h"
#include <quay/bootstrap.h>

int main(int argument_count, char **arguments)
{
    if (argument_count == 3) {
        uint64_t number = 0;
        (void)qy_parse_u64(arguments[2], &number); /* we wrote it ourselves */
        return child_main(arguments[1], number);
    }
    fixture_make();
    test_table();
    test_deadlines();
    test_races();
    test_peers();
    test_messages();
    test_random();
    (void)tap_end(); /* who reads the log counts */
    tap_leave();
}
