/* SPDX-License-Identifier: MIT */
/*
 * A port is where a server receives: calls from sessions, and notices. docs/ipc.md tells the story;
 * these are the rules.
 *
 *     caller --call--> [ queued callers ] --rendezvous--> token --reply--> caller
 *                       by priority        (receiver)     slot
 *
 * - A call is delivered when there is a caller, a receiver and a free token slot. The slot
 * remembers the caller and its wait word; the token is the slot's index and generation, good for
 * one answer by a thread of the process that received it.
 * - Whoever takes a thread out of a wait owns it (thread.h) until it is made ready or waits again.
 *   Messages are copied and handles moved between two threads that are both owned, or current, so
 *   without the port's lock. If that fails, the sender gets the error; a receiver that had been
 *   taken for it looks again.
 * - A slot is free, or a token's, or kept by a thread for its next call while that thread waits in
 *   receive, and no longer.
 * - A caller whose wait ends early (deadline, kill) cuts itself out of the slot. The slot stays the
 *   server's until it answers or drops the token: a client cannot free a server's slots by being
 *   impatient, and the session's limit says how many it may occupy.
 * - A session counts its calls, queued or received. When its last client handle (RIGHT_CALL) is
 *   closed and its last call has ended, one notice SESSION_CLOSED is queued, and the session lets
 * go of itself.
 * - When the last handle with RIGHT_RECV goes, the port is closed: queued and received calls fail
 *   with EPEER_DIED, sessions show PEER_CLOSED.
 * - When a process dies, the calls that its threads received fail with EPEER_DIED at once; queued
 *   calls wait for another receiver.
 */
#pragma once

#include <quay/abi/ipc.h>
#include "cap/object.h"
#include "core/lock.h"
#include "lib/pqueue.h"
#include "sched/thread.h"
#include <arch_impl/atomic.h>

struct process;
struct port;
struct session;

#define PORT_TOKENS_MAX 512u

/* A packet that waits at a port. It belongs to its source from the beginning, so delivering never
 * allocates; while it is queued, further signals are ORed in. */
struct notice {
    struct list link; /* under the port's lock; linked: queued */
    uint64_t key;
    signals_t signals;
    uint64_t count;     /* how often it was raised since it was last received */
    uint64_t user_bits; /* NOTICE_USER: in place of signals */
    enum notice_kind {
        NOTICE_USER,    /* port_notify */
        NOTICE_BINDING, /* port_bind */
        NOTICE_CLOSED,  /* of a session */
        NOTICE_CANCEL,  /* of a token */
        NOTICE_FAULT,   /* of memory with a pager; user_bits beside signals: which page */
    } kind;
};

struct token_slot {
    /* All under the port's lock; changed without it only on the fast path, which holds it too. */
    uint64_t value; /* the token: generation << 16 | index */
    /* Waits for the answer; NULL: it has gone. Whoever ends that wait otherwise takes it out of
     * here before the thread can wait again, so its wait word belongs to this call. */
    struct thread *caller;
    struct session *session; /* NULL: the slot is free, or reserved by a receiver */
    struct process *owner;   /* who may answer */
    struct token_slot *next; /* free list */
    struct notice cancel;
};

#define TOKEN_INDEX(token)    ((uint32_t)((token)&0xffffu))
#define TOKEN_GENERATION_STEP 0x10000ul

struct port {
    struct object object;

    struct spinlock lock;

    /* Under the lock. */
    struct thread *receivers; /* waiting in receive; last in, first out */
    struct thread *stranded;  /* those who were when the port was closed */
    struct list notices;      /* queued */
    struct pqueue callers;    /* thread->call_link */
    struct token_slot *free_slots;
    struct list threads;  /* bound: thread->port_link */
    struct list sessions; /* session->port_link */
    struct list bindings; /* struct binding.port_link */
    struct list pagers;   /* struct pager.port_link */
    struct notice user;
    bool is_closed;
    bool has_work; /* a notice or a caller is queued, or the port is closed: no fast answer */

