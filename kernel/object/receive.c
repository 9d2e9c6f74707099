/* SPDX-License-Identifier: MIT */
/* The server's side: receiving, answering, dropping. */
#include <quay/abi/errno.h>
#include <quay/abi/syscalls.h>
#include "arch/time.h"
#include "core/trace.h"
#include "object/exception.h"
#include "object/message.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/sched.h"

#define RECEIVE_ATTEMPTS 4 /* callers whose message does not come through, in one call */

static void receive_unlink(struct thread *thread)
{
    struct port *port = thread->port;

    spin_lock(&port->lock);
    receiver_unlink_locked(port, thread);
    slot_uncache_locked(port, thread);
    spin_unlock(&port->lock);
}

static koid_t receive_waits_for(const struct thread *thread)
{
    const struct port *port = thread->port;

    return port == NULL ? 0 : port->object.koid;
}

const struct wait_ops wait_receive = {
    .state = THREAD_STATE_WAIT_RECEIVE,
    .unlink = receive_unlink,
    .waits_for = receive_waits_for,
};

struct thread *caller_take_locked(struct port *port)
{
    struct thread *caller = NULL;
    struct pqueue_node *node;

    while ((node = pqueue_pop_first(&port->callers)) != NULL) {
        caller = CONTAINER_OF(node, struct thread, call_link);
        if (wait_end(caller)) {
            break;
        }
        caller = NULL;
    }
    port_update_locked(port);
    return caller;
}

/* --- Answering --- */

/* Checks a reply, consumes its token and copies the message; a server that goes on to receive keeps
 * the slot for its next call. 0 and the caller, to be made ready by us; or an error, where the
 * token is still good unless it is ETOKEN_STALE. */
static int reply_send(struct port *port, struct thread *server, uint64_t header, uint64_t token,
                      bool will_receive, struct thread **ret_caller)
{
    struct thread *caller;
    int error = message_check(server, header);

    if (error != 0) {
        return error;
    }
    spin_lock(&port->lock);
    struct token_slot *slot = slot_find_locked(port, token);

    if (slot != NULL && slot->caller != NULL) {
        if (UNLIKELY(slot->caller->fault.level != 0)) {
            return exception_answer(port, slot, server, header, will_receive, ret_caller);
        }
        error = message_fits(slot->caller, header);
    }
    if (slot == NULL || error != 0) {
        spin_unlock(&port->lock);
        return slot == NULL ? -ETOKEN_STALE : error;
    }
    caller = slot_end_locked(port, slot, will_receive ? server : NULL);
    spin_unlock(&port->lock);
    if (caller == NULL) {
        return -ETOKEN_STALE; /* its deadline was faster */
    }

    uint64_t flow_id = caller->flow_id;

    frame_ipc_result(&caller->frame, 0, 0, header, 0, 0);
    error = message_transfer(server, caller, header);
    caller->flow_id = flow_id;
    if (error != 0) {
        /* A handle changed under us, or the caller has no room for it: the call is over all the
         * same, and both sides hear of it. */
        thread_fail(caller, -ETOKEN_DROPPED);
        return error;
    }
    if (trace_on(TRACE_REPLIES)) {
        trace_message(TRACE_REPLY, server, caller, (int64_t)header);
        trace_message(TRACE_REPLY_RECEIVED, caller, caller, (int64_t)header);
    }
    *ret_caller = caller;
    return 0;
}

/* What the thread was lent ends with its answer, but for what still waits at the port. */
static void priority_settle(struct port *port, struct thread *server)
{
    uint8_t priority = server->base_priority;

    if (server->priority == priority) {
        return;
    }
    spin_lock(&port->lock);
    struct pqueue_node *first = pqueue_first(&port->callers);

    if (first != NULL && first->priority > priority) {
        priority = first->priority;
    }
    spin_unlock(&port->lock);
    sched_set_priority(server, priority);
}

int64_t port_reply(struct port *port, uint64_t header, uint64_t token)
{
    struct thread *server = thread_current();
    struct thread *caller = NULL;
    int error = reply_send(port, server, header, token, false, &caller);

    if (error == 0) {
        priority_settle(port, server);
    }
    if (caller != NULL) {
        sched_wake(caller);
    }
    return sched_return(error);
}

