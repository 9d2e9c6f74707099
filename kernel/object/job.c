/* SPDX-License-Identifier: MIT */
#include "object/job.h"

#include <quay/abi/errno.h>
#include "core/panic.h"
#include "object/exception.h"
#include "object/process.h"

static struct {
    struct spinlock lock;  /* the tree of jobs, and which processes are in it */
    struct list processes; /* all, by koid: process->all_link */
} job_state = {.lock = SPINLOCK_INIT(LOCK_RANK_JOB)};

static void job_destroy(struct object *object);

/* A job that nobody can name any more keeps its processes: they hold it. */
static const struct object_ops job_ops = {
    OBJECT_RECORD(job, OBJECT_JOB, _Alignof(struct job)),
    .resource = JOB_JOBS,
    .destroy = job_destroy,
};

/* Shows in the job's signals whether its memory is low. */
static void memory_tell(struct sync_node *node)
{
    struct job *job = CONTAINER_OF(node, struct job, memory_node);

    __atomic_store_n(&job->is_telling, false, __ATOMIC_SEQ_CST);
    /* Under the signal lock what was settled last is shown last. */
    spin_lock(&job->object.signal_lock);
    if (account_settle(&job->account)) {
        object_signal_locked(&job->object, 0, SIGNAL_LOW_MEMORY);
    } else {
        object_signal_locked(&job->object, SIGNAL_LOW_MEMORY, 0);
    }
    spin_unlock(&job->object.signal_lock);
    object_unref(&job->object);
}

/* Charges are made under all kinds of locks, so it happens in an entry of its own. */
static void memory_changed(struct account *account)
{
    struct job *job = CONTAINER_OF(account, struct job, account);

    if (object_try_ref(&job->object)) {
        if (!__atomic_exchange_n(&job->is_telling, true, __ATOMIC_SEQ_CST)) {
            sync_post(&job->memory_node, memory_tell);
        } else {
            object_unref(&job->object);
        }
    }
}

void job_set_limit(struct job *job, enum job_resource resource, uint64_t limit)
{
    spin_lock(&job_state.lock);
    account_set_limit(&job->account, resource, limit);
    spin_unlock(&job_state.lock);
    memory_changed(&job->account);
}

/* A child, not known to its parent yet; NULL: the root. */
static int job_make(struct job *parent, struct job **ret_job)
{
    struct account *account = parent == NULL ? NULL : &parent->account;
    struct object *object;
    struct job *job;
    int error = object_create(&job_ops, account, &object);

    if (error != 0) {
        return error;
    }
    job = job_of(object);
    account_init(&job->account, account, memory_changed);
    job->parent = parent;
    job->depth = parent == NULL ? 0 : parent->depth + 1;
    list_init(&job->children);
    list_init(&job->sibling_link);
    list_init(&job->processes);
    list_init(&job->told_children);
    list_init(&job->told_processes);
    *ret_job = job;
    return 0;
}

struct job *job_create_root(void)
{
    struct job *job;

    object_type_init(&job_ops);
    list_init(&job_state.processes);
    if (job_make(NULL, &job) != 0) {
        panic("no memory for the root job");
    }
    return job;
}

int job_create(struct job *parent, struct job **ret_job)
{
    struct job *job;
    int error = parent->depth + 1 >= JOB_DEPTH_MAX ? -EQUOTA : job_make(parent, &job);

    if (error != 0) {
        return error;
    }
    object_ref(&parent->object);
    spin_lock(&job_state.lock);
    if (parent->is_killed) {
        error = -ECANCELED;
    } else {
        list_push_back(&parent->children, &job->sibling_link);
    }
    spin_unlock(&job_state.lock);
    if (error != 0) {
        object_unref(&job->object); /* gives back the charges, later */
        return error;
    }
    *ret_job = job;
    return 0;
}

static void job_free(struct sync_node *node)
{
    struct job *job = CONTAINER_OF(node, struct job, work);
    struct job *parent = job->parent;

    object_free(&job->object);
    object_unref(&parent->object);
}

