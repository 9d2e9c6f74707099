/* SPDX-License-Identifier: MIT */
/* The protocol: who writes, who reads, who waits for the next line. */
#pragma once

#include "ring.h"
#include <quay/server.h>

#define WAITERS_MAX 32

/* The name of the programs of a job; false: it is not known. Tests have their own. */
typedef bool log_name_fn(uint64_t job, char *ret_name, size_t size);

void log_init(struct ring *kept, log_name_fn *name_of);

/* Text of the kernel log, as it comes. */
void log_kernel_text(struct qy_server *server, const uint8_t *bytes, uint32_t count);
void log_lost(uint64_t bytes);

extern const struct qy_log_handlers log_handlers;
void log_cancelled(struct qy_server *server, uint64_t token);
