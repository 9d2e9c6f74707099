/* SPDX-License-Identifier: MIT */
/*
 * Threads of a guest. One that ends is parked, with its stack and message buffer, and becomes the
 * next one that is made. If enough are parked it ends indeed; its stack is still under it, and is
 * used for another when the kernel says that it is over.
 */
#include "thread.h"
#include <idl/proc.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/memory.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include "../stack.h"
#include "../start.h"
#include "access.h"
#include "call.h"
#include "guest.h"
#include "process.h"
#include "signal.h"
#include "vfork.h"

#define STACK_BYTES   (64 * 1024ul)
#define BUFFER_OFFSET (64 * 1024ul) /* in the window; the stack lies at its end */
#define IDS_FIRST     0x400000u     /* of threads: above all that are processes' */
#define ROBUST_MAX    2048u         /* entries that are looked at, against circles */

_Static_assert(BUFFER_OFFSET + MESSAGE_BUFFER_SIZE + PAGE_SIZE <= QY_STACK_WINDOW - STACK_BYTES,
               "the buffer is below the guard page");

#define PARKED_MAX 8u

/* posix_thread.has_ended. */
enum {
    ALIVE,
    ENDED,
    PARKED
};

static struct {
    struct qy_mutex mutex; /* of all that follows */
    struct posix_thread *first;
    uint32_t parked;
    uint32_t next_id;
} threads = {.next_id = IDS_FIRST};

static uint64_t window_of(const struct posix_thread *thread)
{
    return (uint64_t)(uintptr_t)thread & ~(QY_STACK_WINDOW - 1);
}

static struct qy_thread *record_of(struct posix_thread *thread)
{
    return (struct qy_thread *)(void *)((uint8_t *)thread + POSIX_THREAD_BYTES);
}

/* --- beginning ------------------------------------------------------------------------------- */

static int64_t redirect_begin(struct posix_thread *self)
{
    struct qy_thread *record = record_of(self);
    const int64_t buffer = qy_thread_buffer(window_of(self) + BUFFER_OFFSET);
    int64_t status;

    if (buffer < 0) {
        return buffer;
    }
    record->buffer = (struct message_buffer *)(uintptr_t)buffer;
    struct redirect *redirect = &record->buffer->redirect;
    redirect->start = (uint64_t)(uintptr_t)posix_access_end;
    redirect->end = USER_LIMIT;
    redirect->entry = (uint64_t)(uintptr_t)posix_entry;
    redirect->stack = (uint64_t)(uintptr_t)self;
    redirect->exit_start = (uint64_t)(uintptr_t)posix_back;
    redirect->exit_end = (uint64_t)(uintptr_t)posix_back_end;
    status = qy_thread_set_base(1, (uint64_t)(uintptr_t)redirect);
    if (status == 0 && self->fs_base != 0) {
        status = qy_thread_set_base(0, self->fs_base);
    }
    return status == 0 ? qy_thread_redirect(true) : status;
}

int64_t posix_thread_begin(handle_t handle, uint32_t id)
{
    struct posix_thread *self = posix_self();
    struct qy_thread *record = record_of(self);

    record->self = record;
    record->handle = self->handle = handle;
    self->id = id;
    qy_mutex_lock(&threads.mutex);
    self->next = threads.first;
    threads.first = self;
    qy_mutex_unlock(&threads.mutex);
    return redirect_begin(self);
}

void posix_threads_forget(void)
{
    threads.mutex = (struct qy_mutex){0}; /* who held it is not here */
    threads.first = NULL;
    threads.parked = 0;
}

int64_t posix_thread_visit(uint32_t id, bool (*visit)(struct posix_thread *thread, void *context),
                           void *context)
{
    int64_t status = -ESRCH;

    qy_mutex_lock(&threads.mutex);
    for (struct posix_thread *thread = threads.first; thread != NULL; thread = thread->next) {
        if (thread->has_ended == ALIVE && (id == 0 || thread->id == id)) {
            status = 0;
            if (visit(thread, context) || id != 0) {
                break;
            }
        }
    }
    qy_mutex_unlock(&threads.mutex);
    return status;
}

/* --- clone ----------------------------------------------------------------------------------- */

/* What a new thread begins with; on the stack of who makes it, until `is_ready`. */
struct birth {
    struct thread_registers registers;
    uint32_t is_ready; /* futex */
    int64_t error;
};

