/* SPDX-License-Identifier: MIT */
/* The caller's side of a call: sending, waiting in the queue, waiting for the answer. */
#include <quay/abi/errno.h>
#include "arch/time.h"
#include "object/message.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/sched.h"

/* --- How these waits end early, and what they say of themselves --- */

static void send_unlink(struct thread *thread)
{
    struct session *session = thread->session;
    struct port *port = session->port;
    struct session *ended;

    spin_lock(&port->lock);
    if (pqueue_node_is_linked(&thread->call_link)) {
        pqueue_remove(&port->callers, &thread->call_link);
        port_update_locked(port);
    }
    ended = session_call_over_locked(session);
    spin_unlock(&port->lock);
    session_end(ended);
}

/* The answer will find nobody. The server is told, and keeps the slot until it lets go of it. */
static void reply_unlink(struct thread *thread)
{
    struct port *port = thread->session->port;
    struct token_slot *slot = thread->call_slot;
    struct session *none;

    spin_lock(&port->lock);
    if (slot->caller == thread) {
        slot->caller = NULL;
        slot->cancel.key = slot->value;
        notice_raise_locked(port, &slot->cancel, NOTICE_CALL_CANCELLED, &none);
    }
    spin_unlock(&port->lock);
}

static koid_t call_waits_for(const struct thread *thread)
{
    return thread->session->port->object.koid;
}

static koid_t reply_waits_process(const struct thread *thread)
{
    const struct process *owner = thread->call_slot->owner;

    return owner == NULL ? 0 : owner->object.koid;
}

const struct wait_ops wait_send = {
    .state = THREAD_STATE_WAIT_SEND,
    .unlink = send_unlink,
    .waits_for = call_waits_for,
};

const struct wait_ops wait_reply = {
    .state = THREAD_STATE_WAIT_REPLY,
    .unlink = reply_unlink,
    .waits_for = call_waits_for,
    .waits_process = reply_waits_process,
};

/* --- Delivery --- */

int call_delivered(struct port *port, struct thread *caller, struct thread *receiver,
                   struct token_slot *slot, uint64_t header)
{
    struct session *session = caller->session;
    uint64_t token = slot->value;

    if (UNLIKELY(IPC_HEADER_LEASES(header) != 0)) {
        caller->lease_token = token;
        caller->lease_port = port->object.koid;
    }
    caller->call_slot = slot;
    caller->wait_ops = &wait_reply;
    frame_ipc_result(&receiver->frame, RECEIVED_CALL, session->badge, header, caller->job_koid,
                     token);
    if (caller->priority > receiver->priority) {
        sched_set_priority(receiver, caller->priority);
    }
    spin_lock(&port->lock);
    if (UNLIKELY(port->is_closed)) {
        /* Since we looked; who fails the tokens may have passed this one already. */
        spin_unlock(&port->lock);
        return -EPEER_DIED;
    }
    slot->session = session;
    slot->owner = receiver->process;
    slot->caller = caller;
    wait_publish(caller);
    spin_unlock(&port->lock);
    return 0;
}

/* Those who serve the port are to hurry: they inherit what waits for them, until they come back. */
static void lend_priority_locked(struct port *port, uint8_t priority) REQUIRES(&port->lock)
{
    unsigned count = 0;

    LIST_FOREACH (each, &port->threads) {
        struct thread *thread = CONTAINER_OF(each, struct thread, port_link);

        bool is_waiting = (wait_seen(thread) & THREAD_WAITING) && thread->wait_ops == &wait_receive;

        if (!is_waiting && thread->priority < priority) {
            sched_set_priority(thread, priority);
        }
        if (++count == PORT_LEND_MAX) {
            break;
        }
    }
}

/* No receiver: into the queue. Port locked; unlocks it. */
static int64_t enqueue(struct port *port, struct thread *caller, time_ns_t deadline)
    RELEASE(&port->lock)
{
    caller->wait_ops = &wait_send;
    caller->deadline = deadline;
    pqueue_insert(&port->callers, &caller->call_link, caller->priority);
    port->has_work = true;
    lend_priority_locked(port, caller->priority);
    wait_publish(caller);
    spin_unlock(&port->lock);
    return sched_wait(deadline);
}

/* The call did not come off after a receiver had been taken: it looks again, and the caller gets
 * the error. */
static int64_t give_up(struct port *port, struct session *session, struct thread *receiver,
                       struct token_slot *slot, int error)
{
    struct session *ended;

    spin_lock(&port->lock);
    slot_free_locked(port, slot);
    ended = session_call_over_locked(session);
    spin_unlock(&port->lock);
    session_end(ended);
    receiver_again(receiver);
    return sched_return(error);
}

int64_t port_call(struct session *session, uint64_t header, time_ns_t deadline)
{
    struct port *port = session->port;
    struct thread *caller = thread_current();
    struct thread *receiver;
    struct token_slot *slot;
    int error = message_check(caller, header & ~IPC_LEASES(7));

    if (error == 0 && UNLIKELY(IPC_HEADER_LEASES(header) != 0)) {
        error = IPC_HEADER_LEASES(header) > IPC_LEASES_MAX ? -EMSGSIZE
                : caller->buffer == NULL                   ? -ENO_BUFFER
                                                           : 0;
    }
    if (error != 0) {
        return error;
    }
    if (deadline != DEADLINE_NEVER && deadline <= arch_time_now()) {
        return -ETIMEDOUT;
    }
    caller->session = session;
    caller->call_header = header;

    spin_lock(&port->lock);
    if (UNLIKELY(port->is_closed || session->credits <= 0)) {
        /* Without a client handle: the one we looked up was closed at this moment. */
        error = port->is_closed ? -EPEER_DIED : session->is_inactive ? -EBADF : -EQUOTA;
        spin_unlock(&port->lock);
        return error;
    }
    session->credits--;
    receiver = receiver_take_locked(port, true);
    if (receiver == NULL) {
        return enqueue(port, caller, deadline);
    }
    slot = slot_take_locked(port, receiver);
    spin_unlock(&port->lock);

    error = message_fits(receiver, header);
    if (error == 0) {
        error = message_transfer(caller, receiver, header);
    }
    caller->deadline = deadline;
    if (error == 0) {
        error = call_delivered(port, caller, receiver, slot, header);
    }
    if (error != 0) {
        return give_up(port, session, receiver, slot, error);
    }
    if (deadline != DEADLINE_NEVER) {
        sched_arm_deadline(caller);
    }
    return sched_handoff(receiver);
}