    /* Fixed. */
    struct token_slot *slots; /* a power of two of them, of which slot_count are in use */
    uint32_t slot_mask;
    uint32_t slot_count;
    uint32_t slots_made; /* under the lock */
    uint8_t slot_order;

    struct sync_node work; /* closing, in steps; then freeing */
    uint32_t close_index;
};

struct session {
    struct object object;

    /* Fixed. */
    struct port *port; /* with a reference */
    uint64_t badge;
    uint32_t call_limit;

    /* Under the port's lock. */
    /* Calls it may still have: the limit less those queued or not answered. Without a client handle
     * the limit is 0, so it never exceeds 0 again, and reaches it with the end of the last call. */
    int64_t credits;
    bool is_inactive;         /* no client handle left */
    bool is_ended;            /* SESSION_CLOSED was queued, or the port closed */
    bool is_slow;             /* inactive, or for exceptions: no fast answer */
    struct session **binding; /* for exceptions: what refers to it (exception.h) */
    struct list port_link;
    struct notice closed;
};

/* A process that has received from a port: where to look for its tokens when it dies. */
struct port_server {
    struct list link;  /* in process->servers, under its lock */
    struct port *port; /* with a reference */
    uint32_t drain_index;
};

static inline struct port *port_of(struct object *object)
{
    return CONTAINER_OF(object, struct port, object);
}

static inline struct session *session_of(struct object *object)
{
    return CONTAINER_OF(object, struct session, object);
}

/* Once, at boot. */
void port_init(void);

/* --- Life (port.c, session.c) --- */

/* A port with room for that many calls received and not answered, 1 to PORT_TOKENS_MAX. Returns a
 * reference. -EINVAL, -ENOMEM. */
MUST_USE int port_create(struct account *account, uint32_t token_count, struct port **ret_port);

/* A session, which the port's account pays for. Returns a reference. -EPEER_DIED if the port is
 * closed, -ENOMEM. call_limit 0: as many as the port has tokens. */
MUST_USE int session_create(struct port *port, uint64_t badge, uint32_t call_limit,
                            struct session **ret_session);

/* The end of a session that has no handles, whose reference it takes; NULL does nothing. */
void session_release(struct session *session);

/* Fails some of the calls that a dying process has received, on all ports; true when none is left.
 */
MUST_USE bool port_servers_drain(struct process *process);

/* The current thread is going to receive from this port: -ENOMEM. */
MUST_USE int port_bind_thread(struct port *port, struct thread *thread);

/* A thread is finished, or goes to another port: gives back its slot, leaves the port's list. */
void port_unbind_thread(struct thread *thread);

/* --- Calls (call.c, receive.c, reply.c); each is the end of a system call of the current thread
 * --- */

/* Calls: returns SYSCALL_RESUME, or an error before anything was changed. */
MUST_USE int64_t port_call(struct session *session, uint64_t header, time_ns_t deadline);

/* What both kinds of calls have in common: the caller, current or owned, with its header and
 * deadline set, waits for a receiver or for the answer of *ret_receiver, which is then ours to let
 * run. Or an error, and it does not wait. */
MUST_USE int call_send(struct session *session, struct thread *caller,
                       struct thread **ret_receiver);

/* Answers `token` if it is not 0, then receives. */
MUST_USE int64_t port_reply_receive(struct port *port, uint64_t header, time_ns_t deadline,
                                    uint64_t token);

/* Answers without receiving. 0, -ETOKEN_STALE (also: the caller has gone), or the message's errors,
 * upon which the token is still good. */
MUST_USE int64_t port_reply(struct port *port, uint64_t header, uint64_t token);

/* Gives a call up: its caller gets ETOKEN_DROPPED. 0 or -ETOKEN_STALE. */
MUST_USE int64_t port_token_drop(struct port *port, uint64_t token);

/* Asks the server that has the call of this thread to end it: the caller waits until `grace` at the
 * longest. False if that is no longer the wait that was seen. */
MUST_USE bool port_cancel_request(struct thread *caller, uint64_t seen, time_ns_t grace);

/* --- Notices (notice.c) --- */

