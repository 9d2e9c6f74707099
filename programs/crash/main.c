/* SPDX-License-Identifier: MIT */
/* Faults three calls deep: the kernel prints registers and a backtrace, and all others go on. */
#include <stdint.h>
#include <quay/files.h>
#include <quay/text.h>

static __attribute__((noinline)) void touch(volatile uint64_t *address)
{
    *address = 0x1234;
    __asm__ volatile(""); /* keeps this a frame of its own */
}

static __attribute__((noinline)) void descend(int depth)
{
    if (depth == 0) {
        touch((volatile uint64_t *)0x10); /* SAFETY: meant to fault */
    } else {
        descend(depth - 1);
    }
    __asm__ volatile(""); /* no tail call */
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && qy_streq(arguments[1], "--help")) {
        qy_files_output();
        qy_printf("usage: crash\n\nFaults, so that the kernel ends it and prints a backtrace.\n");
        return 0;
    }
    qy_log("about to touch an address that is not mapped");
    descend(2);
    return 0;
}
