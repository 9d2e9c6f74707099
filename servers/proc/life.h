/* SPDX-License-Identifier: MIT */
/* The beginning and the end of processes. */
#pragma once

#include "table.h"

struct qy_server;

/* Where events go. */
void life_init(struct qy_server *server);

/* Whether another call of spawn may wait: each holds one of our tokens. life_starting: one does. */
bool life_may_start(void);
void life_starting(void);

/* Its handles survive us from now on. */
void life_keep(const struct process *process);
void life_forget(const struct process *process);

/* The keeper has died, and another one has nothing. */
void life_keep_all(void);

/* After table_use has found processes: takes their handles again. Those that have ended meanwhile,
 * or whose handles are lost, end. */
void life_restore(void);

/* The kernel's process has ended: what is left waits for the parent, if it wants to know. */
void life_ended(struct process *process);

/* Its parent has been told of its end. */
void life_reap(struct process *process);

/* A program was loaded, or not (an error number); answers the call of who spawned it. */
void life_started(struct process *process);
void life_start_failed(struct process *process, uint32_t error);
