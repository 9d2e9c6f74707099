/* SPDX-License-Identifier: MIT */
/* Between the files of the benchmark. */
#pragma once

#include <quay/clock.h>
#include <quay/syscall.h>

/* --- samples ------------------------------------------------------------------------------- */

#define SAMPLES_MAX 4096

/* Of this thread, and of peers, which have the same by default. */
#define PRIORITY_USUAL 100

/* What is being measured now. */
extern uint64_t samples[SAMPLES_MAX];

/* The least that two readings of the counter with nothing between them differ by. */
uint64_t sample_overhead(void);

/* Sorts `count` samples, each the cost of `operations`, and prints the row. */
void samples_print(const char *name, uint32_t count, uint64_t operations);

/* Ends the benchmark with a message if an operation failed. */
void must(int64_t status, const char *what);

/* Around what is measured: samples[i] = what `statement` cost. */
#define MEASURE(i, statement)                                                                      \
    do {                                                                                           \
        uint64_t start_ticks = qy_tsc_read();                                                      \
        statement;                                                                                 \
        uint64_t end_ticks = qy_tsc_read();                                                        \
        samples[i] = end_ticks - start_ticks - sample_overhead();                                  \
    } while (0)

/* --- the other process --------------------------------------------------------------------- */

/* What a peer is given, each by name; HANDLE_INVALID: not needed. */
struct peer_handles {
    handle_t port, session, event_a, event_b, memory;
};

#define PEER_MEMORY_BYTES PAGE_SIZE
#define LEASE_BYTES       (64u * 1024)

/* Starts this program in another process, in the given role, and waits until it says it is ready.
 * Returns its process. `number` is an argument of the role. */
handle_t peer_start(const char *role, uint64_t number, const struct peer_handles *handles);
void peer_end(handle_t process);

/* The server of rows_idl; returns only if receiving fails. */
int64_t idl_serve(handle_t port);

/* What runs in the peer. */
int peer_main(const char *role, uint64_t number);

/* --- loops.S ------------------------------------------------------------------------------- */

/* A call to be made `count` times; read by the assembly. */
struct call_plan {
    uint64_t session;
    uint64_t header;
    uint64_t deadline;
    uint64_t payload[8];
    uint64_t *samples; /* raw differences */
    uint64_t count;
    uint64_t failures;
};

/* Each takes count samples of one call, and loads no, four or eight words of payload. */
void call_loop_0(struct call_plan *plan);
void call_loop_4(struct call_plan *plan);
void call_loop_8(struct call_plan *plan);

/* The same with everything but the call itself: what has to be subtracted. */
void call_loop_nothing(struct call_plan *plan);

/* Servers, for ever: answer with what they got; with nothing. */
QY_NORETURN void echo_loop(handle_t port);
QY_NORETURN void sink_loop(handle_t port);

/* A library for redirected threads, and its parts. */
#pragma GCC visibility push(hidden)
extern const char library_start[], library_end[], library_entry[], library_exit[],
    library_exit_end[];
#pragma GCC visibility pop
int64_t library_leave(void);

/* Makes this thread one that uses vector registers. */
void vector_touch(void);

/* Threads without a stack: rsp points to constants that they read. caller_constants: session,
 * deadline. */
extern uint64_t caller_constants[2];
void caller_thread(void);
void sleeper_thread(void);
void spinner_thread(void);
void yielder_thread(void);

/* --- rows ---------------------------------------------------------------------------------- */

void rows_call(void);
void rows_idl(void);
void rows_vector(void);
void rows_queue(void);
void rows_pingpong(void);
void rows_handle(void);
void rows_memory(void);
void rows_thread(void);
void rows_growth(void);
