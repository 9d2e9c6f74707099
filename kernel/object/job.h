/* SPDX-License-Identifier: MIT */
/*
 * A job: an account with a handle, in a tree. Processes are created in jobs; everything they use is
 * charged to the job and to all above it. The root job is made at boot and never ends.
 */
#pragma once

#include "cap/account.h"
#include "cap/object.h"

struct process;

struct job {
    struct object object;
    struct account account;

    /* Fixed. */
    struct job *parent; /* with a reference; NULL for the root */
    uint32_t depth;     /* 0 for the root */

    /* Under the job tree's lock. */
    struct list children; /* job->sibling_link */
    struct list sibling_link;
    struct list processes;                     /* process->job_link */
    bool is_killed;                            /* takes no new processes and children */
    struct list told_children, told_processes; /* the same, once job_kill has told them */

    struct session *exceptions; /* who handles those of its threads, or NULL; atomic */

    struct sync_node work;
    struct sync_node memory_node;
    bool is_telling; /* atomic: that is under way, and holds a reference */
};

static inline struct job *job_of(struct object *object)
{
    return CONTAINER_OF(object, struct job, object);
}

/* The root job; panics without memory. */
struct job *job_create_root(void);

/* A child; the record is charged to the parent. Returns a reference. -ENOMEM, -EQUOTA (depth or
 * JOB_JOBS), -ECANCELED (the parent was killed). */
MUST_USE int job_create(struct job *parent, struct job **ret_job);

/* Sets a limit; a lower one takes nothing back. */
void job_set_limit(struct job *job, enum job_resource resource, uint64_t limit);

/* Ends every process of the job and below, and lets no more in. Ends later, in steps. */
void job_kill(struct job *job);

/* Membership of a process; job_add fails with -ECANCELED if the job was killed. */
MUST_USE int job_add_process(struct job *job, struct process *process);
void job_remove_process(struct job *job, struct process *process);

/* Runs `visit` for processes in the order of their koids, from the first one not below `from`,
 * until it says false. Under the job tree's lock: it only copies figures. */
void job_visit_processes(koid_t from, bool (*visit)(struct process *process, void *context),
                         void *context);
