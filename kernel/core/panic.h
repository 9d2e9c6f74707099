/* SPDX-License-Identifier: MIT */
/*
 * The end: a kernel that finds itself wrong says so on every console it has, with registers and
 * backtrace, stops the other CPUs and halts. Never used for what a user program did.
 */
#pragma once

#include <stdbool.h>
#include "arch/cpu.h"
#include "core/log.h"
#include "lib/compiler.h"

NORETURN void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is wrong with this machine, its loader or what it was given to boot, in one line; not a
 * panic, for there is no fault of the kernel's to trace. */
#define boot_refuse(...) (log_error("cannot start: " __VA_ARGS__), arch_halt())

/* Whether some CPU has panicked: the others stop when they are told. */
bool panic_is_under_way(void);

/* What they are told by: prints its backtrace when it is its turn, and does not return but on the
 * CPU that has panicked. */
void panic_stop(void);

/* The part of a panic that knows objects (object/system_info.c), when all other CPUs have stopped:
 * the last trace records, and who waits for whom. */
void panic_report(void);

/* Assertions state what the programmer guarantees. They are always on. */
#define assert(condition)                                                                          \
    ((condition) ? (void)0                                                                         \
                 : panic("assertion failed: %s (%s:%d)", QUAY_DEBUG ? #condition : "", __FILE__,   \
                         __LINE__))

/* For checks too costly for a release kernel. */
#if QUAY_DEBUG
#define debug_assert(condition) assert(condition)
#else
#define debug_assert(condition) ((void)sizeof((condition) ? 1 : 0))
#endif
