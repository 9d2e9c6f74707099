/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <quay/abi/types.h>

struct fake_thread;
struct sim_thread;

/* From here on every call is compared; init's handles are what everything derives from. */
void model_begin(struct fake_thread *init);

/* A thread is about to make the call in sim->number and sim->argument; the last one is over or
 * waits. */
void model_issue(struct sim_thread *sim);

/* Its call has returned with what is in fake->registers. */
void model_done(struct sim_thread *sim);

/* A process and all its handles are gone. */
void model_process_ended(koid_t koid);

/* Calls compared. */
uint64_t model_checked(void);