static void born(struct posix_thread *self, struct birth *birth)
{
    const int64_t status = redirect_begin(self);

    if (status == 0) {
        posix_redirect()->registers = birth->registers;
    }
    birth->error = status;
    __atomic_store_n(&birth->is_ready, 1, __ATOMIC_RELEASE);
    (void)qy_futex_wake(&birth->is_ready, 1); /* its page may be gone by now: nobody waits then */
    if (status == 0) {
        (void)qy_thread_resume(); /* does not return */
    }
    qy_thread_exit();
}

static void thread_main(void *argument)
{
    born(posix_self(), argument);
}

static void unlink(struct posix_thread *thread)
{
    struct posix_thread **link = &threads.first;

    while (*link != thread) {
        link = &(*link)->next;
    }
    *link = thread->next;
}

static void handles_close(const struct posix_thread *thread)
{
    qy_handle_discard(thread->handle);
    qy_handle_discard(thread->spare);
}

/* With the lock: the stack of a thread that has ended, or NULL. */
static struct posix_thread *stack_reuse(void)
{
    for (struct posix_thread *thread = threads.first; thread != NULL; thread = thread->next) {
        if (thread->has_ended == ENDED &&
            qy_object_wait(thread->handle, SIGNAL_EXITED, DEADLINE_POLL) > 0) {
            unlink(thread);
            handles_close(thread);
            (void)qy_aspace_unmap(qy_self_aspace(), window_of(thread) + BUFFER_OFFSET,
                                  MESSAGE_BUFFER_SIZE); /* the kernel has done it, or we do */
            memset(thread, 0, POSIX_THREAD_BYTES + sizeof(struct qy_thread));
            return thread;
        }
    }
    return NULL;
}

static struct posix_thread *stack_make(void)
{
    const int64_t low = qy_stack_map(qy_self_job(), qy_self_aspace(), STACK_BYTES, true);

    if (low < 0) {
        return NULL;
    }
    return (struct posix_thread *)(uintptr_t)((uint64_t)low + STACK_BYTES - QY_THREAD_RECORD -
                                              POSIX_THREAD_BYTES);
}

/* A kernel thread. Its handles stay out of forks: what cannot be duplicated is not copied. */
static int64_t kernel_thread(struct posix_thread *thread)
{
    const rights_t rights = RIGHTS_THREAD & ~RIGHT_DUP;
    const int64_t made = qy_sys_thread_create(qy_self_process());
    int64_t kept = made;
    int64_t spare;

    if (made < 0) {
        return made;
    }
    kept = qy_handle_dup((handle_t)made, rights & ~RIGHT_TRANSFER);
    spare = qy_handle_dup((handle_t)made, rights);
    (void)qy_handle_close((handle_t)made); /* ours */
    thread->handle = kept > 0 ? (handle_t)kept : HANDLE_INVALID;
    thread->spare = spare > 0 ? (handle_t)spare : HANDLE_INVALID;
    return kept;
}

/* What it begins as; the rest of it is zero. */
static void thread_init(struct posix_thread *thread, uint64_t flags, uint64_t child_id,
                        uint64_t tls)
{
    const struct posix_thread *self = posix_self();

    thread->id = threads.next_id++;
    thread->mask = self->mask;
    thread->fs_base = flags & LINUX_CLONE_SETTLS ? tls : self->fs_base;
    thread->clear_id = flags & LINUX_CLONE_CHILD_CLEARTID ? child_id : 0;
}

/* With the lock: a parked thread, all zero but for what the kernel knows of it; or NULL. */
static struct posix_thread *unpark(void)
{
    struct posix_thread *thread = threads.first;

    while (thread != NULL && thread->has_ended != PARKED) {
        thread = thread->next;
    }
    if (thread != NULL) {
        *thread = (struct posix_thread){
            .next = thread->next, .handle = thread->handle, .spare = thread->spare};
        threads.parked--;
    }
    return thread;
}

/* With the lock: one that has no kernel thread yet. */
static struct posix_thread *stack_get(void)
{
    struct posix_thread *thread = stack_reuse();

    thread = thread != NULL ? thread : stack_make();
    if (thread != NULL) {
        thread->next = threads.first;
        threads.first = thread;
    }
    return thread;
}

