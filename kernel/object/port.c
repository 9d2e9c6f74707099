/* SPDX-License-Identifier: MIT */
/* Ports: made, closed, and the tokens and threads that belong to them. */
#include "object/port.h"

#include <quay/abi/errno.h>
#include <quay/abi/syscalls.h>
#include "core/panic.h"
#include "core/trace.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "object/binding.h"
#include "object/exception.h"
#include "object/pager.h"
#include "object/process.h"
#include "sched/sched.h"

#define CLOSE_STEP 16 /* waits, tokens, sessions, bindings ended in one go */

static struct {
    struct slab_cache servers;
} port_state;

static void port_destroy(struct object *object);
static void port_inactive(struct object *object);

static const struct object_ops port_ops = {
    OBJECT_RECORD(port, OBJECT_PORT, 64),
    .destroy = port_destroy,
    .inactive = port_inactive,
};

void port_init(void)
{
    object_type_init(&port_ops);
    object_type_init(&session_ops);
    object_type_init(&pager_ops);
    slab_cache_init(&port_state.servers, "port server", sizeof(struct port_server), 8);
    binding_init();
}

/* Makes the next slot a free one, when there is no other: all at once would take too long. */
static void slot_make(struct port *port)
{
    struct token_slot *slot = &port->slots[port->slots_made];

    if (port->slots_made < port->slot_count) {
        slot->cancel.kind = NOTICE_CANCEL;
        list_init(&slot->cancel.link);
        slot->value = TOKEN_GENERATION_STEP | port->slots_made++;
        port->free_slots = slot;
    }
}

static int slots_alloc(struct port *port, uint32_t count)
{
    while (port->slot_mask + 1 < count) {
        port->slot_mask = port->slot_mask << 1 | 1;
    }
    port->slot_order = (uint8_t)frame_order((port->slot_mask + 1) * sizeof(struct token_slot));
    port->slots = account_pages_alloc(port->object.account, port->slot_order);
    if (port->slots == NULL) {
        return -ENOMEM;
    }
    /* No token finds a slot that is all zero: the first one is made at once. */
    memset(port->slots, 0, (port->slot_mask + 1) * sizeof(struct token_slot));
    port->slot_count = count;
    slot_make(port);
    return 0;
}

COLD int port_create(struct account *account, uint32_t token_count, struct port **ret_port)
{
    struct object *object;
    struct port *port;
    int error;

    if (token_count == 0 || token_count > PORT_TOKENS_MAX) {
        return -EINVAL;
    }
    error = object_create(&port_ops, account, &object);
    if (error != 0) {
        return error;
    }
    port = port_of(object);
    spinlock_init(&port->lock, LOCK_RANK_PORT);
    pqueue_init(&port->callers);
    list_init(&port->notices);
    list_init(&port->threads);
    list_init(&port->sessions);
    list_init(&port->bindings);
    list_init(&port->pagers);
    list_init(&port->user.link);
    port->user.kind = NOTICE_USER;
    error = slots_alloc(port, token_count);
    if (error != 0) {
        object_unref(object);
        return error;
    }
    *ret_port = port;
    return 0;
}

static void port_destroy(struct object *object)
{
    struct port *port = port_of(object);

    if (port->slots != NULL) {
        account_pages_free(object->account, port->slots, port->slot_order);
    }
    object_free(object);
}

void thread_fail(struct thread *thread, int error)
{
    if (UNLIKELY(thread->fault.level != 0)) {
        exception_pass(thread);
        return;
    }
    if (trace_on(TRACE_KIND(TRACE_REPLY_RECEIVED))) {
        trace_wait_failed(thread, error);
    }
    frame_ipc_result(&thread->frame, error, 0, 0, 0, 0);
    sched_wake(thread);
}

void port_update_locked(struct port *port)
{
    port->has_work =
        port->is_closed || !list_is_empty(&port->notices) || !pqueue_is_empty(&port->callers);
}

/* --- Waiting receivers: a stack, because the one that waited last has the warmest caches --- */

void receiver_link_locked(struct port *port, struct thread *thread)
{
    thread->receiver_next = port->receivers;
    if (thread->receiver_next != NULL) {
        thread->receiver_next->receiver_prev = thread;
    }
    port->receivers = thread;
}

