/* SPDX-License-Identifier: MIT */
/*
 * A process: one address space, one handle table, one job, and threads.
 *
 *     NEW ---------> RUNNING ----------> DYING -------------------------> DEAD
 *         first          exit, kill,          threads chased and finished,
 *         thread_start   last thread gone     tokens failed, handles closed,
 *                                             address space let go; then EXITED
 *
 * Dying happens in bounded steps (sync_post), whoever ordered it. Handles may be put into a process
 * from outside only while it is NEW.
 */
#pragma once

#include "cap/handle.h"
#include "cap/object.h"
#include "object/job.h"
#include "sched/thread.h"

struct aspace;

#define PROCESS_NAME_MAX     24 /* with the terminating zero */
#define PROCESS_THREADS_SEEN 256

/* Exit codes that are no program's own. */
#define PROCESS_EXIT_KILLED ((int64_t)-1000)
#define PROCESS_EXIT_FAULT  ((int64_t)-1001)

enum process_state {
    PROCESS_NEW,
    PROCESS_RUNNING,
    PROCESS_DYING,
    PROCESS_DEAD,
};

struct process {
    struct object object;
    struct handle_table table;

    /* Fixed. */
    struct job *job;       /* with a reference */
    struct aspace *aspace; /* with a reference */
    char name[PROCESS_NAME_MAX];
    bool is_init; /* its death is the system's */

    struct spinlock lock;

    /* Under the lock. */
    enum process_state state;
    int64_t exit_code;
    struct list threads; /* thread->process_link; those to be killed first */
    uint32_t thread_count;
    uint64_t dead_cpu_ns; /* of threads that are gone */
    struct list servers;  /* struct port_server: ports it has received from */

    struct session *exceptions; /* who handles its threads', or NULL; atomic */

    struct sync_node work;  /* dying: kills, then takes down */
    bool is_all_told;       /* under the lock: every thread knows that it is to die */
    bool is_teardown_begun; /* under the lock */

    /* Under the job tree's lock. */
    struct list job_link, all_link;
};

static inline struct process *process_of(struct object *object)
{
    return CONTAINER_OF(object, struct process, object);
}

static inline struct process *process_current(void)
{
    return thread_current()->process;
}

extern const struct object_ops process_ops, thread_ops;

/* A process without threads, in state NEW. Returns a reference. -ENOMEM, -EQUOTA, -ECANCELED (its
 * job was killed). The name is copied and cut to fit. */
MUST_USE int process_create(struct job *job, const char *name, size_t name_length,
                            struct process **ret_process);

/* Starts to end it; only the first call counts. Does not wait. If the current thread is of this
 * process, the caller ends it with thread_exit_current. */
void process_kill(struct process *process, int64_t exit_code);

/* True from process_kill on. */
bool process_is_dying(const struct process *process);

/* A thread is finished: takes it off the list; the last one begins the end of the process. */
void process_thread_gone(struct process *process, struct thread *thread);

/* --- Threads of a process (object/thread.c) --- */

/* Once, at boot. */
void fault_init(void);

/* A thread that is not started. Returns a reference. -ENOMEM, -EQUOTA, -ESRCH (process dying). */
MUST_USE int thread_create(struct process *process, struct thread **ret_thread);

/* The one with the lowest koid above this, with a reference; NULL: none among the
 * PROCESS_THREADS_SEEN that were made last. */
struct thread *process_thread_after(struct process *process, koid_t koid);

/* Starts it once. -EBUSY if it was or its address space is being forked to, -EINVAL for addresses
 * outside user space, -ESRCH if it or its process is to die. */
MUST_USE int thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument);

/* Ends a thread, wherever it is: waiting, ready, running here or elsewhere. Does not wait. If it is
 * the current one, the caller ends it with thread_exit_current. */
void thread_kill(struct thread *thread);

/* Ends the thread's wait with EINTR, or its next one if it does not wait. If it waits for an
 * answer, the server is asked to cancel instead, and the wait lasts until `grace` at the longest.
 */
void thread_kick(struct thread *thread, time_ns_t grace);

/* Ends the current thread; returns SYSCALL_RESUME with another thread current. */
MUST_USE int64_t thread_exit_current(void);

/* Gives the thread its message buffer, mapped at the address or anywhere (0). -EEXIST if it has
 * one, -ENOMEM, or the errors of mapping. */
MUST_USE int thread_make_buffer(struct thread *thread, uint64_t address, uint64_t *ret_address);

/* The end of every interrupt entry: a current thread that is to die does so, then the scheduler
 * decides. */
void thread_interrupt_return(void);

/* Sets the base priority; what was donated stays. */
void thread_set_base_priority(struct thread *thread, uint8_t priority);
