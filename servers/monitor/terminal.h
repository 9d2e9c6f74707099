/* SPDX-License-Identifier: MIT */
/*
 * The terminal at the other end of the serial session. Output is collected and sent in blocks;
 * a line feed goes out as carriage return and line feed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Makes it the place where qy_printf writes. */
void terminal_init(void);

void terminal_write(void *context, const char *text, size_t length);

/* Sends what was collected. */
void terminal_flush(void);

/* Blocks for the next byte; flushes first. */
uint8_t terminal_read(void);