int64_t port_token_drop(struct port *port, uint64_t token)
{
    struct thread *caller = NULL;

    spin_lock(&port->lock);
    struct token_slot *slot = slot_find_locked(port, token);

    if (slot != NULL) {
        caller = slot_end_locked(port, slot, NULL);
    }
    spin_unlock(&port->lock);
    if (caller != NULL) {
        thread_fail(caller, -ETOKEN_DROPPED);
    }
    priority_settle(port, thread_current());
    return sched_return(slot == NULL ? -ETOKEN_STALE : 0);
}

/* --- Receiving --- */

/* What a look at the port led to. */
enum look {
    LOOK_NOTHING, /* linked and waiting */
    LOOK_DONE,    /* the frame has it */
    LOOK_AGAIN,   /* a caller's message did not come through */
};

static enum look look(struct port *port, struct thread *server, time_ns_t deadline)
{
    struct list *first;
    struct token_slot *slot;

    spin_lock(&port->lock);
    if (UNLIKELY(port->is_closed)) {
        spin_unlock(&port->lock);
        frame_ipc_result(&server->frame, -EBADF, 0, 0, 0, 0);
        return LOOK_DONE;
    }
    first = list_first(&port->notices);
    if (first != NULL) {
        notice_deliver_locked(port, CONTAINER_OF(first, struct notice, link), server);
        spin_unlock(&port->lock);
        return LOOK_DONE;
    }
    slot = slot_take_locked(port, server);
    if (slot != NULL) {
        struct thread *caller = caller_take_locked(port);

        if (caller != NULL) {
            spin_unlock(&port->lock);
            int error = call_deliver(port, caller, server, slot);

            if (error != 0) {
                thread_fail(caller, error);
            }
            return error != 0 ? LOOK_AGAIN : LOOK_DONE;
        }
    }
    server->slot = slot;
    if (slot != NULL) {
        slot->owner = server->process; /* the fast path relies on it */
    }
    if (deadline != DEADLINE_NEVER && deadline <= arch_time_now()) {
        slot_uncache_locked(port, server);
        spin_unlock(&port->lock);
        frame_ipc_result(&server->frame, -ETIMEDOUT, 0, 0, 0, 0);
        return LOOK_DONE;
    }
    server->wait_ops = &wait_receive;
    server->deadline = deadline;
    receiver_link_locked(port, server);
    wait_publish(server);
    spin_unlock(&port->lock);
    return LOOK_NOTHING;
}

/* An answer that failed may have left the slot with a server that does not wait now. */
static void slot_give_back(struct port *port, struct thread *server)
{
    if (server->slot != NULL) {
        spin_lock(&port->lock);
        slot_uncache_locked(port, server);
        spin_unlock(&port->lock);
    }
}

int64_t port_reply_receive(struct port *port, uint64_t header, time_ns_t deadline, uint64_t token)
{
    struct thread *server = thread_current();
    struct thread *caller = NULL;
    enum look found = LOOK_AGAIN;
    int error = port_bind_thread(port, server);

    if (error != 0) {
        return error; /* a slot that it may have is the other port's */
    }
    if (UNLIKELY(thread_take_kick(server))) {
        error = -EINTR; /* the token is still good */
    } else if (token != 0) {
        error = reply_send(port, server, header, token, true, &caller);
    }
    if (error != 0) {
        slot_give_back(port, server);
        return error;
    }
    if (server->priority != server->base_priority) {
        sched_set_priority(server, server->base_priority);
    }
    for (unsigned attempt = 0; attempt < RECEIVE_ATTEMPTS && found == LOOK_AGAIN; attempt++) {
        found = look(port, server, deadline);
    }
    if (found == LOOK_NOTHING) {
        if (deadline != DEADLINE_NEVER) {
            sched_arm_deadline(server);
        }
        return caller != NULL ? sched_handoff(caller) : sched_wait(deadline);
    }
    if (frame_number(&server->frame) == RECEIVED_NOTICE) {
        priority_settle(port, server); /* callers may be waiting behind the notice */
    }
    slot_give_back(port, server); /* kept by an answer, not needed by what was found */
    if (found == LOOK_AGAIN) {
        frame_ipc_receive_again(&server->frame, SYS_port_reply_receive);
    }
    if (caller != NULL) {
        sched_wake(caller);
    }
    /* The payload registers come from the frame, so leave by the long way in any case. */
    (void)sched_return((int64_t)frame_number(&server->frame));
    return SYSCALL_RESUME;
}