/* Starts it as a thread of the kernel. */
static int64_t thread_start(struct posix_thread *thread, const struct thread_registers *registers)
{
    struct qy_thread *record = record_of(thread);
    struct birth birth = {.registers = *registers};
    int64_t status = kernel_thread(thread);

    if (status > 0) {
        *record = (struct qy_thread){
            .self = record, .handle = thread->handle, .entry = thread_main, .argument = &birth};
        status = qy_thread_start(thread->handle, (uint64_t)(uintptr_t)qy_thread_begin,
                                 (uint64_t)(uintptr_t)thread, (uint64_t)(uintptr_t)record);
    }
    while (status == 0 && __atomic_load_n(&birth.is_ready, __ATOMIC_ACQUIRE) == 0) {
        (void)qy_futex_wait(&birth.is_ready, 0, DEADLINE_NEVER); /* or it was so already */
    }
    if (status == 0 && birth.error == 0) {
        return 0;
    }
    qy_mutex_lock(&threads.mutex);
    unlink(thread); /* its stack is lost */
    handles_close(thread);
    qy_mutex_unlock(&threads.mutex);
    return -EAGAIN;
}

static void thread_wake(struct posix_thread *thread, const struct thread_registers *registers)
{
    record_of(thread)->buffer->redirect.registers = *registers;
    __atomic_store_n(&thread->is_woken, 1, __ATOMIC_RELEASE); /* pairs with park */
    (void)qy_futex_wake(&thread->is_woken, 1);                /* or it does not sleep yet */
}

static int64_t thread_make(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                           uint64_t tls)
{
    struct thread_registers registers = posix_redirect()->registers;
    struct posix_thread *thread;
    bool was_parked;
    int64_t status = 0;

    qy_mutex_lock(&threads.mutex);
    thread = unpark();
    was_parked = thread != NULL;
    thread = was_parked ? thread : stack_get();
    if (thread != NULL) {
        thread_init(thread, flags, child_id, tls);
    }
    qy_mutex_unlock(&threads.mutex);
    if (thread == NULL) {
        return -EAGAIN;
    }
    const uint32_t id = thread->id; /* it may have ended before we look again */
    registers.rax = 0;
    registers.rsp = stack != 0 ? stack : registers.rsp;
    if (flags & LINUX_CLONE_PARENT_SETTID) {
        (void)guest_write(parent_id, &id, sizeof id); /* as Linux: no error */
    }
    if (flags & LINUX_CLONE_CHILD_SETTID) {
        (void)guest_write(child_id, &id, sizeof id);
    }
    if (was_parked) {
        thread_wake(thread, &registers);
    } else {
        status = thread_start(thread, &registers);
    }
    return status == 0 ? id : status;
}

int64_t posix_clone(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                    uint64_t tls)
{
    const uint64_t thread_flags = LINUX_CLONE_VM | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD;

    if ((flags & LINUX_CLONE_SETTLS) != 0 && !guest_may(tls, 0)) {
        return -EPERM;
    }
    if ((flags & LINUX_CLONE_THREAD) != 0) {
        return (flags & thread_flags) == thread_flags
                   ? thread_make(flags, stack, parent_id, child_id, tls)
                   : -EINVAL;
    }
    if ((flags & LINUX_CLONE_VM) != 0 && (flags & LINUX_CLONE_VFORK) == 0) {
        return -EINVAL; /* two processes with one memory, both running */
    }
    if ((flags & ~0xfful) == (LINUX_CLONE_VM | LINUX_CLONE_VFORK)) { /* all but the signal */
        return posix_vfork_begin(stack);
    }
    return posix_process_copy(flags, stack, parent_id, child_id, tls);
}

/* --- ends ------------------------------------------------------------------------------------ */

/* A lock that the thread held: who waits for it is told (get_robust_list(2)). */
static void robust_release(uint64_t word, uint32_t id)
{
    uint32_t value;

    if (guest_read(&value, word, sizeof value) < 0) {
        return;
    }
    while ((value & LINUX_FUTEX_TID_MASK) == id) {
        const uint32_t wanted = value;

        if (guest_exchange(word, &value, (value & LINUX_FUTEX_WAITERS) | LINUX_FUTEX_OWNER_DIED) <
            0) {
            return;
        }
        if (value == wanted) {
            (void)qy_futex_wake((const uint32_t *)(uintptr_t)word, 1); /* or nobody is there */
            return;
        }
    }
}

static void robust_walk(const struct posix_thread *self)
{
    struct {
        uint64_t next;
        int64_t offset;
        uint64_t pending;
    } head;
    uint64_t entry;

    if (self->robust_list == 0 || guest_read(&head, self->robust_list, sizeof head) < 0) {
        return;
    }
    entry = head.next;
    for (uint32_t i = 0; i < ROBUST_MAX && entry != self->robust_list; i++) {
        uint64_t next;

        if (guest_read(&next, entry, sizeof next) < 0) {
            return;
        }
        if (entry != head.pending) {
            robust_release(entry + (uint64_t)head.offset, self->id);
        }
        entry = next;
    }
    if (head.pending != 0) {
        robust_release(head.pending + (uint64_t)head.offset, self->id);
    }
}

