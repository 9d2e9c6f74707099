/* SPDX-License-Identifier: MIT */
/* Computes for ever and asks for nothing: something to look at with `threads`, and to kill. */
#include <quay/files.h>
#include <quay/text.h>

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && qy_streq(arguments[1], "--help")) {
        qy_files_output();
        qy_printf("usage: spin\n\nComputes for ever.\n");
        return 0;
    }
    for (;;) {
        __asm__ volatile("pause");
    }
}
