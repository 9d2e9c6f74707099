/* SPDX-License-Identifier: MIT */
/*
 * The simulator: random system calls of several threads in several processes on the fake machine.
 * README.md says what is modeled and how to replay a seed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "fake.h"

#define SIM_TOKENS 16u

/* What the simulator keeps of a thread; fake_thread.owner. */
struct sim_thread {
    struct fake_thread *fake;
    uint64_t number;      /* of the call under way */
    uint64_t argument[6]; /* as it was made, for the log */
    unsigned cpu;
    uint64_t calls;
    bool resting; /* sleeps so that others get the CPU */

    /* The call it had chosen, which comes after the rest. */
    bool is_parked;
    struct fake_registers parked;
    uint64_t parked_number;
};

/* --- random numbers of the test, apart from the machine's ------------------------------------- */

uint64_t sim_random(uint64_t below);
bool sim_chance(unsigned percent);
void sim_seed(uint64_t seed);

/* --- generate.c ------------------------------------------------------------------------------- */

/* Where each process has a large page. */
#define SIM_LARGE 0x40000000ul

/* A random request for a thread in user mode: a call with its arguments, or a memory access. */
void generate_request(struct sim_thread *thread);

/* A token that a process of this thread has received; given by the simulator when a call arrives.
 */
void generate_note_token(struct sim_thread *thread, uint64_t token, uint64_t header);

/* Messages carry no handles: what becomes of them when one is bad is not modeled. */
void generate_plain_messages(void);

/* Pins what destroys much: process_exit, kills. */
void generate_set_violence(unsigned percent);

/* --- table.c: which calls came to which ends -------------------------------------------------- */

void table_count(uint64_t number, int64_t result);

/* How many were compared with the model. */
void table_note_compared(uint64_t count);

/* Calls made so far, and how many of a hundred succeeded. */
uint64_t table_calls(void);
unsigned table_success_percent(void);

/* The documented errors, one line per call; fails the run if an undocumented one came. Returns how
 * many cells were never reached. */
unsigned table_print(void);

/* Whether the call may return this. */
bool table_is_documented(uint64_t number, int64_t result);

const char *table_call_name(uint64_t number);
const char *table_error_name(int64_t error);

/* Empties the table: a child begins anew. */
void table_reset(void);

/* Adds up tables of runs in child processes, through a file descriptor. */
void table_save(int fd);
void table_add(int fd);

/* --- log.c: the last operations, for the failure report --------------------------------------- */

void log_begin_call(const struct sim_thread *thread);
void log_end_call(const struct sim_thread *thread, int64_t result);
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_dump(void);

/* --- invariants.c: what must hold whenever the machine is at rest ----------------------------- */

void invariants_check(void);

/* --- world.c: what the random threads start from ---------------------------------------------- */

/* A job below the root with processes that have handles of every kind. */
void world_create(unsigned processes, unsigned threads);

/* Makes another process of random threads. */
void world_add_process(unsigned threads);

/* Threads that can still act. */
unsigned world_threads_alive(void);

/* Ends the job with all in it and checks that nothing is left. */
void world_destroy(void);

bool world_is_init(const struct fake_thread *thread);
struct sim_thread *world_thread(struct fake_thread *fake);
