/* SPDX-License-Identifier: MIT */
/*
 * Handling the exceptions of threads, processes and jobs. They come as calls to a port:
 *
 *     qy_exception_bind(process, port, key)
 *     qy_port_reply_receive(port, &io, ...)      io.badge == key, method EXCEPTION_METHOD
 *     qy_exception(&io)                          what happened, and the registers
 *     io.message.header = qy_exception_answer(EXCEPTION_RESUME, NULL)       and receive again
 *
 * The receiving thread needs a message buffer (qy_buffer).
 */
#pragma once

#include <quay/port.h>
#include <quay/syscall.h>
#include <quay/abi/exception.h>

/* The key of the exceptions that init binds to a server that is granted them. */
#define QY_KEY_EXCEPTIONS (1ul << 62)

/* Exceptions of a job, process or thread go to the port with this key as badge, in place of what
 * they were bound to; port 0: to none. Needs MANAGE and BIND. */
static inline int64_t qy_exception_bind(handle_t object, handle_t port, uint64_t key)
{
    return qy_syscall3(SYS_exception_bind, object, port, key);
}

/* A handle to the thread whose exception was received and not answered yet. Needs RECV. */
static inline int64_t qy_exception_thread(handle_t port, uint64_t token)
{
    return qy_syscall2(SYS_exception_thread, port, token);
}

/* The same, to its process. */
static inline int64_t qy_exception_process(handle_t port, uint64_t token)
{
    return qy_syscall2(SYS_exception_process, port, token);
}

/* The exception that was received, in the message buffer; NULL if it is another call. */
const struct exception_message *qy_exception(const struct qy_message *message);

/* The header of an answer (EXCEPTION_RESUME and so on); with registers to go on with, they are put
 * into the message buffer. */
uint64_t qy_exception_answer(uint32_t action, const struct thread_registers *registers);
