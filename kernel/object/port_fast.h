/* SPDX-License-Identifier: MIT */
/*
 * The fast path: a call to a receiver that waits, and the answer to a caller that waits, with the
 * message in registers or in the message buffers, and no handles. It does what call.c and receive.c
 * do in the simplest case, and declines every other one before it has changed anything; the slow
 * way then starts from the beginning.
 *
 * No scheduler, no allocation, and one lock (the port's, whose line only this pair of client and
 * server writes). The payload registers pass through untouched; what lies in a buffer is copied
 * under the lock, 4 KiB at the most. The entry code calls these with the registers of ipc.h as
 * arguments, and hands the receiver's special registers out of its frame. `length` is that of a
 * payload in the buffer, or 0 for one in registers, which the compiler knows: so each kind has
 * code of its own. The host tests run the same functions.
 */
#pragma once

#include <quay/abi/ipc.h>
#include "core/trace.h"
#include "object/message.h"
#include "object/port.h"
#include "sched/sched.h"

/* The payload's length, with handle count and flags above it: so one comparison refuses them. */
static ALWAYS_INLINE uint64_t fast_length(uint64_t header)
{
    return header >> 32;
}

/* Whether both have the buffer that the message needs. */
static ALWAYS_INLINE bool fast_buffers_ok(const struct thread *from, const struct thread *to,
                                          uint64_t length)
{
    return length == 0 || LIKELY(from->buffer != NULL && to->buffer != NULL);
}

/* Whether a thread may be switched to right here, and the fast path is not closed. */
static ALWAYS_INLINE bool fast_may_run(const struct cpu *cpu, const struct thread *thread)
{
    /* SAFETY: on_cpu goes from 1 to 0 with a release after the thread's frame is complete; loads
     * are not reordered on x86, and the end of its wait follows. */
    return *(const volatile uint8_t *)&thread->on_cpu == 0 && (thread->affinity & cpu->fast_bit);
}

/* Whether `to` may take over from `from` without the scheduler: nobody more important is ready; and
 * where an equal is, its slice is being timed already, because `from` was an equal too. */
static ALWAYS_INLINE bool fast_is_turn(const struct cpu *cpu, const struct thread *to,
                                       const struct thread *from)
{
    return LIKELY((int)to->priority > cpu->ready_top) ||
           ((int)to->priority == cpu->ready_top && to->priority == from->priority);
}

/* Whether the deadline needs no work: there is none, or the thread's timer is armed on this CPU
 * early enough. On another CPU's queue only a lock could tell. */
static ALWAYS_INLINE bool fast_deadline_ok(const struct cpu *cpu, const struct thread *thread,
                                           time_ns_t deadline)
{
    return LIKELY(deadline == DEADLINE_NEVER) ||
           (thread->timer.at <= deadline && thread->timer.cpu == cpu->id);
}

/* The current thread, which does not wait now, waits from here on; the port is locked. */
static ALWAYS_INLINE void fast_wait(struct thread *thread, const struct wait_ops *ops)
{
    thread->wait_ops = ops;
    arch_add_own(&thread->wait, 2 | THREAD_WAITING);
}

/* The receiver that is current now, or NULL: declined. */
static ALWAYS_INLINE struct thread *port_call_fast(struct session *session, time_ns_t deadline,
                                                   struct thread *caller,
                                                   uint64_t length) NO_THREAD_SAFETY_ANALYSIS
{
    struct cpu *cpu = cpu_self();
    struct port *port = session->port;
    struct thread *receiver;
    struct token_slot *slot;

    if (UNLIKELY(!fast_deadline_ok(cpu, caller, deadline))) {
        return NULL;
    }
    caller->deadline = deadline; /* means nothing until it waits */

    spin_lock(&port->lock);
    receiver = port->receivers;
    if (UNLIKELY(receiver == NULL)) {
        goto decline;
    }
    slot = receiver->slot;
    if (UNLIKELY(slot == NULL || session->credits <= 0 || !fast_may_run(cpu, receiver) ||
                 !fast_buffers_ok(caller, receiver, length) || !wait_end(receiver))) {
        goto decline;
    }

    port->receivers = receiver->receiver_next;
    receiver->slot = NULL;
    session->credits--;
    slot->session = session;
    slot->caller = caller;
    if (length != 0) {
        message_copy(caller, receiver, (uint32_t)length);
    }
    caller->session = session;
    caller->call_slot = slot;
    fast_wait(caller, &wait_reply);
    receiver->flow_id = caller->flow_id;
    frame_ipc_set_call(&receiver->frame, session->badge, caller->job_koid, slot->value);
    if (UNLIKELY(caller->priority > receiver->priority)) {
        receiver->priority = caller->priority;
    }
    spin_unlock(&port->lock);
    if (UNLIKELY(trace_fast)) {
        return trace_fast_switch(TRACE_CALL, caller, receiver, caller->call_header >> 32);
    }
    sched_switch(cpu, caller, receiver);
    return receiver;

decline:
    spin_unlock(&port->lock);
    return NULL;
}

/* The caller that is current now, its answer in the registers, or NULL: declined. */
static ALWAYS_INLINE struct thread *
port_reply_receive_fast(struct port *port, time_ns_t deadline, uint64_t token,
                        struct thread *server, uint64_t length) NO_THREAD_SAFETY_ANALYSIS
{
    struct cpu *cpu = cpu_self();
    struct thread *caller, *next;
    struct token_slot *slot;
    struct session *session;

    if (UNLIKELY(!fast_deadline_ok(cpu, server, deadline))) {
        return NULL;
    }
    server->deadline = deadline; /* means nothing until it waits */

    spin_lock(&port->lock);
    slot = &port->slots[(uint32_t)token & port->slot_mask]; /* fewer than an index has bits */
    __asm__(""
            : "+r"(slot)); /* an address, not a base and an index that are added again and again */
    caller = slot->caller;
    if (UNLIKELY(slot->value != token || caller == NULL || slot->owner != server->process ||
                 server->port != port || port->has_work || !fast_may_run(cpu, caller))) {
        goto decline;
    }
    if (UNLIKELY(!fast_is_turn(cpu, caller, server))) {
        goto decline;
    }
    session = slot->session;
    if (UNLIKELY(session->is_slow || !fast_buffers_ok(server, caller, length) ||
                 !wait_end(caller))) {
        goto decline;
    }

    if (length != 0) {
        message_copy(server, caller, (uint32_t)length);
    }
    session->credits++;
    slot->value = token + TOKEN_GENERATION_STEP;
    slot->session = NULL;
    slot->caller = NULL;
    server->slot = slot; /* it had none: it was not waiting */
    server->priority = server->base_priority;
    next = port->receivers;
    server->receiver_next = next;
    port->receivers = server;
    if (UNLIKELY(next != NULL)) {
        next->receiver_prev = server;
    }
    fast_wait(server, &wait_receive);
    spin_unlock(&port->lock);
    if (UNLIKELY(trace_fast)) {
        return trace_fast_switch(TRACE_REPLY, server, caller,
                                 server->call_header >> 32 | server->call_header << 32);
    }
    sched_switch(cpu, server, caller);
    return caller;

decline:
    spin_unlock(&port->lock);
    return NULL;
}
