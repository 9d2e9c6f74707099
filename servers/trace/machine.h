/* SPDX-License-Identifier: MIT */
/* What the server asks of the kernel, and of proc. Tests have their own. */
#pragma once

#include <quay/trace_view.h>

/* The kernel's rings, with so many records for each CPU (a power of two), or as many as there is
 * memory for, or as many as they had: 0, or a negative error number. */
int64_t machine_rings(uint64_t records, struct qy_trace_ring *ret_ring);

/* What is noted from now on. */
void machine_note(uint32_t kinds);

/* Who there is now. */
void machine_names(struct qy_trace_names *names);

/* Zeroed memory, or NULL. */
void *machine_memory(size_t bytes);

/* Nanoseconds since 1970; 0: not known. */
int64_t machine_wall(void);

/* Writes to the second serial port; false: there is none. */
bool machine_port_write(const void *bytes, uint32_t count);

/* Puts a line into the kernel's log. */
void machine_log(const char *text, size_t length);