static void account_released(struct account *account)
{
    struct job *job = CONTAINER_OF(account, struct job, account);

    sync_defer(&job->work, job_free);
}

/* No handle, process or child refers to it; what it paid for may live on. */
static void job_destroy(struct object *object)
{
    struct job *job = job_of(object);

    exception_unbind(&job->exceptions);
    spin_lock(&job_state.lock);
    list_remove(&job->sibling_link);
    spin_unlock(&job_state.lock);
    account_orphan(&job->account, account_released);
}

int job_add_process(struct job *job, struct process *process)
{
    int error = 0;

    spin_lock(&job_state.lock);
    if (job->is_killed) {
        error = -ECANCELED;
    } else {
        list_push_back(&job->processes, &process->job_link);
        list_push_back(&job_state.processes, &process->all_link);
        object_signal(&job->object, SIGNAL_NO_PROCESSES, 0);
    }
    spin_unlock(&job_state.lock);
    return error;
}

void job_remove_process(struct job *job, struct process *process)
{
    spin_lock(&job_state.lock);
    list_remove(&process->job_link);
    list_remove(&process->all_link);
    if (list_is_empty(&job->processes) && list_is_empty(&job->told_processes)) {
        object_signal(&job->object, 0, SIGNAL_NO_PROCESSES);
    }
    spin_unlock(&job_state.lock);
}

void job_visit_processes(koid_t from, bool (*visit)(struct process *process, void *context),
                         void *context) NO_THREAD_SAFETY_ANALYSIS
{
    if (UNLIKELY(panic_is_under_way())) {
        if (job_state.processes.next == NULL) {
            return; /* it is early */
        }
        (void)spin_try_lock(&job_state.lock); /* whoever has it has stopped */
    } else {
        spin_lock(&job_state.lock);
    }
    LIST_FOREACH (each, &job_state.processes) {
        struct process *process = CONTAINER_OF(each, struct process, all_link);

        if (process->object.koid >= from && !visit(process, context)) {
            break;
        }
    }
    spin_unlock(&job_state.lock);
}

/* One process or child that has not been told yet, with a reference; both NULL when all have. */
static void find_victim(struct job *job, struct process **ret_process, struct job **ret_child)
{
    struct list *link;

    *ret_process = NULL;
    *ret_child = NULL;
    spin_lock(&job_state.lock);
    while (*ret_process == NULL && (link = list_pop_front(&job->processes)) != NULL) {
        struct process *process = CONTAINER_OF(link, struct process, job_link);

        list_push_back(&job->told_processes, link);
        if (object_try_ref(&process->object)) {
            *ret_process = process;
        }
    }
    while (*ret_process == NULL && *ret_child == NULL &&
           (link = list_pop_front(&job->children)) != NULL) {
        struct job *child = CONTAINER_OF(link, struct job, sibling_link);

        list_push_back(&job->told_children, link);
        if (object_try_ref(&child->object)) {
            *ret_child = child;
        }
    }
    spin_unlock(&job_state.lock);
}

static void kill_step(struct sync_node *node)
{
    struct job *job = CONTAINER_OF(node, struct job, work);
    struct process *process;
    struct job *child;

    find_victim(job, &process, &child);
    if (process != NULL) {
        process_kill(process, PROCESS_EXIT_KILLED);
        object_unref(&process->object);
    } else if (child != NULL) {
        job_kill(child);
        object_unref(&child->object);
    } else {
        object_unref(&job->object); /* job_kill's */
        return;
    }
    sync_post(&job->work, kill_step);
}

void job_kill(struct job *job)
{
    bool was_killed;

    spin_lock(&job_state.lock);
    was_killed = job->is_killed;
    job->is_killed = true;
    spin_unlock(&job_state.lock);
    if (!was_killed) {
        object_ref(&job->object);
        sync_post(&job->work, kill_step);
    }
}
