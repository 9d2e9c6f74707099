/* SPDX-License-Identifier: MIT */
/*
 * Called by the entry code with interrupts off on the kernel stack: rip, flags and rsp of the
 * current thread are in its frame, and the registers that the arguments came in; its payload
 * registers are untouched or pushed. Returns the thread to continue, which is current already and
 * gets the header and the payload registers as they are, or NULL: nothing was done.
 */
#pragma once

#include "sched/thread.h"

/* port_call; r10 was 0. The receiver continues with rdi, rdx and r10 from its frame, rax = 0. */
struct thread *sys_port_call_fast(handle_t handle, uint64_t header, time_ns_t deadline,
                                  struct thread *caller);

/* port_reply_receive. The caller continues with 0 in rax, rdi, rdx and r10. */
struct thread *sys_port_reply_receive_fast(handle_t handle, uint64_t header, time_ns_t deadline,
                                           struct thread *server, uint64_t token);
