/* SPDX-License-Identifier: MIT */
/*
 * The processes, and how they belong together. Pure: no system calls.
 *
 *   session 1 --- n group 1 --- n process          a group is in one session for life
 *                                 |  parent, children
 *
 * Process 1 is the system itself: it has no machine, is the parent of what servers spawn and of
 * those whose parent has ended, and waits for everybody at once.
 *
 *   FREE --> STARTING --> RUNNING <--> STOPPED
 *              |  |          |            |
 *              |  +----------+------------+---> ENDED --> FREE
 *              +--------- it could not be loaded -------> FREE
 *
 * A process that has ended keeps its place and pid until its parent has waited for it. A pid is not
 * given again while a process, a group or a session has it.
 */
#pragma once

#include <quay/process_page.h>
#include <quay/protocol.h>
#include "list.h"
#include "machine.h"

#define PROCESS_MAX 512
#define PID_MAX     32767
#define PID_SYSTEM  1

/* Badges of processes have this bit in their low half, and their pid as upper half; those of
 * sessions by name have access bits as low half. */
#define BADGE_PROCESS (1ul << 31)

struct session {
    int32_t sid; /* 0: free */
    uint32_t group_count;
    uint32_t terminal; /* as the console numbers them; 0: none */
};

struct group {
    int32_t pgid; /* 0: free */
    struct session *session;
    struct link members;
};

enum process_state {
    PROCESS_FREE,
    PROCESS_STARTING,
    PROCESS_RUNNING,
    PROCESS_STOPPED,
    PROCESS_ENDED,
};

struct process {
    int32_t pid;
    uint32_t index; /* in the table; fixed */
    enum process_state state;

    int32_t ppid, pgid, sid; /* as the pointers say */

    struct process *parent; /* NULL: process 1 */
    struct link children, siblings;
    struct group *group;
    struct link members;      /* of the group */
    struct process *pid_next; /* with the same hash; free: the next free one */

    /* What wait has to tell. */
    int32_t status; /* Linux's: of the end, or of the stop */
    bool has_stopped, has_continued;

    uint32_t killer;               /* the signal that ends it; 0: none yet */
    uint64_t cpu_ns, memory_bytes; /* at the end, or at the last look */
    uint64_t children_cpu_ns;
    uint64_t memory_limit, thread_limit; /* UINT64_MAX: none */
    time_ns_t started_ns;
    size_t page_bytes; /* of the machine's page, for its next instance */

    struct link alarms; /* alarms.h */
    time_ns_t alarm_deadline;
    uint64_t alarm_period_ns;

    struct qy_pending spawn_call; /* of its parent, while STARTING */
    struct machine machine;
};

#define TABLE_BYTES (256 * 1024ul)

/* Only process 1, in memory of ours. */
void table_init(void);

/* In `memory` of TABLE_BYTES, which is zeroed or has what the last instance knew. True: there are
 * processes, without machines. */
bool table_use(void *memory);

struct process *process_system(void);

/* A place with a pid, in its parent's group, STARTING; NULL: none is free. */
struct process *process_add(struct process *parent);

/* Gives the place back. It has no children. */
void process_remove(struct process *process);

/* Its children become process 1's. */
void process_orphan_children(struct process *process);

/* NULL: there is none. */
struct process *process_find(int32_t pid);
struct process *process_at(uint32_t index); /* NULL: free, or PROCESS_MAX and above */

static inline uint64_t process_badge(const struct process *process)
{
    return (uint64_t)(uint32_t)process->pid << 32 | BADGE_PROCESS | process->index;
}

/* The process with this badge that has not ended; NULL: there is none. */
struct process *process_of_badge(uint64_t badge);

/* --- groups and sessions ------------------------------------------------------------------- */

/* NULL: there is none. */
struct group *group_find(int32_t pgid);
struct session *session_find(int32_t sid);

/* Makes it member of a group of its session, or leader of a new one. 0, or an enum
 * qy_proc_failure. */
uint32_t group_join(struct process *process, int32_t pgid);

/* Makes it leader of a new session and group: 0, or an enum qy_proc_failure. */
uint32_t session_begin(struct process *process);

static inline bool process_leads_session(const struct process *process)
{
    return process->pid == process->group->session->sid;
}

/* Whether no member that has not ended has its parent in another group of the same session: then
 * nobody is left who would continue the group. */
bool group_is_orphaned(const struct group *group);

bool group_has_stopped(const struct group *group);
