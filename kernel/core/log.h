/* SPDX-License-Identifier: MIT */
/*
 * The kernel log. Lines go to the debug console (port 0xe9, where QEMU has one) at once and always,
 * to the serial line at once until a driver takes it over (log_set_driver), and from then on into a
 * ring that the driver drains. In a panic the kernel writes the serial line itself again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/compiler.h"

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR,
};

/* Prints one line: "[seconds.micros] text". Takes the log's lock: not under a spinlock of a higher
 * rank, and none is higher. */
void log_print(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)

/* Least level that is printed; from "log=" on the command line. */
void log_set_level(enum log_level level);

/* Text of a program as it is, no time stamp added; not terminated. */
void log_write(const char *text, size_t length);

/* From now on the ring is drained by a driver; `notify` is called after each line, without the
 * log's lock held. NULL gives the serial line back to the kernel. */
void log_set_driver(void (*notify)(void));

/* Moves up to `capacity` bytes out of the ring; returns how many. */
size_t log_drain(char *buffer, size_t capacity);

/* Bytes lost because nobody drained the ring in time. */
uint64_t log_dropped(void);

/* For panic only: takes the serial line, breaks the lock. */
void log_panic_mode(void);
