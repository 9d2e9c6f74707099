/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: 256 fixed priorities, round robin within each, one run queue per CPU.
 *
 * The highest ready priority of a CPU runs on it. There is no tick while nothing competes: the
 * slice timer runs only while a CPU has ready threads of the priority that is running. Idle CPUs
 * steal. Switching means: choose, load the other address space, and return up the stack; the thread
 * that was left is complete in its record.
 *
 * How a call blocks:
 *
 *     set up links and wait_ops, wait_publish(current)      (usually under the queue's lock)
 *     return sched_wait(deadline);                          (SYSCALL_RESUME)
 *
 * How a wait ends:
 *
 *     seen = wait_seen(t); ... if (wait_try_end(t, seen)) { unlink; write frame; sched_wake(t); }
 */
#pragma once

#include "arch/upcalls.h"
#include "sched/thread.h"

#define PRIORITY_IDLE    0
#define PRIORITY_DEFAULT 100
#define PRIORITY_MAX     255

#define SCHED_SLICE_NS 10000000 /* 10 ms */

/* Sets up this CPU's run queue and idle thread and makes that current. */
void sched_cpu_init(struct cpu *cpu, struct address_root *kernel_root);

/* Scheduling fields of a new thread: not waiting, in no queue, any CPU. */
void sched_thread_init(struct thread *thread, uint8_t priority);

/* The current thread has published its wait: arms its deadline, and gives the CPU to the next.
 * Returns SYSCALL_RESUME. If the wait has been won by someone in between, that someone has made the
 * thread ready, and all is well. */
int64_t sched_wait(time_ns_t deadline);

/* The current thread has published its wait, and `to` was won by us and shall run: at once on this
 * CPU where that is allowed, else as by sched_wake. Returns SYSCALL_RESUME. */
int64_t sched_handoff(struct thread *to);

/* Sees to it that the deadline of a wait that has been published is met. Only the thread itself, or
 * who won its wait and published another for it. */
void sched_arm_deadline(struct thread *thread);

/* Ends the current thread's turn for good: it is dead, nothing will wake it. */
int64_t sched_exit(void);

/* Makes a thread ready whose wait was won, or a new one. It does not run before the caller is back
 * in user mode or waits: use sched_return to let a more important one go first. */
void sched_wake(struct thread *thread);

/* Ends a system call with this value, unless a more important thread became ready here: then the
 * value goes into the frame and that thread gets the CPU. */
int64_t sched_return(int64_t value);

/* The current thread goes behind its equals. */
int64_t sched_yield(void);

/* Ends the current wait of a thread with this result in its frame, if the wait is still `seen`;
 * unlinks and wakes it. True if it was us. */
bool sched_end_wait(struct thread *thread, uint64_t seen, int64_t result);

/* Gives the wait under way the kick that the thread has with it. False if it keeps it: it does not
 * wait, or so that its system call goes on or runs again afterwards. */
bool sched_kick(struct thread *thread);

/* Changes the effective priority, wherever the thread is. */
void sched_set_priority(struct thread *thread, uint8_t priority);

/* Changes the CPUs a thread may run on; takes effect at the latest at its next turn. */
void sched_set_affinity(struct thread *thread, uint64_t affinity);

/* Suspends a thread, wherever it is, or lets it go on. One that waits goes on waiting, and stops
 * when that has ended. SIGNAL_SUSPENDED says that it has stopped. */
void sched_suspend(struct thread *thread, bool is_suspended);

/* A thread that is ours and ready stops if it is suspended. Nothing held. */
void sched_stop_or_wake(struct thread *thread);

/* Takes a thread out that has stopped: then it is ours. */
bool sched_take_stopped(struct thread *thread);

/* Some job has a limit of CPU time: from now on every CPU that runs something ticks. */
void sched_count_time(void);

/* If the current thread is to die or a more important one is ready: switches. The end of every
 * interrupt entry. */
void sched_interrupt_return(void);

/* The idle thread is current: takes up what is ready, or waits for an interrupt. */
NORETURN void sched_idle(void);

/* Makes `to` current on this CPU in place of `from`, whose frame is complete. Both stay as they are
 * in every other respect. The one place where threads are switched. */
static ALWAYS_INLINE void sched_switch(struct cpu *cpu, struct thread *from, struct thread *to)
{
    struct address_root *root = to->root;

    __atomic_store_n(&to->on_cpu_and_cpu, cpu->on_cpu_tag, __ATOMIC_RELAXED);
    if (root != from->root) {
        /* SAFETY: our own bit, which only this CPU changes. */
        if (UNLIKELY(!(*(const uint64_t *)&root->cpus & cpu->bit))) {
            __atomic_fetch_or(&root->cpus, cpu->bit, __ATOMIC_SEQ_CST);
        }
        arch_aspace_load(&root->arch);
    }
    arch_thread_switch(cpu, from, to);
    cpu->current = to;
    /* Pairs with the load in sched_wake: who sees 0 sees the whole frame. */
    __atomic_store_n(&from->on_cpu, 0, __ATOMIC_RELEASE);
}

struct sched_figures {
    uint64_t idle_ns;
    uint64_t switches;
};
void sched_figures(uint32_t cpu, struct sched_figures *ret_figures);