void receiver_unlink_locked(struct port *port, struct thread *thread)
{
    struct thread **head = port->is_closed ? &port->stranded : &port->receivers;

    if (thread->receiver_next != NULL) {
        thread->receiver_next->receiver_prev = thread->receiver_prev;
    }
    if (*head == thread) {
        *head = thread->receiver_next;
    } else {
        thread->receiver_prev->receiver_next = thread->receiver_next;
    }
}

struct thread *receiver_take_locked(struct port *port, bool needs_slot)
{
    struct thread *thread = port->is_closed ? port->stranded : port->receivers;

    for (; thread != NULL; thread = thread->receiver_next) {
        if (needs_slot && thread->slot == NULL && port->free_slots == NULL) {
            continue;
        }
        /* One that somebody else has won (deadline, kill) is left for that one to unlink. */
        if (wait_end(thread)) {
            receiver_unlink_locked(port, thread);
            return thread;
        }
    }
    return NULL;
}

/* --- Token slots --- */

struct token_slot *slot_take_locked(struct port *port, struct thread *receiver)
{
    struct token_slot *slot = receiver->slot;

    if (slot != NULL) {
        receiver->slot = NULL;
        return slot;
    }
    slot = port->free_slots;
    if (slot != NULL) {
        port->free_slots = slot->next;
        if (port->free_slots == NULL) {
            slot_make(port);
        }
    }
    return slot;
}

/* Where a free slot, a queued caller and a receiver without a slot have come together, the receiver
 * looks again. If it dies before it does, port_unbind_thread comes here once more. */
static void match_locked(struct port *port) REQUIRES(&port->lock)
{
    if (UNLIKELY(!pqueue_is_empty(&port->callers) && port->receivers != NULL &&
                 port->free_slots != NULL)) {
        struct thread *receiver = receiver_take_locked(port, false);

        if (receiver != NULL) {
            if (receiver->slot != NULL) {
                receiver->slot->next = port->free_slots;
                port->free_slots = receiver->slot;
                receiver->slot = NULL;
            }
            receiver_again(receiver);
        }
    }
}

void receiver_again(struct thread *receiver)
{
    frame_ipc_receive_again(&receiver->frame, SYS_port_reply_receive);
    sched_wake(receiver);
}

void slot_free_locked(struct port *port, struct token_slot *slot)
{
    slot->next = port->free_slots;
    port->free_slots = slot;
    match_locked(port);
}

void slot_uncache_locked(struct port *port, struct thread *thread)
{
    struct token_slot *slot = thread->slot;

    if (slot != NULL) {
        thread->slot = NULL;
        slot_free_locked(port, slot);
    }
}

struct thread *slot_end_locked(struct port *port, struct token_slot *slot, struct thread *receiver)
{
    struct session *session = slot->session;
    struct thread *caller = slot->caller;

    slot->value += TOKEN_GENERATION_STEP;
    slot->caller = NULL; /* its unlink will find nothing to cut */
    slot->session = NULL;
    slot->owner = NULL;
    if (list_is_linked(&slot->cancel.link)) {
        list_remove(&slot->cancel.link);
        port_update_locked(port);
    }
    if (receiver != NULL && receiver->slot == NULL && receiver->port == port) {
        receiver->slot = slot;
        slot->owner = receiver->process;
    } else {
        slot_free_locked(port, slot);
    }
    session_call_over_locked(port, session);
    return caller != NULL && wait_end(caller) ? caller : NULL;
}

struct token_slot *slot_find_locked(struct port *port, uint64_t token)
{
    struct token_slot *slot = &port->slots[TOKEN_INDEX(token) & port->slot_mask];
    bool is_good =
        slot->value == token && slot->session != NULL && slot->owner == process_current();

    return is_good ? slot : NULL;
}

/* --- Threads and processes that receive here --- */

void port_unbind_thread(struct thread *thread)
{
    struct port *port = thread->port;

    if (port == NULL) {
        return;
    }
    spin_lock(&port->lock);
    list_remove(&thread->port_link);
    slot_uncache_locked(port, thread);
    match_locked(port);
    thread->port = NULL;
    spin_unlock(&port->lock);
    object_unref(&port->object);
}

