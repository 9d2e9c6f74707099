/* SPDX-License-Identifier: MIT */
/* The life of a thread: made, started, ended wherever it may be. */
#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <quay/abi/memory.h>
#include "arch/cpu.h"
#include "core/panic.h"
#include "core/trace.h"
#include "object/exception.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/redirect.h"
#include "sched/run_queue.h"
#include "sched/sched.h"
#include "vm/aspace.h"
#include "vm/memory.h"

static void thread_destroy(struct object *object);
static void thread_unreachable(struct object *object);
static void chase(struct sync_node *node);

const struct object_ops thread_ops = {
    OBJECT_RECORD(thread, OBJECT_THREAD, 64),
    .resource = JOB_THREADS,
    .destroy = thread_destroy,
    .unreachable = thread_unreachable,
};

static uint32_t flags_set(struct thread *thread, uint32_t flags)
{
    return __atomic_fetch_or(&thread->flags, flags, __ATOMIC_SEQ_CST);
}

static void thread_setup(struct thread *thread, struct process *process)
{
    uint64_t limit = account_limit(thread->object.account, JOB_PRIORITY);

    sched_thread_init(thread, limit < PRIORITY_DEFAULT ? (uint8_t)limit : PRIORITY_DEFAULT);
    arch_thread_init(&thread->arch);
    thread->process = process;
    object_ref(&process->object);
    thread->root = &process->aspace->root;
    thread->table = &process->table;
    thread->hot = &handle_none;
    thread->job_koid = process->job->object.koid;
    thread->flow_id = thread->object.koid << 32 | (uint32_t)process->object.koid;
    pqueue_node_init(&thread->call_link);
    list_init(&thread->port_link);
    list_init(&thread->sleep_link);
    list_init(&thread->observer.link);
    list_init(&thread->process_link);
}

int thread_create(struct process *process, struct thread **ret_thread)
{
    struct object *object;
    struct thread *thread;
    int error = object_create(&thread_ops, &process->job->account, &object);

    if (error != 0) {
        return error;
    }
    thread = thread_of(object);
    thread_setup(thread, process);

    spin_lock(&process->lock);
    if (process->state >= PROCESS_DYING) {
        error = -ESRCH;
    } else {
        list_push_front(&process->threads, &thread->process_link);
        process->thread_count++;
        object_ref(&thread->object); /* until thread_finish */
    }
    spin_unlock(&process->lock);
    if (error != 0) {
        flags_set(thread, THREAD_KILLED | THREAD_DEAD);
        object_unref(&thread->object);
        return error;
    }
    *ret_thread = thread;
    return 0;
}

static void thread_destroy(struct object *object)
{
    struct thread *thread = thread_of(object);
    struct process *process = thread->process;

    assert(thread->flags & THREAD_DEAD);
    exception_unbind(&thread->exceptions);
    if (thread->buffer_memory != NULL) {
        object_unref(thread->buffer_memory);
    }
    arch_thread_fini(&thread->arch);
    object_free(object);
    object_unref(&process->object);
}

static void note_life(enum trace_kind kind, const struct thread *thread)
{
    if (trace_on(TRACE_KIND(kind))) {
        trace_note(kind, thread_current(), thread->object.koid, thread->process->object.koid, 0, 0);
    }
}

/* Everything that still knows the thread forgets it. Exactly one caller gets past the flag. */
static void thread_finish(struct thread *thread)
{
    if (flags_set(thread, THREAD_DEAD) & THREAD_DEAD) {
        return;
    }
    note_life(TRACE_THREAD_END, thread);
    timer_retire(&thread->timer);
    port_unbind_thread(thread);
    object_signal(&thread->object, 0, SIGNAL_EXITED);
    process_thread_gone(thread->process, thread);
    object_unref(&thread->object); /* thread_create's for the list */
}

struct thread *process_thread_after(struct process *process, koid_t koid)
{
    struct thread *found = NULL;
    unsigned seen = 0;

