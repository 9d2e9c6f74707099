/* SPDX-License-Identifier: MIT */
/* Ports: made, closed, and the tokens and threads that belong to them. */
#include "object/port.h"

#include <quay/abi/errno.h>
#include <quay/abi/syscalls.h>
#include "core/panic.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "object/binding.h"
#include "object/process.h"
#include "sched/sched.h"

#define CLOSE_STEP 8

static struct {
    struct slab_cache ports, servers;
} port_state;

static void port_destroy(struct object *object);
static void port_inactive(struct object *object);

static const struct object_ops port_ops = {
    .destroy = port_destroy,
    .inactive = port_inactive,
};

void port_init(void)
{
    slab_cache_init(&port_state.ports, "port", sizeof(struct port), 64);
    slab_cache_init(&port_state.servers, "port server", sizeof(struct port_server), 8);
    session_init();
    binding_init();
}

static uint64_t port_charge_bytes(const struct port *port)
{
    return sizeof(struct port) + (PAGE_SIZE << port->slot_order);
}

static int slots_alloc(struct port *port, uint32_t count)
{
    struct paddr frame;
    int error;

    while (port->slot_mask + 1 < count) {
        port->slot_mask = port->slot_mask << 1 | 1;
    }
    while ((PAGE_SIZE << port->slot_order) < (port->slot_mask + 1) * sizeof(struct token_slot)) {
        port->slot_order++;
    }
    error = frame_alloc_zeroed(port->slot_order, &frame);
    if (error != 0) {
        return error;
    }
    port->slots = arch_direct_map(frame);
    port->slot_count = count;
    for (uint32_t i = count; i-- > 0;) {
        port->slots[i].value = TOKEN_GENERATION_STEP | i;
        port->slots[i].cancel.kind = NOTICE_CANCEL;
        list_init(&port->slots[i].cancel.link);
        port->slots[i].next = port->free_slots;
        port->free_slots = &port->slots[i];
    }
    return 0;
}

int port_create(struct account *account, uint32_t token_count, struct port **ret_port)
{
    struct port *port;
    int error;

    if (token_count == 0 || token_count > PORT_TOKENS_MAX) {
        return -EINVAL;
    }
    port = slab_alloc(&port_state.ports);
    if (port == NULL) {
        return -ENOMEM;
    }
    error = slots_alloc(port, token_count);
    if (error != 0) {
        goto undo_port;
    }
    error = account_charge(account, JOB_MEMORY, port_charge_bytes(port));
    if (error != 0) {
        goto undo_slots;
    }
    object_init(&port->object, OBJECT_PORT, &port_ops);
    spinlock_init(&port->lock, LOCK_RANK_PORT);
    port->account = account;
    pqueue_init(&port->callers);
    list_init(&port->notices);
    list_init(&port->threads);
    list_init(&port->sessions);
    list_init(&port->bindings);
    list_init(&port->user.link);
    port->user.kind = NOTICE_USER;
    *ret_port = port;
    return 0;

undo_slots:
    frame_free(arch_direct_map_reverse(port->slots), port->slot_order);
undo_port:
    slab_free(&port_state.ports, port);
    return error;
}

static void port_destroy(struct object *object)
{
    struct port *port = port_of(object);
    uint64_t charged = port_charge_bytes(port);
    struct account *account = port->account;

    frame_free(arch_direct_map_reverse(port->slots), port->slot_order);
    slab_free(&port_state.ports, port);
    account_uncharge(account, JOB_MEMORY, charged);
}

void port_update_locked(struct port *port)
{
    port->has_work =
        port->is_closed || !list_is_empty(&port->notices) || !pqueue_is_empty(&port->callers);
}

/* --- Waiting receivers: a stack, because the one that waited last has the warmest caches --- */

void receiver_link_locked(struct port *port, struct thread *thread)
{
    thread->receiver_prev = NULL;
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
    if (thread->receiver_prev != NULL) {
        thread->receiver_prev->receiver_next = thread->receiver_next;
    } else {
        *head = thread->receiver_next;
    }
}

struct thread *receiver_take_locked(struct port *port, bool needs_slot)
{
    struct thread *thread = port->is_closed ? port->stranded : port->receivers;

