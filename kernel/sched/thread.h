/* SPDX-License-Identifier: MIT */
/*
 * A thread is a record, not a stack: its user registers, what it waits for, and what it may use.
 *
 * Waiting. The wait word is (sequence << 1) | WAITING. The thread itself sets up everything that a
 * waker needs (queue links, deadline, wait_ops), then publishes the word with a new sequence. Who
 * wants to end the wait - answer, deadline, kill, death of the peer - does one compare-and-swap
 * from the word it saw to the same without WAITING. The winner owns the thread: it unlinks it from
 * whatever it is queued on (wait_ops->unlink), writes its result into the frame, and makes it
 * ready. Everybody else does nothing. tests/models/ proves it.
 *
 * on_cpu: from when a CPU chooses the thread until the thread's registers are all in this record
 * again. A thread that is woken while on_cpu is queued on that CPU, which cannot take it up before
 * it has let it go; any other may be queued anywhere.
 */
#pragma once

#include "arch/context.h"
#include "arch/mmu.h"
#include "cap/handle.h"
#include "cap/object.h"
#include "core/cpu.h"
#include "lib/pqueue.h"
#include "sched/timer.h"
#include <arch_impl/thread.h> /* struct arch_thread */
#include <quay/abi/system_info.h>

struct aspace;
struct mapping;
struct process;
struct port;
struct token_slot;
struct message_buffer;
struct thread;

/* What a thread waits for: how the figures name it, and how to take it out of the queue. */
struct wait_ops {
    enum thread_state state;
    /* Called by the winner of the wait word, with nothing held, before the thread becomes ready;
     * must be harmless if the thread is no longer queued. NULL: nothing to unlink. */
    void (*unlink)(struct thread *thread);
    /* The deadline has come: true if the wait goes on, with a later one. NULL: it ends. */
    bool (*expired)(struct thread *thread, uint64_t seen, time_ns_t now);
    /* A kick: false if this wait has ended. NULL: it ends with EINTR. */
    bool (*kicked)(struct thread *thread, uint64_t seen);
    /* koid of what it waits for, for the figures; NULL: none. Called by anyone, without locks. */
    koid_t (*waits_for)(const struct thread *thread);
    /* koid of the process that has to act; NULL: not known. */
    koid_t (*waits_process)(const struct thread *thread);
};

/* Page tables with the CPUs that may hold translations from them: bits are set when a CPU loads
 * them, and cleared by that CPU in a sync round. */
struct address_root {
    struct arch_aspace arch;
    uint64_t cpus; /* atomic */
};

/* What a thread did that it cannot go on from (object/exception.h). */
struct thread_fault {
    uint64_t address;
    int32_t code;
    uint8_t kind;   /* EXCEPTION_* */
    uint8_t access; /* of a page fault */
    uint8_t level;  /* handlers tried; 0: no exception */
};

/* The thread waits until other CPUs have forgotten translations. */
struct vm_wait {
    uint64_t seen; /* the wait to end */

    /* Unmap or protect: `removed` is let go then. */
    struct sync_node node;
    struct list link; /* all that are under way */
    struct aspace *aspace;
    struct mapping *removed;
};

/* thread.flags, atomic. Any of the SLOW ones keeps a thread off the IPC fast path. */
#define THREAD_KILLED     (1u << 0) /* to die at its next entry, or out of its wait */
#define THREAD_IDLE       (1u << 1)
#define THREAD_STARTED    (1u << 2)
#define THREAD_DEAD       (1u << 3)
#define THREAD_TOLD       (1u << 4) /* its process is dying, and has killed it */
#define THREAD_KICKED     (1u << 5) /* its next wait ends at once; keeps it off the fast path */
#define THREAD_CHASED     (1u << 6) /* kick_node is on its way */
#define THREAD_CHASE_MORE (1u << 7) /* and once more after that */
#define THREAD_STOPPED    (1u << 8) /* suspended and out of the way: who clears it owns the thread */

#define THREAD_WAITING 1ul /* of the wait word */

struct thread {
    struct user_frame frame; /* first: entry code and TSS.rsp0 rely on it */

