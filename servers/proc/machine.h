/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has of a process: making it, stopping it, ending it. All system calls about other
 * processes are behind these functions, so that the host's tests can put something else there.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/ipc.h>
#include <quay/process_page.h>
#include <quay/process_start.h>

struct qy_lease;

/* All zero: none. */
struct machine {
    handle_t job, process, aspace, thread; /* thread: the one that is kicked */
    koid_t job_koid, process_koid;         /* 0: not asked for yet */
    struct process_page *page;             /* as we map it; NULL: none */
    size_t page_bytes;                     /* with the start block */
    handle_t memory;                       /* the page's */
};

struct machine_limits {
    uint64_t memory_bytes, threads; /* UINT64_MAX: none */
};

/* A process that loads a program. Handles that are HANDLE_INVALID stay out; those given are gone,
 * whatever becomes of it. 0 or a negative error number, and nothing is left. The page's numbers are
 * the caller's to set, before it is started. */
int64_t machine_spawn(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                      const struct qy_lease *start, handle_t *handles);

/* A copy of another one, which waits for the answer to its call. */
int64_t machine_fork(struct machine *machine, const struct machine_limits *limits, uint64_t badge,
                     const struct machine *source);

/* Puts its handles where they survive us, and takes them away again. True: those of all others have
 * been lost there, and are to be put again. */
bool machine_keep(const struct machine *machine, uint64_t key);
bool machine_forget(uint64_t key);

/* The same for what is of no process. */
void machine_keep_own(void);

/* What was kept under this key: 0 or a negative error number. Of `machine` only page_bytes is read.
 */
int64_t machine_restore(struct machine *machine, uint64_t key, size_t page_bytes);

/* Whether it has exited. */
bool machine_has_exited(const struct machine *machine);

/* Starts what was spawned. */
int64_t machine_go(struct machine *machine);

/* Starts what was forked. */
int64_t machine_go_at(struct machine *machine, uint64_t entry, uint64_t stack, uint64_t argument);

/* Ends it with all that its job has; a notice comes when that is done. */
void machine_kill(const struct machine *machine);

/* Its exit code, once it has exited. */
int64_t machine_exit_code(const struct machine *machine);

/* Gives up all handles and the page, of a half-made one too. */
void machine_release(struct machine *machine);

/* Keeps it from running, and lets it go on. */
void machine_stop(const struct machine *machine, bool is_stopped);

/* Interrupts its thread for signals. */
void machine_kick(const struct machine *machine);

/* Takes a thread's handle in the place of the one that is kicked. */
void machine_thread_set(struct machine *machine, handle_t thread);

/* Tells those that wait for children. */
void machine_wake(const struct machine *machine);

struct machine_figures {
    uint64_t cpu_ns, memory_bytes;
    uint32_t thread_count;
};

void machine_figures(struct machine *machine, struct machine_figures *ret_figures);
koid_t machine_job(struct machine *machine);
koid_t machine_process(struct machine *machine);

/* 0 or a negative error number. */
int64_t machine_limit(const struct machine *machine, const struct machine_limits *limits);

/* Copies from its memory: how many bytes, or a negative error number. */
int64_t machine_read(const struct machine *machine, uint64_t address, void *to, uint64_t size);

/* A handle to its process that only tells: a negative error number if there is no memory. */
int64_t machine_open(const struct machine *machine);

/* Fires at this time, DEADLINE_NEVER: not. */
void machine_timer_set(time_ns_t deadline);
time_ns_t machine_now(void);
