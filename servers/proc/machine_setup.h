/* SPDX-License-Identifier: MIT */
/* What main does before there are processes. */
#pragma once

#include <quay/server.h>

typedef void machine_timer_fn(struct qy_server *server, struct qy_server_timer *timer);

/* The server gets notices with the badge of a process whose end has come; its loop calls `fired`
 * when the time of machine_timer_set has. 0 or a negative error number. */
int machine_setup(struct qy_server *server, machine_timer_fn *fired);

/* A notice with this key comes when the keeper has died; it is to be asked for again then. */
void machine_watch_keeper(uint64_t notice_key);

/* From now on, calls with this badge are exceptions of the processes (<quay/abi/exception.h>). */
int machine_watch_faults(uint64_t key);
