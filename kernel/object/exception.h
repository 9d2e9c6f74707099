/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: a thread does what the kernel cannot resolve, and those who asked for it are told.
 *
 *     thread's handler -> its process's -> its job's -> that of the job above ... -> report, end
 *
 * - The exception travels as a call of the thread, through a session that belongs to the binding:
 * it queues, waits and is answered like any other, and a handler that dies, drops the call or has
 * no buffer for it passes it on. What differs is the message, which is made from the thread's
 * record when it is received, and that nothing is written into the thread's frame but what the
 * answer says.
 * - thread->fault.level counts the handlers that were tried; it is 0 without an exception. It
 * belongs to whoever owns the thread.
 * - A binding ends with the object that it is of, or with its port: else a job would keep a port
 * that keeps the account of a job below it, which keeps the job.
 * - A handler is passed over by the threads that receive from its port: it would wait for itself.
 */
#pragma once

#include "object/port.h"

/* Binds the exceptions of a job, process or thread to a port (NULL: to none), with this key as
 * badge, in place of what they were bound to. 0, -EWRONG_TYPE, -EPEER_DIED (closed), -ENOMEM. */
MUST_USE int exception_bind(struct object *object, struct port *port, uint64_t key);

/* The end of a binding with its object. */
void exception_unbind(struct session **binding);

/* The current thread has an exception, which thread->fault describes; another is current then. */
void exception_raise(struct thread *thread);

/* Nobody answered an owned thread: on to the next handler. */
void exception_pass(struct thread *thread);

/* Writes the message into an owned receiver's buffer: 0 or -ENO_BUFFER. */
MUST_USE int exception_deliver(const struct thread *thread, struct thread *receiver);

/* Answers the exception in this slot, and unlocks. As reply_send; *ret_caller is NULL if the thread
 * does not go on. -EINVAL leaves the token good. */
MUST_USE int exception_answer(struct port *port, struct token_slot *slot, struct thread *server,
                              uint64_t header, bool will_receive, struct thread **ret_caller)
    RELEASE(&port->lock);

/* Registers of an owned thread that does not run; those set are checked. */
void exception_registers_get(const struct thread *thread, struct thread_registers *registers);
void exception_registers_set(struct thread *thread, const struct thread_registers *registers);

/* The thread whose exception this token is for: 0 with a reference, or -ETOKEN_STALE. */
MUST_USE int exception_thread(struct port *port, uint64_t token, struct thread **ret_thread);

/* An owned thread that nobody handles: it waits for the report, if there is to be one, and then for
 * its end. fault.c */
void fault_report(struct thread *thread, bool is_shown);
