/* SPDX-License-Identifier: MIT */
/*
 * The kernel log as something to read: an object that is READABLE while the ring has text. The
 * driver of the serial line binds it to its port; from then on until its process exits, the kernel
 * leaves the line to it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/compiler.h"

struct port;
struct process;

/* Once at boot. */
void log_reader_init(void);

/* `process` drains the log from now on, and `port` gets a notice with this key when there is
 * something to read. Takes over from the reader before. 0, or the errors of binding. */
MUST_USE int log_reader_bind(struct process *process, struct port *port, uint64_t key);

/* Moves up to `capacity` bytes of log to `buffer`; 0 when there is nothing left. */
size_t log_reader_read(char *buffer, size_t capacity);