    /* The lines of the IPC fast path. */
    uint64_t wait;      /* atomic, see above */
    time_ns_t deadline; /* of the wait; valid while WAITING */
    const struct wait_ops *wait_ops;
    struct address_root *root;  /* fixed */
    struct handle_table *table; /* fixed */
    struct handle_entry *hot;   /* that its last call used: looked at first */
    uint64_t affinity;          /* CPUs it may run on; none: it is suspended */
    uint32_t flags;             /* atomic */
    uint8_t base_priority;
    uint8_t priority;        /* effective: base, or what was donated */
    uint8_t queued_priority; /* whose list it is in; under the lock of the run queue */
    union {
        struct {
            uint8_t on_cpu; /* atomic */
            uint8_t cpu;    /* where it runs or ran last */
        };
        uint16_t on_cpu_and_cpu; /* both at once */
    };
    uint64_t flow_id; /* of the request it works for */

    /* As a receiver: fixed while it waits. Under the port's lock. */
    struct port *port;            /* bound by its last receive */
    struct token_slot *slot;      /* reserved for the next call */
    struct thread *receiver_next; /* the port's stack of waiting receivers */
    struct thread *receiver_prev; /* the first one's means nothing */
    struct list port_link;        /* all threads bound to the port */

    /* As a caller. */
    struct session *session;      /* called; valid while it waits for send or reply */
    struct token_slot *call_slot; /* token that holds us while we wait for the reply */
    uint64_t call_badge;
    uint64_t call_token;
    koid_t job_koid; /* fixed */
    uint64_t call_header;
    uint64_t slow_token; /* the call that call_header belongs to: that token of that port, and no */
    koid_t slow_port;    /* other; the fast path leaves these alone */
    struct pqueue_node call_link; /* port's queued callers */
    struct thread_fault fault;    /* of its exception, which is such a call */
    struct session *exceptions;   /* who handles them, or NULL; atomic */

    struct arch_thread arch;
    struct timer_node timer; /* deadline; stays armed when a wait ends early */

    /* Message buffer: kernel addresses of its two pages, or NULL; set once by the thread. */
    struct message_buffer *buffer;
    void *buffer_payload;
    struct object *buffer_memory; /* with a reference */

    /* Fixed. */
    struct process *process; /* NULL for idle threads */
    struct object object;

    /* Under the lock of the run queue it is on. */
    struct list ready_link;
    bool is_parked; /* its job has used up its CPU time: not in a list of ready threads */
    uint64_t turn;  /* to go on with: the tick of that CPU after which it began; 0: none */

    /* As a sleeper of object_wait, event_wait, futex_wait: owned by that code while it waits. */
    struct observer observer;
    struct list sleep_link;
    uint64_t sleep_key[2];
    uint64_t sleep_bits;
    int pager_error; /* why its last wait for a pager ended; 0: try again */

    struct list process_link; /* under the process's lock */

    uint64_t wanted_affinity; /* while it is not suspended; under object.signal_lock */

    /* Figures; written by the CPU it runs on. */
    uint64_t cpu_ns;
    time_ns_t switched_at; /* when it last left a CPU by the slow way */

    time_ns_t kick_grace; /* atomic; of the last kick */
    struct sync_node kick_node;
    struct sync_node kill_node; /* chases a thread that is neither here nor there */
    struct vm_wait vm_wait;     /* owned by vm while the thread waits for other CPUs */
};

_Static_assert(offsetof(struct thread, frame) == 0, "TSS.rsp0 points behind the frame");

#include <arch_impl/context.h> /* arch_thread_switch */

static inline struct thread *thread_current(void)
{
    return arch_current();
}

static inline struct thread *thread_of(struct object *object)
{
    return CONTAINER_OF(object, struct thread, object);
}

/* A kick that came while the thread did not wait: true once for each. */
static inline bool thread_take_kick(struct thread *thread)
{
    return UNLIKELY(thread->flags & THREAD_KICKED) &&
           (__atomic_fetch_and(&thread->flags, ~THREAD_KICKED, __ATOMIC_SEQ_CST) & THREAD_KICKED);
}

/* Ends the wait if it is still the one that was seen: true for exactly one caller. */
static inline bool wait_try_end(struct thread *thread, uint64_t seen)
{
    return __atomic_compare_exchange_n(&thread->wait, &seen, seen & ~THREAD_WAITING, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* The word of the wait under way, or one without THREAD_WAITING. */
static inline uint64_t wait_seen(const struct thread *thread)
{
    return __atomic_load_n(&thread->wait, __ATOMIC_ACQUIRE);
}

/* The current thread starts to wait: everything a waker needs is set up and linked. The store may
 * be made under the lock of the queue it is linked to. */
static inline void wait_publish(struct thread *thread)
{
    __atomic_store_n(&thread->wait, (thread->wait + 2) | THREAD_WAITING, __ATOMIC_RELEASE);
}
