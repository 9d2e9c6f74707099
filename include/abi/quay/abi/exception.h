/* SPDX-License-Identifier: MIT */
/*
 * What an exception handler gets, and what it answers.
 *
 * A thread that does what it cannot go on from waits, as if it had called: the message is a struct
 * exception_message in the payload of the receiver's message buffer, its method EXCEPTION_METHOD,
 * the badge the key that was given to exception_bind. The method of the answer says what becomes of
 * the thread. An answer of EXCEPTION_RESUME may carry the registers to go on with.
 */
#pragma once

#include <quay/abi/registers.h>

#define EXCEPTION_METHOD 0x7ffffffeu

/* Methods of an answer. Whatever else is answered passes the exception on. */
#define EXCEPTION_RESUME 0u /* goes on; the instruction of a fault runs again */
#define EXCEPTION_KILL   1u /* the process ends, with a report */
#define EXCEPTION_PASS                                                                             \
    2u /* to the next: thread's, process's, job's handler, that of the job above */
#define EXCEPTION_END 3u /* the process ends; whoever answers this has reported */

/* exception_message.kind: the CPU's numbers. */
#define EXCEPTION_DIVIDE     0u
#define EXCEPTION_DEBUG      1u
#define EXCEPTION_BREAKPOINT 3u /* rip is behind the int3 */
#define EXCEPTION_OPCODE     6u
#define EXCEPTION_PROTECTION 13u
#define EXCEPTION_PAGE_FAULT 14u

/* exception_message.code of EXCEPTION_DEBUG: bit n of the breakpoints that were met, or a step. */
#define EXCEPTION_STEP (1u << 14)

/* thread_set_breakpoint: what meets it. A data breakpoint is met after the access. */
#define BREAKPOINT_NONE   0u
#define BREAKPOINT_EXEC   1u
#define BREAKPOINT_WRITE  2u
#define BREAKPOINT_ACCESS 3u /* reading and writing */
#define BREAKPOINT_COUNT  4u

#define EXCEPTION_READ  0u
#define EXCEPTION_WRITE 1u
#define EXCEPTION_EXEC  2u

struct exception_message {
    koid_t process;
    koid_t thread;
    uint32_t kind;
    uint32_t access; /* page fault: EXCEPTION_READ, _WRITE or _EXEC */
    int64_t code; /* page fault: -EFAULT, -EACCES or -ENOMEM; else the CPU's error code, or above */
    uint64_t address; /* page fault: what was accessed */
    struct thread_registers registers;
};

_Static_assert(sizeof(struct exception_message) == 200, "exception_message layout");
_Static_assert(offsetof(struct exception_message, registers) == 40, "exception_message.registers");
