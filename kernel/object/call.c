/* SPDX-License-Identifier: MIT */
/* The caller's side of a call: sending, waiting in the queue, waiting for the answer. */
#include <quay/abi/errno.h>
#include "arch/time.h"
#include "core/trace.h"
#include "object/exception.h"
#include "object/message.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/sched.h"

/* --- How these waits end early, and what they say of themselves --- */

static void send_unlink(struct thread *thread)
{
    struct port *port = thread->session->port;

    spin_lock(&port->lock);
    if (pqueue_node_is_linked(&thread->call_link)) {
        pqueue_remove(&port->callers, &thread->call_link);
        port_update_locked(port);
    }
    session_call_over_locked(port, thread->session);
    spin_unlock(&port->lock);
}

/* The answer will find nobody. The server is told, and keeps the slot until it lets go of it. */
static void reply_unlink(struct thread *thread)
{
    struct port *port = thread->session->port;
    struct token_slot *slot = thread->call_slot;

    spin_lock(&port->lock);
    if (slot->caller == thread) {
        slot->caller = NULL;
        slot->cancel.key = slot->value;
        notice_raise_locked(port, &slot->cancel, NOTICE_CALL_CANCELLED);
    }
    spin_unlock(&port->lock);
}

bool port_cancel_request(struct thread *caller, uint64_t seen, time_ns_t grace)
{
    struct port *port = caller->session->port;
    struct token_slot *slot = caller->call_slot;
    bool is_same;

    spin_lock(&port->lock);
    is_same = slot->caller == caller && wait_seen(caller) == seen;
    if (is_same) {
        if (grace < caller->deadline) {
            __atomic_store_n(&caller->deadline, grace, __ATOMIC_RELEASE);
        }
        slot->cancel.key = slot->value;
        notice_raise_locked(port, &slot->cancel, NOTICE_CANCEL_REQUESTED);
    }
    spin_unlock(&port->lock);
    if (is_same) {
        sched_arm_deadline(caller);
    }
    return is_same;
}

/* The deadline of a call that wants the server to be asked first, and that was not asked yet. */
static bool reply_expired(struct thread *thread, uint64_t seen, time_ns_t now)
{
    struct port *port = thread->session->port;
    bool is_asked;

    spin_lock(&port->lock);
    is_asked = thread->slow_port == port->object.koid &&
               thread->slow_token == thread->call_slot->value &&
               (thread->call_header & IPC_CANCEL_FIRST) && wait_seen(thread) == seen;
    if (is_asked) {
        thread->call_header &= ~IPC_CANCEL_FIRST;
        __atomic_store_n(&thread->deadline, now + IPC_CANCEL_GRACE_NS, __ATOMIC_RELEASE);
    }
    spin_unlock(&port->lock);
    if (is_asked) {
        (void)port_cancel_request(thread, seen, DEADLINE_NEVER); /* or it has its answer */
    }
    return is_asked;
}

static bool reply_kicked(struct thread *thread, uint64_t seen)
{
    return port_cancel_request(thread, seen,
                               __atomic_load_n(&thread->kick_grace, __ATOMIC_RELAXED));
}

static koid_t call_waits_for(const struct thread *thread)
{
    return thread->session->port->object.koid;
}

/* One that receives there.
 * SAFETY: what the list names now stays until this CPU leaves the kernel. */
static koid_t send_waits_process(const struct thread *thread)
{
    const struct list *threads = &thread->session->port->threads;
    const struct list *first = __atomic_load_n(&threads->next, __ATOMIC_RELAXED);

    return first == threads ? 0
                            : CONTAINER_OF(first, struct thread, port_link)->process->object.koid;
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
    .waits_process = send_waits_process,
};

const struct wait_ops wait_reply = {
    .state = THREAD_STATE_WAIT_REPLY,
    .unlink = reply_unlink,
    .expired = reply_expired,
    .kicked = reply_kicked,
    .waits_for = call_waits_for,
    .waits_process = reply_waits_process,
};

/* --- Delivery --- */

int call_deliver(struct port *port, struct thread *caller, struct thread *receiver,
                 struct token_slot *slot)
{
    struct session *session = caller->session;
    uint64_t header = caller->call_header;
    int error;

