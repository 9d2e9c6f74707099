/* SPDX-License-Identifier: MIT */
#include "posix_tap.h"
#include <stdio.h>

static unsigned int count, failed;

bool ok(bool is_ok, const char *what)
{
    int error = errno;
    count++;
    failed += is_ok ? 0 : 1;
    printf("%sok %u - %s", is_ok ? "" : "not ", count, what);
    if (!is_ok) {
        printf(" (errno %d)", error);
    }
    printf("\n");
    return is_ok;
}

int ok_end(void)
{
    printf("1..%u\n", count);
    return failed == 0 ? 0 : 1;
}
