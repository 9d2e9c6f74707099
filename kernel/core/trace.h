/* SPDX-License-Identifier: MIT */
/*
 * Trace points: what the kernel does is noted into rings that programs map (quay/abi/trace.h).
 *
 * A point asks trace_on(), which is a comparison and a branch, and only then calls what notes. All
 * layers have points; what they call knows threads, and stands in kernel/object/trace.c. Any lock
 * may be held there: the rings have one writer each, this CPU, and the filters are only read.
 */
#pragma once

#include <quay/abi/trace.h>
#include <stdbool.h>
#include "lib/compiler.h"

struct process;
struct thread;

extern uint32_t trace_kinds; /* TRACE_KIND(); changed at any time */

/* Whether one of these is noted now. A plain load: the comparison shall be with memory. */
static ALWAYS_INLINE bool trace_on(uint32_t kinds)
{
    return UNLIKELY(trace_kinds & kinds) != 0;
}

#define TRACE_REPLIES (TRACE_KIND(TRACE_REPLY) | TRACE_KIND(TRACE_REPLY_RECEIVED))
#define TRACE_CALLS   (TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_CALL_RECEIVED) | TRACE_REPLIES)

/* One record. `status` where the kind has one, else its badge; `header` as in ipc.h. */
COLD NOINLINE PRESERVE_MOST void trace_note(enum trace_kind kind, const struct thread *thread,
                                            koid_t object, uint64_t badge, uint64_t header,
                                            uint64_t value);

/* The same of the current thread, without a badge. */
COLD NOINLINE PRESERVE_MOST void trace_current(enum trace_kind kind, koid_t object, uint64_t header,
                                               uint64_t value);

/* TRACE_PROCESS_START. */
COLD NOINLINE void trace_process(const struct process *process);

/* A message of a call that has its session and header: TRACE_CALL to TRACE_REPLY_RECEIVED. `header`
 * is the call's, the answer's, or a negative error number. */
COLD NOINLINE void trace_message(enum trace_kind kind, const struct thread *thread,
                                 const struct thread *caller, int64_t header);

/* A wait has ended early: if it was that of a call, this is its end. */
COLD NOINLINE void trace_wait_failed(const struct thread *thread, int64_t error);

/* `to` goes on where `from` was. */
COLD NOINLINE PRESERVE_MOST void trace_switch(const struct thread *to, const struct thread *from);

/* The same for both ends on the fast path, where a byte tells: `from`, whose call_header is that of
 * what it sends, calls or answers `to`, and then switches to it; `tail` is length and status as in
 * a record. Returns `to`. There is no fast path where payloads are wanted (cpu->fast_bit). */
extern bool trace_fast;
NOINLINE struct thread *trace_fast_switch(enum trace_kind sent, struct thread *from,
                                          struct thread *to, uint64_t tail);