    if (UNLIKELY(caller->fault.level != 0)) {
        error = exception_deliver(caller, receiver);
    } else {
        error = message_fits(receiver, header);
        if (error == 0) {
            error = message_transfer(caller, receiver, header);
        }
    }
    caller->slow_token = slot->value;
    caller->slow_port = port->object.koid;
    caller->call_slot = slot;
    caller->wait_ops = &wait_reply;
    spin_lock(&port->lock);
    if (error == 0 && UNLIKELY(port->is_closed)) {
        error = -EPEER_DIED; /* since we looked; who fails the tokens may be past this one */
    }
    if (UNLIKELY(error != 0)) {
        slot_free_locked(port, slot);
        session_call_over_locked(port, session);
        spin_unlock(&port->lock);
        return error;
    }
    frame_ipc_result(&receiver->frame, RECEIVED_CALL, session->badge, header & ~IPC_CANCEL_FIRST,
                     caller->job_koid, slot->value);
    if (caller->priority > receiver->priority) {
        sched_set_priority(receiver, caller->priority);
    }
    slot->session = session;
    slot->owner = receiver->process;
    slot->caller = caller;
    if (trace_on(TRACE_KIND(TRACE_CALL_RECEIVED))) {
        trace_message(TRACE_CALL_RECEIVED, receiver, caller, (int64_t)header);
    }
    wait_publish(caller);
    spin_unlock(&port->lock);
    if (caller->deadline != DEADLINE_NEVER) {
        sched_arm_deadline(caller);
    }
    return 0;
}

/* No receiver: into the queue, or -EDEADLK. Port locked; unlocks it. */
static int enqueue(struct port *port, struct thread *caller) RELEASE(&port->lock)
{
    uint64_t wait;

    caller->wait_ops = &wait_send;
    pqueue_insert(&port->callers, &caller->call_link, caller->priority);
    port->has_work = true;
    wait_publish(caller);
    wait = caller->wait | THREAD_WAITING; /* a receiver would have needed the lock */
    spin_unlock(&port->lock);
    if (UNLIKELY(chain_lend(caller)) && wait_try_end(caller, wait)) {
        send_unlink(caller);
        return -EDEADLK;
    }
    return 0;
}

int call_send(struct session *session, struct thread *caller, struct thread **ret_receiver)
{
    struct port *port = session->port;
    struct thread *receiver;
    struct token_slot *slot;
    int error;

    caller->session = session;
    if (trace_on(TRACE_KIND(TRACE_CALL))) {
        trace_message(TRACE_CALL, caller, caller, (int64_t)caller->call_header);
    }
    spin_lock(&port->lock);
    if (UNLIKELY(port->is_closed || session->credits <= 0)) {
        /* Without a client handle: the one we looked up was closed at this moment. */
        error = port->is_closed ? -EPEER_DIED : session->is_inactive ? -EBADF : -EQUOTA;
        spin_unlock(&port->lock);
        return error;
    }
    session->credits--;
    *ret_receiver = receiver = receiver_take_locked(port, true);
    if (receiver == NULL) {
        return enqueue(port, caller);
    }
    slot = slot_take_locked(port, receiver);
    spin_unlock(&port->lock);
    error = call_deliver(port, caller, receiver, slot);
    if (error != 0) {
        receiver_again(receiver);
    }
    return error;
}

int64_t port_call(struct session *session, uint64_t header, time_ns_t deadline)
{
    struct thread *caller = thread_current();
    struct thread *receiver;
    int error = message_check(caller, header & ~(IPC_LEASES(7) | IPC_CANCEL_FIRST));

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
    if (UNLIKELY(thread_take_kick(caller))) {
        return -EINTR;
    }
    caller->call_header = header;
    caller->deadline = deadline; /* means nothing until it waits */
    error = call_send(session, caller, &receiver);
    if (UNLIKELY(error != 0)) {
        trace_message(TRACE_REPLY_RECEIVED, caller, caller, error);
        return sched_return(error);
    }
    return receiver != NULL ? sched_handoff(receiver) : sched_wait(deadline);
}
