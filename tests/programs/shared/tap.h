/* SPDX-License-Identifier: MIT */
/* Results in the Test Anything Protocol, on the kernel log: "ok 1 - what", at the end "1..N". */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>
#include <quay/text.h>

/* One result, with its name; returns is_ok. */
bool tap_ok(bool is_ok, const char *format, ...) QY_PRINTF(2, 3);

/* Passes if both are equal; says both if not. */
bool tap_equal(int64_t actual, int64_t expected, const char *format, ...) QY_PRINTF(3, 4);

/* The plan; how many have failed. */
uint32_t tap_end(void);

/* Restarts the machine, which ends QEMU with -no-reboot. */
QY_NORETURN void tap_leave(void);
