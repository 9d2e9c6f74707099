/* SPDX-License-Identifier: MIT */
/*
 * Chains of calls. Who queues at a port lends its priority to the threads that serve it, and where
 * these wait in calls themselves, to those they wait for:
 *
 *     caller --queued--> port: thread A --waits--> port: thread C (runs)
 *                              thread B (runs)
 *
 * If each way leads back to the caller, or to threads that wait for it, nobody is left to answer.
 * So that of several that close a ring at once at least one sees it, each follows the chain when
 * its own wait is published; and so that the ring was there at one moment, all waits on the way
 * must still be the same at the end. tests/models/chain.pml shows it.
 *
 * Everything here is bounded: what is beyond the bounds gets no priority, and is no ring.
 */
#include "object/port.h"
#include "sched/sched.h"

#define CHAIN_WAITS   8  /* calls followed */
#define CHAIN_THREADS 24 /* threads looked at */

struct chain {
    struct thread *caller;
    struct {
        struct thread *thread;
        struct port *port; /* it waits there */
        uint64_t seen;     /* the wait */
    } waits[CHAIN_WAITS];
    uint32_t wait_count;
    uint32_t thread_count;
    bool is_open; /* somebody on the way may still answer */
};

/* Lends to a thread that serves a port, or is the caller, and notes whose answer it waits for.
 * SAFETY: what a waiting thread refers to is allocated, and what is freed now stays until this CPU
 * leaves the kernel. If the wait ends meanwhile, its word tells. */
static void chain_add(struct chain *chain, struct thread *thread)
{
    uint64_t seen = wait_seen(thread);
    const struct wait_ops *ops = seen & THREAD_WAITING ? thread->wait_ops : NULL;

    if (ops != &wait_receive && thread->priority < chain->caller->priority) {
        sched_set_priority(thread, chain->caller->priority);
    }
    if ((ops == &wait_send || ops == &wait_reply) && chain->wait_count < CHAIN_WAITS) {
        chain->waits[chain->wait_count].thread = thread;
        chain->waits[chain->wait_count].port = thread->session->port;
        chain->waits[chain->wait_count++].seen = seen;
    } else {
        chain->is_open = true;
    }
}

/* A queued caller of the locked port takes the place of its priority. */
static void requeue_locked(struct port *port, struct thread *thread, uint64_t seen)
    REQUIRES(&port->lock)
{
    /* Linked, and in the same wait as when its port was read: then it is linked here. */
    if (thread->call_link.priority != thread->priority &&
        pqueue_node_is_linked(&thread->call_link) && wait_seen(thread) == seen) {
        pqueue_remove(&port->callers, &thread->call_link);
        pqueue_insert(&port->callers, &thread->call_link, thread->priority);
    }
}

static void visit_locked(struct chain *chain, struct port *port) REQUIRES(&port->lock)
{
    chain->is_open |= list_is_empty(&port->threads);
    LIST_FOREACH (each, &port->threads) {
        struct thread *thread = CONTAINER_OF(each, struct thread, port_link);

        if (chain->thread_count++ == CHAIN_THREADS) {
            chain->is_open = true;
            return;
        }
        if (thread != chain->caller) {
            chain_add(chain, thread);
        }
    }
}

bool chain_lend(struct thread *caller)
{
    struct chain chain = {.caller = caller};

    /* Its own wait is visible to all before it reads theirs. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    chain_add(&chain, caller);
    for (uint32_t i = 0; i < chain.wait_count; i++) {
        struct port *port = chain.waits[i].port;
        bool is_new = true;

        for (uint32_t j = 0; j < i; j++) {
            is_new &= chain.waits[j].port != port;
        }
        spin_lock(&port->lock);
        requeue_locked(port, chain.waits[i].thread, chain.waits[i].seen);
        if (is_new) {
            visit_locked(&chain, port);
        }
        spin_unlock(&port->lock);
    }
    for (uint32_t i = 0; i < chain.wait_count; i++) {
        chain.is_open |= wait_seen(chain.waits[i].thread) != chain.waits[i].seen;
    }
    return !chain.is_open;
}
