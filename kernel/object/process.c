/* SPDX-License-Identifier: MIT */
#include "object/process.h"

#include <quay/abi/errno.h>
#include "core/log.h"
#include "core/panic.h"
#include "core/trace.h"
#include "lib/string.h"
#include "object/exception.h"
#include "object/port.h"
#include "vm/aspace.h"

#define KILL_STEP 8 /* threads told in one go */

static void process_destroy(struct object *object);
static void process_unreachable(struct object *object);
static void take_down(struct sync_node *node);

const struct object_ops process_ops = {
    OBJECT_RECORD(process, OBJECT_PROCESS, _Alignof(struct process)),
    .resource = JOB_PROCESSES,
    .destroy = process_destroy,
    .unreachable = process_unreachable,
};

int process_create(struct job *job, const char *name, size_t name_length,
                   struct process **ret_process)
{
    struct object *object;
    struct process *process;
    int error = object_create(&process_ops, &job->account, &object);

    if (error != 0) {
        return error;
    }
    process = process_of(object);
    handle_table_init(&process->table, &job->account);
    process->job = job;
    object_ref(&job->object);
    spinlock_init(&process->lock, LOCK_RANK_PROCESS);
    list_init(&process->threads);
    list_init(&process->servers);
    list_init(&process->job_link);
    list_init(&process->all_link);
    memcpy(process->name, name,
           name_length < PROCESS_NAME_MAX ? name_length : PROCESS_NAME_MAX - 1);
    error = aspace_create(&job->account, &process->aspace);
    if (error == 0) {
        error = job_add_process(job, process);
    }
    if (error != 0) {
        process->state = PROCESS_DEAD;
        object_unref(object); /* gives back the charges, later */
        return error;
    }
    if (trace_on(TRACE_KIND(TRACE_PROCESS_START))) {
        trace_process(process);
    }
    *ret_process = process;
    return 0;
}

/* The last reference is gone; so are its threads, or it never had any. */
static void process_free(struct sync_node *node)
{
    struct process *process = CONTAINER_OF(node, struct process, work);
    struct job *job = process->job;

    if (!handle_table_fini(&process->table)) {
        sync_post(&process->work, process_free);
        return;
    }
    if (process->aspace != NULL) {
        object_unref(&process->aspace->object);
    }
    object_free(&process->object);
    object_unref(&job->object);
}

static void process_destroy(struct object *object)
{
    exception_unbind(&process_of(object)->exceptions);
    process_free(&process_of(object)->work);
}

/* Nobody can start or watch it any more. One that runs goes on; one that never ran has no other
 * end than this. */
static void process_unreachable(struct object *object)
{
    struct process *process = process_of(object);
    bool is_new;

    spin_lock(&process->lock);
    is_new = process->state == PROCESS_NEW;
    spin_unlock(&process->lock);
    if (is_new) {
        process_kill(process, PROCESS_EXIT_KILLED);
    }
}

bool process_is_dying(const struct process *process)
{
    return __atomic_load_n(&process->state, __ATOMIC_ACQUIRE) >= PROCESS_DYING;
}

/* Tells some threads that they are to die. Those told go to the end of the list, so that the first
 * one not told is always found first. */
static void kill_threads(struct sync_node *node)
{
    struct process *process = CONTAINER_OF(node, struct process, work);

    for (unsigned step = 0; step < KILL_STEP; step++) {
        struct thread *thread = NULL;
        struct list *first;

        spin_lock(&process->lock);
        first = list_first(&process->threads);
        if (first == NULL) {
            bool is_begun = process->is_teardown_begun;

            process->is_teardown_begun = true;
            spin_unlock(&process->lock);
            if (!is_begun) {
                sync_post(&process->work, take_down);
            }
            return;
        }
        thread = CONTAINER_OF(first, struct thread, process_link);
        /* Not KILLED: one that somebody kills on its own stands anywhere in the list. */
        if (__atomic_fetch_or(&thread->flags, THREAD_TOLD, __ATOMIC_ACQ_REL) & THREAD_TOLD) {
            /* All told; the last of them to finish begins the teardown. */
            process->is_all_told = true;
            spin_unlock(&process->lock);
            return;
        }
        list_remove(first);
        list_push_back(&process->threads, first);
        object_ref(&thread->object);
        spin_unlock(&process->lock);
        thread_kill(thread);
        object_unref(&thread->object);
    }
    sync_post(&process->work, kill_threads);
}

void process_kill(struct process *process, int64_t exit_code)
{
    bool is_first;

    spin_lock(&process->lock);
    is_first = process->state < PROCESS_DYING;
    if (is_first) {
        process->exit_code = exit_code;
        __atomic_store_n(&process->state, PROCESS_DYING, __ATOMIC_RELEASE);
    }
    spin_unlock(&process->lock);
    if (!is_first) {
        return;
    }
    if (trace_on(TRACE_KIND(TRACE_PROCESS_END))) {
        trace_current(TRACE_PROCESS_END, process->object.koid, 0, (uint64_t)exit_code);
    }
    if (process->is_init) {
        panic("init has ended with code %ld: nothing is left to run the system", (long)exit_code);
    }
    object_ref(&process->object); /* until take_down is through */
    sync_post(&process->work, kill_threads);
}

void process_thread_gone(struct process *process, struct thread *thread)
{
    bool is_last, is_orphan, is_ready_for_teardown;

    spin_lock(&process->lock);
    list_remove(&thread->process_link);
    process->thread_count--;
    process->dead_cpu_ns += thread->cpu_ns;
    is_last = process->thread_count == 0;
    is_orphan = is_last && process->state == PROCESS_RUNNING;
    is_ready_for_teardown = is_last && process->is_all_told && !process->is_teardown_begun;
    if (is_ready_for_teardown) {
        process->is_teardown_begun = true;
    }
    spin_unlock(&process->lock);
    if (is_orphan) {
        process_kill(process, 0); /* the last thread's end is the process's */
    } else if (is_ready_for_teardown) {
        sync_post(&process->work, take_down);
    }
}

/* All threads are gone: gives back what the process held, a bounded part at a time. */
static void take_down(struct sync_node *node)
{
    struct process *process = CONTAINER_OF(node, struct process, work);

    if (!port_servers_drain(process) || !handle_table_drain(&process->table)) {
        sync_post(&process->work, take_down);
        return;
    }
    aspace_close(process->aspace); /* goes on in its own steps */
    job_remove_process(process->job, process);
    spin_lock(&process->lock);
    __atomic_store_n(&process->state, PROCESS_DEAD, __ATOMIC_RELEASE);
    spin_unlock(&process->lock);
    object_signal(&process->object, 0, SIGNAL_EXITED);
    object_unref(&process->object); /* process_kill's */
}