    spin_lock(&process->lock);
    LIST_FOREACH (node, &process->threads) {
        struct thread *thread = CONTAINER_OF(node, struct thread, process_link);

        if (thread->object.koid > koid &&
            (found == NULL || thread->object.koid < found->object.koid)) {
            found = thread;
        }
        if (++seen == PROCESS_THREADS_SEEN) {
            break;
        }
    }
    if (found != NULL) {
        object_ref(&found->object);
    }
    spin_unlock(&process->lock);
    return found;
}

int thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument)
{
    struct process *process = thread->process;
    uint32_t before;

    if (entry < USER_BASE || entry >= USER_LIMIT || stack > USER_LIMIT) {
        return -EINVAL;
    }
    if (__atomic_load_n(&process->aspace->state, __ATOMIC_ACQUIRE) == ASPACE_FORKING) {
        return -EBUSY;
    }
    spin_lock(&process->lock);
    /* Under the lock: a process that begins to die afterwards finds the thread started. One that
     * is killed before stays not started, or who kills it would look for it in the run queues. */
    before = process->state < PROCESS_DYING ? thread->flags : THREAD_KILLED;
    while (!(before & (THREAD_KILLED | THREAD_STARTED)) &&
           !__atomic_compare_exchange_n(&thread->flags, &before, before | THREAD_STARTED, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    if (process->state == PROCESS_NEW && !(before & THREAD_KILLED)) {
        process->state = PROCESS_RUNNING;
    }
    spin_unlock(&process->lock);
    if (before & THREAD_KILLED) {
        return -ESRCH;
    }
    if (before & THREAD_STARTED) {
        return -EBUSY;
    }
    note_life(TRACE_THREAD_START, thread);
    frame_init(&thread->frame, entry, stack, argument);
    sched_wake(thread);
    return 0;
}

/*
 * A thread to be killed is in one of five places. Waiting: whoever wins the wait word has it. Not
 * started, ready in a run queue, or suspended: taken out. Running: the interrupt of the sync round
 * makes its CPU look at the flag. In between - just blocking, just being woken - it is none of
 * these for a moment; after the round it is.
 */
static bool try_finish(struct thread *thread)
{
    uint64_t seen = wait_seen(thread);
    uint32_t flags = __atomic_load_n(&thread->flags, __ATOMIC_SEQ_CST);

    if (flags & THREAD_DEAD) {
        return true;
    }
    if (seen & THREAD_WAITING) {
        if (!wait_try_end(thread, seen)) {
            return false;
        }
        if (thread->wait_ops->unlink != NULL) {
            thread->wait_ops->unlink(thread);
        }
    } else if (flags & THREAD_STARTED) {
        if (!run_queue_remove(thread) && !sched_take_stopped(thread)) {
            return false;
        }
    }
    thread_finish(thread);
    return true;
}

static void chase(struct sync_node *node)
{
    struct thread *thread = CONTAINER_OF(node, struct thread, kill_node);

    if (try_finish(thread)) {
        object_unref(&thread->object); /* thread_kill's */
        return;
    }
    sync_round(&thread->kill_node, (1ul << cpu_count()) - 1, chase);
}

void thread_kill(struct thread *thread)
{
    if (flags_set(thread, THREAD_KILLED) & THREAD_KILLED) {
        return;
    }
    if (thread == thread_current() || try_finish(thread)) {
        return;
    }
    object_ref(&thread->object);
    sync_round(&thread->kill_node, (1ul << cpu_count()) - 1, chase);
}

int64_t thread_exit_current(void)
{
    struct thread *thread = thread_current();

    flags_set(thread, THREAD_KILLED);
    thread_finish(thread);
    return sched_exit();
}

/* One step of the chase begins, or ends: the flags as they were. */
static uint32_t chase_step(struct thread *thread, bool is_begin)
{
    uint32_t before = thread->flags, after;

    do {
        uint32_t bit = before & (is_begin ? THREAD_CHASED : THREAD_CHASE_MORE) ? THREAD_CHASE_MORE
                                                                               : THREAD_CHASED;
        after = is_begin ? before | bit : before & ~bit;
    } while (!__atomic_compare_exchange_n(&thread->flags, &before, after, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    return before;
}

static void kick_again(struct sync_node *node)
{
    struct thread *thread = CONTAINER_OF(node, struct thread, kick_node);

    (void)sched_kick(thread); /* else the thread takes it with it */
    if (chase_step(thread, false) & THREAD_CHASE_MORE) {
        sync_round(&thread->kick_node, (1ul << cpu_count()) - 1, kick_again);
    } else {
        object_unref(&thread->object);
    }
}

/*
 * A kick ends the wait under way, or if there is none stays with the thread until its next. The
 * fast path does not look for it; it is kept off by the handle it has remembered, which is
 * forgotten wherever the thread may come from: an interrupt of its CPU, or a switch by the
 * scheduler. So after a sync round the thread either waits, and is seen here, or will look at the
 * flag itself.
 */
void thread_kick(struct thread *thread, time_ns_t grace)
{
    __atomic_store_n(&thread->kick_grace, grace, __ATOMIC_RELAXED);
    flags_set(thread, THREAD_KICKED);
    redirect_note_kick(thread);
    if (thread == thread_current()) {
        thread->hot = &handle_none;
    } else if (!sched_kick(thread) && !(chase_step(thread, true) & THREAD_CHASED)) {
        object_ref(&thread->object);
        sync_round(&thread->kick_node, (1ul << cpu_count()) - 1, kick_again);
    }
}

void thread_interrupt_return(void)
{
    struct thread *thread = thread_current();

    if (UNLIKELY(thread->flags & THREAD_KILLED)) {
        (void)thread_exit_current(); /* another thread is current now */
    } else if (UNLIKELY(thread->flags & THREAD_KICKED)) {
        thread->hot = &handle_none;
        redirect_kick(thread);
    }
    sched_interrupt_return();
}

/* A thread that never ran and that nobody can start any more. */
static void thread_unreachable(struct object *object)
{
    struct thread *thread = thread_of(object);

    if (!(thread->flags & THREAD_STARTED)) {
        thread_kill(thread);
    }
}

void thread_set_base_priority(struct thread *thread, uint8_t priority)
{
    uint8_t before = thread->base_priority;

    thread->base_priority = priority;
    if (thread->priority == before || priority > thread->priority) {
        sched_set_priority(thread, priority);
        (void)chain_lend(thread); /* a ring it may be in will be seen by who closed it */
    }
}

/* Two pages of their own memory object: the mapping and the thread both hold it, so that neither
 * an unmap by the program nor the end of the thread takes it from the other. */
COLD int thread_make_buffer(struct thread *thread, uint64_t address, uint64_t *ret_address)
{
    struct memory *memory;
    struct paddr pages[2];
    int error;

    if (thread->buffer != NULL) {
        return -EEXIST;
    }
    error = memory_create(&thread->process->job->account, MESSAGE_BUFFER_SIZE, &memory);
    if (error != 0) {
        return error;
    }
    for (unsigned i = 0; i < 2 && error == 0; i++) {
        error = memory_page(memory, i, &pages[i]);
    }
    if (error == 0) {
        error = aspace_map(thread->process->aspace, memory, 0, address, MESSAGE_BUFFER_SIZE,
                           MAP_READ | MAP_WRITE | MAP_FORK_NONE | (address == 0 ? 0 : MAP_FIXED),
                           MAP_READ | MAP_WRITE, ret_address);
    }
    if (error != 0) {
        object_unref(&memory->object);
        return error;
    }
    thread->buffer_memory = &memory->object;
    thread->buffer = arch_direct_map(pages[0]);
    thread->buffer_payload = arch_direct_map(pages[1]);
    return 0;
}
