/* SPDX-License-Identifier: MIT */
#include "object/exception.h"

#include <quay/abi/errno.h>
#include <quay/abi/exception.h>
#include "lib/string.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/sched.h"

int exception_bind(struct object *object, struct port *port, uint64_t key)
{
    struct session **binding, *session, *before;
    int error;

    switch (object->type) {
    case OBJECT_THREAD:
        binding = &thread_of(object)->exceptions;
        break;
    case OBJECT_PROCESS:
        binding = &process_of(object)->exceptions;
        break;
    case OBJECT_JOB:
        binding = &job_of(object)->exceptions;
        break;
    default:
        return -EWRONG_TYPE;
    }
    if (port == NULL) {
        exception_unbind(binding);
        return 0;
    }
    error = session_create(port, key, 0, &session);
    if (error != 0) {
        return error;
    }
    spin_lock(&port->lock);
    before = session;
    if (port->is_closed) {
        error = -EPEER_DIED;
    } else {
        session->is_slow = true;
        session->binding = binding;
        before = __atomic_exchange_n(binding, session, __ATOMIC_ACQ_REL);
    }
    spin_unlock(&port->lock);
    session_release(before);
    return error;
}

void exception_unbind(struct session **binding)
{
    session_release(__atomic_exchange_n(binding, NULL, __ATOMIC_ACQ_REL));
}

/* Who is asked after so many others; NULL: nobody is left. */
static struct session **handler(struct thread *thread, unsigned level)
{
    struct job *job = thread->process->job;

    switch (level) {
    case 0:
        return &thread->exceptions;
    case 1:
        return &thread->process->exceptions;
    }
    while (level-- > 2 && job != NULL) {
        job = job->parent;
    }
    return job == NULL ? NULL : &job->exceptions;
}

/* The next handler gets it. The thread waits afterwards; *ret_receiver, if there is one, is ours to
 * let run. */
static void send(struct thread *thread, struct thread **ret_receiver)
{
    struct session **binding, *session;

    while ((binding = handler(thread, thread->fault.level)) != NULL) {
        thread->fault.level++;
        session = __atomic_load_n(binding, __ATOMIC_ACQUIRE);
        if (session != NULL && session->port != thread->port &&
            call_send(session, thread, ret_receiver) == 0) {
            return;
        }
    }
    *ret_receiver = NULL;
    fault_report(thread, true);
}

void exception_raise(struct thread *thread)
{
    struct thread *receiver;

    thread->call_header = IPC_HEADER(EXCEPTION_METHOD, sizeof(struct exception_message), 0);
    thread->deadline = DEADLINE_NEVER;
    send(thread, &receiver);
    (void)(receiver != NULL ? sched_handoff(receiver) : sched_wait(DEADLINE_NEVER));
}

void exception_pass(struct thread *thread)
{
    struct thread *receiver;

    send(thread, &receiver);
    if (receiver != NULL) {
        sched_wake(receiver);
    }
}

void exception_registers_get(const struct thread *thread, struct thread_registers *registers)
{
    frame_registers_get(&thread->frame, registers);
    registers->fs_base = thread->arch.fs_base;
    registers->gs_base = thread->arch.gs_base;
}

int exception_deliver(const struct thread *thread, struct thread *receiver)
{
    struct exception_message *message = receiver->buffer_payload;
    const struct thread_fault *fault = &thread->fault;

    if (receiver->buffer == NULL) {
        return -ENO_BUFFER;
    }
    message->process = thread->process->object.koid;
    message->thread = thread->object.koid;
    message->kind = fault->kind;
    message->access = fault->access;
    message->code = fault->code;
    message->address = fault->address;
    exception_registers_get(thread, &message->registers);
    receiver->buffer->flow_id = receiver->flow_id = thread->flow_id;
    receiver->buffer->sender_job = thread->job_koid;
    frame_ipc_set_words(&receiver->frame, 0, 0);
    return 0;
}

static int answer_decode(const struct thread *server, uint64_t header,
                         struct thread_registers *ret_registers)
{
    if (IPC_HEADER_HANDLES(header) != 0) {
        return -EINVAL;
    }
    if (IPC_HEADER_METHOD(header) != EXCEPTION_RESUME || IPC_HEADER_LENGTH(header) == 0) {
        return 0;
    }
    if (IPC_HEADER_LENGTH(header) != sizeof(*ret_registers)) {
        return -EINVAL;
    }
    memcpy(ret_registers, server->buffer_payload, sizeof(*ret_registers)); /* once: it may change */
    return frame_registers_ok(ret_registers) ? 0 : -EINVAL;
}

void exception_registers_set(struct thread *thread, const struct thread_registers *registers)
{
    frame_registers_set(&thread->frame, registers);
    if (registers->fs_base != thread->arch.fs_base || registers->gs_base != thread->arch.gs_base) {
        arch_thread_set_bases(&thread->arch, registers->fs_base, registers->gs_base);
    }
}

int exception_answer(struct port *port, struct token_slot *slot, struct thread *server,
                     uint64_t header, bool will_receive, struct thread **ret_caller)
{
    struct thread_registers registers;
    struct thread *thread;
    int error = answer_decode(server, header, &registers);

    if (error != 0) {
        spin_unlock(&port->lock);
        return error;
    }
    thread = slot_end_locked(port, slot, will_receive ? server : NULL);
    spin_unlock(&port->lock);
    *ret_caller = NULL;
    if (thread == NULL) {
        return -ETOKEN_STALE;
    }
    switch (IPC_HEADER_METHOD(header)) {
    case EXCEPTION_RESUME:
        if (IPC_HEADER_LENGTH(header) != 0) {
            exception_registers_set(thread, &registers);
        }
        thread->fault.level = 0;
        *ret_caller = thread;
        break;
    case EXCEPTION_KILL:
        fault_report(thread, true);
        break;
    case EXCEPTION_END:
        fault_report(thread, false);
        break;
    default:
        exception_pass(thread);
    }
    return 0;
}

int exception_thread(struct port *port, uint64_t token, struct thread **ret_thread)
{
    int error = -ETOKEN_STALE;

    spin_lock(&port->lock);
    const struct token_slot *slot = slot_find_locked(port, token);

    if (slot != NULL && slot->caller != NULL && slot->caller->fault.level != 0) {
        object_ref(&slot->caller->object);
        *ret_thread = slot->caller;
        error = 0;
    }
    spin_unlock(&port->lock);
    return error;
}
