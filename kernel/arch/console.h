/* SPDX-License-Identifier: MIT */
/* Where the kernel's own words go. Both calls are safe at any time after arch_console_init. */
#pragma once

#include <stddef.h>

/* Finds the serial port and the debug console. */
void arch_console_init(void);

/* Writes to the debug console (port 0xe9), if there is one. */
void arch_debugcon_write(const char *text, size_t length);

/* Writes to the first serial port by polling, if there is one; a line feed goes out as CR LF. Also
 * to the screen, if the loader gave a framebuffer. */
void arch_serial_write(const char *text, size_t length);

/* Prints registers (if any) and backtrace of this CPU through log_print. */
void arch_backtrace_print(void);
