/* SPDX-License-Identifier: MIT */
/*
 * In the place of servers/proc/machine.c: processes that are only pages. What proc does to one is
 * counted in its record, which is found by the pid in the page.
 */
#pragma once

#include "../../servers/proc/table.h"

struct fake_process {
    struct process_page page;
    uint32_t kills, kicks, wakes, threads;
    bool is_stopped, is_started, has_exited;
    int64_t exit_code;
    uint64_t memory_limit;
};

/* Forgets all of them; so many can be made from now on. */
void fake_machine_reset(uint32_t room);

/* Of a process that has not ended. */
struct fake_process *fake_of(int32_t pid);

/* What the kernel would tell: it ended with this code. */
void fake_end(int32_t pid, int64_t exit_code);

/* It ends as it was told to by machine_kill. */
void fake_end_killed(int32_t pid);

/* The keeper loses all handles, and says so when it is called next; whether it has one's. */
void fake_keeper_die(void);
bool fake_is_kept(int32_t pid);

/* How many pages there are. */
uint32_t fake_count(void);

extern time_ns_t fake_timer; /* what it was set to */
extern time_ns_t fake_now;
