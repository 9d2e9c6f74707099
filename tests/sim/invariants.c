/* SPDX-License-Identifier: MIT */
/*
 * What must hold when no CPU is inside the kernel and no interrupt is pending: nobody sleeps who
 * has what it waits for, nobody is runnable and forgotten, nothing translates what is not mapped.
 */
#include "object/port.h"
#include "object/event.h"
#include "sched/run_queue.h"
#include "sched/sched.h"
#include "machine.h"
#include "sim.h"

static bool is_current(const struct thread *thread)
{
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (fake_machine.cpus[i].record.current == thread) {
            return true;
        }
    }
    return false;
}

#define HOLDS(thread, condition)                                                                   \
    ((condition)                                                                                   \
         ? (void)0                                                                                 \
         : fake_fail("thread t%u (state %d): %s", (thread)->arch.fake->id,                         \
                     (int)((thread)->wait_ops ? (thread)->wait_ops->state : 0), #condition))

/* Whether a receiver was woken for a queued caller and has not had a CPU since. */
static bool is_looked_at(const struct port *port)
{
    for (const struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
        const struct thread *thread = each->thread;

        if (thread != NULL && thread->port == port && !(thread->wait & THREAD_WAITING) &&
            thread->frame.rip == FAKE_SYSCALL_IP) {
            return true;
        }
    }
    return false;
}

static void check_receiver(const struct thread *thread)
{
    const struct port *port = thread->port;

    HOLDS(thread, port != NULL);
    HOLDS(thread, list_is_empty(&port->notices));
    HOLDS(thread, !port->is_closed);
    HOLDS(thread, pqueue_is_empty(&port->callers) ||
                      (thread->slot == NULL && port->free_slots == NULL) || is_looked_at(port));
}

static void check_waiting(const struct thread *thread)
{
    HOLDS(thread, !is_current(thread));
    HOLDS(thread, !thread->on_cpu);
    HOLDS(thread, !list_is_linked(&thread->ready_link));
    HOLDS(thread, !(thread->flags & THREAD_KILLED));
    HOLDS(thread, thread->deadline > fake_now() - 1000000 || thread->wait_ops == NULL);
    if (thread->wait_ops == NULL) {
        return;
    }
    switch (thread->wait_ops->state) {
    case THREAD_STATE_WAIT_RECEIVE:
        check_receiver(thread);
        break;
    case THREAD_STATE_WAIT_SEND:
    case THREAD_STATE_WAIT_REPLY:
        HOLDS(thread, !thread->session->port->is_closed);
        break;
    case THREAD_STATE_WAIT_OBJECT:
        if (thread->observer.object != NULL && list_is_linked(&thread->observer.link)) {
            HOLDS(thread, (thread->observer.object->signals & thread->observer.mask) == 0);
        }
        break;
    case THREAD_STATE_NEW:
    case THREAD_STATE_RUNNING:
    case THREAD_STATE_READY:
    case THREAD_STATE_DEAD:
    case THREAD_STATE_SUSPENDED:
        fake_fail("a thread waits in a state that is no wait");
        break;
    case THREAD_STATE_WAIT_FUTEX:
    case THREAD_STATE_WAIT_SLEEP:
        break;

    case THREAD_STATE_WAIT_KERNEL:
        fake_fail("a thread waits for other CPUs though all is quiet");
        break;
    }
}

void invariants_check(void)
{
    for (const struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
        const struct thread *thread = each->thread;

        if (thread == NULL || !(thread->flags & THREAD_STARTED) || (thread->flags & THREAD_IDLE)) {
            continue;
        }
        if (thread->flags & THREAD_DEAD) {
            HOLDS(thread, !is_current(thread));
        } else if (thread->wait & THREAD_WAITING) {
            check_waiting(thread);
        } else if (thread->flags & THREAD_STOPPED) {
            HOLDS(thread, thread->affinity == 0 && (thread->object.signals & SIGNAL_SUSPENDED));
            HOLDS(thread, !is_current(thread) && !list_is_linked(&thread->ready_link));
        } else {
            /* Runs, or stands in a run queue: else its wake-up was lost. */
            HOLDS(thread, is_current(thread) != list_is_linked(&thread->ready_link));
            HOLDS(thread, (bool)thread->on_cpu == is_current(thread));
        }
    }
    for (uint32_t i = 0; i < cpu_count(); i++) {
        /* Else nobody would move on who is queued there. */
        if (run_queue_top(run_queue_get(i)) >= 0 && run_queue_get(i)->slice.at == DEADLINE_NEVER) {
            fake_fail("CPU %u has a queue and does not tick", i);
        }
    }
    fake_tlb_check();
}

unsigned world_threads_alive(void)
{
    unsigned count = 0;

    for (const struct fake_thread *each = fake_machine.threads; each != NULL; each = each->next) {
        const struct thread *thread = each->thread;

        count += thread != NULL && (thread->flags & THREAD_STARTED) &&
                 !(thread->flags & (THREAD_DEAD | THREAD_KILLED | THREAD_IDLE)) &&
                 !world_is_init(each);
    }
    return count;
}
