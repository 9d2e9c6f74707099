/* SPDX-License-Identifier: MIT */
/* The smallest program: says hello on the kernel log and ends. */
#include <quay/text.h>

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    qy_log("hello from a process of its own");
    return 0;
}
