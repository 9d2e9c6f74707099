/* SPDX-License-Identifier: MIT */
/* The smallest program: says hello on the kernel log and ends. */
#include <quay/files.h>
#include <quay/text.h>

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && qy_streq(arguments[1], "--help")) {
        qy_files_output();
        qy_printf("usage: hello\n\nSays hello on the log of the kernel.\n");
        return 0;
    }
    qy_log("hello from a process of its own");
    return 0;
}