static struct port_server *server_find_locked(struct process *process, const struct port *port)
    REQUIRES(&process->lock)
{
    LIST_FOREACH (each, &process->servers) {
        struct port_server *server = CONTAINER_OF(each, struct port_server, link);

        if (server->port == port) {
            return server;
        }
    }
    return NULL;
}

/* The process's note that it may come to hold tokens of this port. */
static COLD int process_serve(struct process *process, struct port *port)
{
    struct port_server *server;
    int error = 0;

    spin_lock(&process->lock);
    if (server_find_locked(process, port) == NULL) {
        server = account_alloc(&process->job->account, &port_state.servers);
        if (server == NULL) {
            error = -ENOMEM;
        } else {
            server->port = port;
            object_ref(&port->object);
            list_push_back(&process->servers, &server->link);
        }
    }
    spin_unlock(&process->lock);
    return error;
}

int port_bind_thread(struct port *port, struct thread *thread)
{
    int error;

    if (LIKELY(thread->port == port)) {
        return 0;
    }
    error = process_serve(thread->process, port);
    if (error != 0) {
        return error;
    }
    port_unbind_thread(thread);
    object_ref(&port->object);
    spin_lock(&port->lock);
    thread->port = port;
    list_push_back(&port->threads, &thread->port_link);
    spin_unlock(&port->lock);
    return 0;
}

/* Fails the next few calls from *index on: those received by `owner`, or all (NULL). True when the
 * last slot was looked at. */
static COLD bool fail_tokens(struct port *port, const struct process *owner, uint32_t *index)
{
    for (unsigned step = 0; step < CLOSE_STEP && *index < port->slot_count; step++) {
        struct token_slot *slot = &port->slots[(*index)++];
        struct thread *caller = NULL;

        spin_lock(&port->lock);
        if (slot->session != NULL && (owner == NULL || slot->owner == owner)) {
            caller = slot_end_locked(port, slot, NULL);
        }
        spin_unlock(&port->lock);
        if (caller != NULL) {
            thread_fail(caller, -EPEER_DIED);
        }
    }
    return *index >= port->slot_count;
}

bool port_servers_drain(struct process *process)
{
    struct port_server *server;
    struct list *first;

    /* All threads of the process are gone: the list is ours. */
    first = list_first(&process->servers);
    if (first == NULL) {
        return true;
    }
    server = CONTAINER_OF(first, struct port_server, link);
    if (fail_tokens(server->port, process, &server->drain_index)) {
        list_remove(&server->link);
        object_unref(&server->port->object);
        account_free(&process->job->account, &port_state.servers, server);
    }
    return list_is_empty(&process->servers);
}

/* --- The end of a port --- */

/* Fails one caller, or else one receiver, that still waits; false if there is none. */
static COLD bool fail_one(struct port *port)
{
    struct thread *thread;
    int error = -EPEER_DIED;

    spin_lock(&port->lock);
    thread = caller_take_locked(port);
    if (thread != NULL) {
        session_call_over_locked(port, thread->session);
    } else {
        thread = receiver_take_locked(port, false);
        error = -EBADF;
    }
    spin_unlock(&port->lock);
    if (thread != NULL) {
        thread_fail(thread, error);
    }
    return thread != NULL;
}

static COLD void close_step(struct sync_node *node)
{
    struct port *port = CONTAINER_OF(node, struct port, work);
    bool is_done = fail_tokens(port, NULL, &port->close_index);

    for (unsigned step = 0; is_done && step < CLOSE_STEP; step++) {
        if (!fail_one(port) && !session_close_one(port) && !binding_close_one(port) &&
            !pager_close_one(port)) {
            object_unref(&port->object); /* port_inactive's */
            return;
        }
    }
    sync_post(&port->work, close_step);
}

/* The last right to receive is gone. */
static void port_inactive(struct object *object)
{
    struct port *port = port_of(object);
    bool was_closed;

    spin_lock(&port->lock);
    was_closed = port->is_closed;
    if (!was_closed) {
        port->stranded = port->receivers;
        port->receivers = NULL; /* so the fast path need not ask whether the port is closed */
    }
    port->is_closed = true;
    port_update_locked(port);
    spin_unlock(&port->lock);
    if (!was_closed) {
        object_ref(object);
        sync_post(&port->work, close_step);
    }
}