/* Queues a packet with these signals, or ORs them in; hands it to a waiting receiver. */
void notice_raise_locked(struct port *port, struct notice *notice, signals_t signals)
    REQUIRES(&port->lock);

/* Raises the port's own notice with these bits. */
void port_notify(struct port *port, uint64_t bits);

/* Binds an object's signals: -EEXIST if it is bound to this port, -EPEER_DIED, -ENOMEM. */
MUST_USE int port_bind(struct port *port, struct account *account, struct object *object,
                       signals_t signals, uint64_t key);

/* -ENOENT if it is not bound. A notice still queued is taken back. */
MUST_USE int port_unbind(struct port *port, struct object *object);

/* --- Between these files; the port is locked where the name says so --- */

void receiver_link_locked(struct port *port, struct thread *thread) REQUIRES(&port->lock);
void receiver_unlink_locked(struct port *port, struct thread *thread) REQUIRES(&port->lock);

/* An owned receiver looks at the port again: its call runs anew, without the answer it carried. So
 * it comes back for sure, unless it is killed, and then port_unbind_thread sees to the others. */
void receiver_again(struct thread *receiver);

/* Takes a waiting receiver out that this CPU then owns; with a slot, if a call is to be delivered.
 * NULL: there is none. */
struct thread *receiver_take_locked(struct port *port, bool needs_slot) REQUIRES(&port->lock);

/* After notices, callers or is_closed have changed: has_work follows. */
void port_update_locked(struct port *port) REQUIRES(&port->lock);

/* Ends the wait of a thread that the locked port still names as waiting, and that is ours then;
 * false if it waits no more. */
static ALWAYS_INLINE bool wait_end(struct thread *thread)
{
    return arch_bit_clear(&thread->wait); /* THREAD_WAITING */
}

/* The call of an owned thread ends with an error. */
void thread_fail(struct thread *thread, int error);

/* Takes the first queued caller out that this CPU then owns, or NULL. */
struct thread *caller_take_locked(struct port *port) REQUIRES(&port->lock);

/* The receiver's own slot, or a free one, or NULL. */
struct token_slot *slot_take_locked(struct port *port, struct thread *receiver)
    REQUIRES(&port->lock);

/* Gives a slot back; a receiver that waits without one while calls are queued looks again. */
void slot_free_locked(struct port *port, struct token_slot *slot) REQUIRES(&port->lock);

/* The thread does not wait in receive (any more): a slot it had for its next call is free again. */
void slot_uncache_locked(struct port *port, struct thread *thread) REQUIRES(&port->lock);

/* Ends a token: the slot's next value is another, the session's call is over, and the slot is free,
 * or the receiver's own if it has none. Returns the caller, whose wait it has ended, or NULL if
 * that has gone. */
struct thread *slot_end_locked(struct port *port, struct token_slot *slot, struct thread *receiver)
    REQUIRES(&port->lock);

/* The slot of a token that the current process may answer, or NULL. */
struct token_slot *slot_find_locked(struct port *port, uint64_t token) REQUIRES(&port->lock);

/* One call of the session is over; the last one of a session without clients ends it. */
void session_call_over_locked(struct port *port, struct session *session) REQUIRES(&port->lock);

/* `caller` and `receiver`, both ours, come together: copies the message, makes the token, lets the
 * caller wait for the answer and donates its priority. An error is the caller's, whose call is
 * over; the slot is free again, and the receiver as it was. */
MUST_USE int call_deliver(struct port *port, struct thread *caller, struct thread *receiver,
                          struct token_slot *slot);

/* The thread, if it waits in a call, lends its priority to those it waits for, and they to those
 * that they wait for, and so on (chain.c). True if they all wait for it: nobody would answer. */
bool chain_lend(struct thread *thread);

/* Writes a notice into an owned receiver's frame and takes it off the queue. */
void notice_deliver_locked(struct port *port, struct notice *notice, struct thread *receiver)
    REQUIRES(&port->lock);

extern const struct wait_ops wait_receive, wait_send, wait_reply;