/* Whether it was the last one; else it is to be parked, if there are not enough. The first thread
 * stays, for signals. */
static bool thread_leave(struct posix_thread *self)
{
    const bool is_first = self->handle == qy_process_page()->thread;
    bool is_last = true;

    qy_mutex_lock(&threads.mutex);
    for (struct posix_thread *thread = threads.first; thread != NULL; thread = thread->next) {
        is_last &= thread == self || thread->has_ended != ALIVE;
    }
    if (is_first || threads.parked == PARKED_MAX) {
        self->has_ended = ENDED;
    } else {
        self->has_ended = PARKED;
        threads.parked++;
    }
    qy_mutex_unlock(&threads.mutex);
    return is_last;
}

/* Sleeps until it is to be another thread, which it may be already. */
static QY_NORETURN void park(struct posix_thread *self)
{
    while (__atomic_load_n(&self->is_woken, __ATOMIC_ACQUIRE) == 0) {
        (void)qy_futex_wait(&self->is_woken, 0, DEADLINE_NEVER); /* or it was woken */
    }
    self->is_woken = 0;
    (void)qy_thread_set_base(0, self->fs_base); /* a good base */
    (void)qy_thread_resume();                   /* does not return */
    posix_panic("a thread does not go on");
}

int64_t posix_exit(uint64_t code)
{
    struct posix_thread *self = posix_self();
    const uint32_t zero = 0;

    robust_walk(self);
    if (self->clear_id != 0 && guest_write(self->clear_id, &zero, sizeof zero) == 0) {
        (void)qy_futex_wake((const uint32_t *)(uintptr_t)self->clear_id, 1); /* who joins it */
    }
    if (thread_leave(self)) {
        posix_process_end((uint32_t)code & 255);
    }
    posix_signal_leave();
    if (self->has_ended != ENDED) {
        park(self);
    }
    (void)qy_thread_redirect(false); /* it did */
    qy_thread_exit();
}

int64_t posix_exit_group(uint64_t code)
{
    posix_process_end((uint32_t)code & 255);
}

void posix_threads_end_others(void)
{
    struct process_page *page = qy_process_page();
    struct posix_thread *self = posix_self();

    posix_locks_take(); /* who is killed holds none of them */
    qy_mutex_lock(&threads.mutex);
    for (struct posix_thread *thread = threads.first; thread != NULL; thread = thread->next) {
        if (thread != self && thread->handle != HANDLE_INVALID) {
            (void)qy_thread_kill(thread->handle); /* or it has ended */
            (void)qy_object_wait(thread->handle, SIGNAL_EXITED, DEADLINE_NEVER);
            thread->has_ended = ENDED;
        }
    }
    threads.parked = 0;
    qy_mutex_unlock(&threads.mutex);
    posix_locks_release();
    self->clear_id = 0;
    self->robust_list = 0;
    if (self->spare != HANDLE_INVALID) { /* it is the first one from now on: who is kicked */
        (void)qy_proc_signal_thread(page->proc, self->spare, DEADLINE_NEVER); /* or proc is gone */
        self->spare = HANDLE_INVALID;
        page->thread = self->handle;
    }
}

/* --- small calls ----------------------------------------------------------------------------- */

int64_t posix_set_tid_address(uint64_t address)
{
    posix_self()->clear_id = address;
    return posix_self()->id;
}

int64_t posix_gettid(void)
{
    return posix_self()->id;
}

int64_t posix_set_robust_list(uint64_t head, uint64_t size)
{
    if (size != 24) {
        return -EINVAL;
    }
    posix_self()->robust_list = head;
    return 0;
}

int64_t posix_arch_prctl(uint64_t what, uint64_t address)
{
    struct posix_thread *self = posix_self();

    switch (what) {
    case LINUX_ARCH_SET_FS:
        if (!guest_may(address, 0)) {
            return -EPERM;
        }
        self->fs_base = address;
        return qy_thread_set_base(0, address);
    case LINUX_ARCH_GET_FS:
        return guest_write(address, &self->fs_base, sizeof self->fs_base);
    default: /* GS is ours */
        return -EINVAL;
    }
}

int64_t posix_sched_yield(void)
{
    return qy_thread_yield();
}