    for (; thread != NULL; thread = thread->receiver_next) {
        uint64_t seen = wait_seen(thread);

        if (needs_slot && thread->slot == NULL && port->free_slots == NULL) {
            continue;
        }
        /* One that somebody else has won (deadline, kill) is left for that one to unlink. */
        if ((seen & THREAD_WAITING) && wait_try_end(thread, seen)) {
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

struct session *slot_release_locked(struct port *port, struct token_slot *slot,
                                    struct thread *receiver)
{
    struct session *session = slot->session;

    slot->value += TOKEN_GENERATION_STEP;
    slot->caller = NULL;
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
    return session_call_over_locked(session);
}

struct token_slot *slot_find_locked(struct port *port, uint64_t token)
{
    uint32_t index = TOKEN_INDEX(token) & port->slot_mask;

    if (port->slots[index].value != token || port->slots[index].session == NULL ||
        port->slots[index].owner != process_current()) {
        return NULL;
    }
    return &port->slots[index];
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

static bool process_serves(struct process *process, const struct port *port)
{
    bool is_found = false;

    spin_lock(&process->lock);
    LIST_FOREACH (each, &process->servers) {
        if (CONTAINER_OF(each, struct port_server, link)->port == port) {
            is_found = true;
            break;
        }
    }
    spin_unlock(&process->lock);
    return is_found;
}

/* The process's note that it may come to hold tokens of this port. */
static int process_serve(struct process *process, struct port *port)
{
    struct port_server *server;
    int error;

    if (process_serves(process, port)) {
        return 0;
    }
    error = account_charge(&process->job->account, JOB_MEMORY, sizeof(struct port_server));
    if (error != 0) {
        return error;
    }
    server = slab_alloc(&port_state.servers);
    if (server == NULL) {
        account_uncharge(&process->job->account, JOB_MEMORY, sizeof(struct port_server));
        return -ENOMEM;
    }
    server->port = port;
    object_ref(&port->object);
    /* Another thread may have noted the same at this moment: twice does no harm. */
    spin_lock(&process->lock);
    list_push_back(&process->servers, &server->link);
    spin_unlock(&process->lock);
    return 0;
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

/* Ends the caller's wait with an error, if it still waits. */
static void slot_fail_locked(struct port *port, struct token_slot *slot, int64_t result,
                             struct session **ret_ended) REQUIRES(&port->lock)
{
    struct thread *caller = slot->caller;

    slot->caller = NULL; /* its unlink will find nothing to cut */
    if (caller != NULL && caller_try_end(caller)) {
        frame_ipc_result(&caller->frame, result, 0, 0, 0, 0);
        sched_wake(caller);
    }
    *ret_ended = slot_release_locked(port, slot, NULL);
}

/* Fails calls from close_index on, a bounded number: those received by `owner`, or all (NULL). True
 * when the last slot was looked at. */
static bool fail_tokens(struct port *port, const struct process *owner, uint32_t *index)
{
    for (unsigned step = 0; step < CLOSE_STEP * 4; step++) {
        struct session *ended = NULL;

        if (*index >= port->slot_count) {
            return true;
        }
        spin_lock(&port->lock);
        struct token_slot *slot = &port->slots[(*index)++];

        if (slot->session != NULL && (owner == NULL || slot->owner == owner)) {
            slot_fail_locked(port, slot, -EPEER_DIED, &ended);
        }
        spin_unlock(&port->lock);
        session_end(ended);
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
        slab_free(&port_state.servers, server);
        account_uncharge(&process->job->account, JOB_MEMORY, sizeof(struct port_server));
    }
    return list_is_empty(&process->servers);
}

/* --- The end of a port --- */

static bool fail_callers(struct port *port)
{
    for (unsigned step = 0; step < CLOSE_STEP; step++) {
        struct session *ended = NULL;
        struct thread *caller;

        spin_lock(&port->lock);
        caller = caller_take_locked(port);
        if (caller != NULL) {
            ended = session_call_over_locked(caller->session);
        }
        spin_unlock(&port->lock);
        session_end(ended);
        if (caller == NULL) {
            return true;
        }
        frame_ipc_result(&caller->frame, -EPEER_DIED, 0, 0, 0, 0);
        sched_wake(caller);
    }
    return false;
}

static bool fail_receivers(struct port *port)
{
    for (unsigned step = 0; step < CLOSE_STEP; step++) {
        struct thread *receiver;

        spin_lock(&port->lock);
        receiver = receiver_take_locked(port, false);
        spin_unlock(&port->lock);
        if (receiver == NULL) {
            return true;
        }
        frame_ipc_result(&receiver->frame, -EBADF, 0, 0, 0, 0);
        sched_wake(receiver);
    }
    return false;
}

static void close_step(struct sync_node *node)
{
    struct port *port = CONTAINER_OF(node, struct port, work);

    if (fail_callers(port) && fail_tokens(port, NULL, &port->close_index) && fail_receivers(port) &&
        sessions_close(port) && bindings_close(port)) {
        object_unref(&port->object); /* port_inactive's */
        return;
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
