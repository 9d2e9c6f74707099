/* SPDX-License-Identifier: MIT */
/* For tests of single layers: nothing is traced there, and what would do it, or tell of objects in
 * a panic, needs all of them. */
#include <stdlib.h>
#include "arch/cpu.h"
#include "core/panic.h"
#include "core/trace.h"

uint32_t trace_kinds;
bool trace_fast;

void trace_note(enum trace_kind kind, const struct thread *thread, koid_t object, uint64_t badge,
                uint64_t header, uint64_t value)
{
    (void)kind, (void)thread, (void)object, (void)badge, (void)header, (void)value;
    abort();
}

void trace_current(enum trace_kind kind, koid_t object, uint64_t header, uint64_t value)
{
    (void)kind, (void)object, (void)header, (void)value;
    abort();
}

void trace_wait_failed(const struct thread *thread, int64_t error)
{
    (void)thread, (void)error;
    abort();
}

void trace_switch(const struct thread *to, const struct thread *from)
{
    (void)to, (void)from;
    abort();
}

void panic_report(void)
{
}

void arch_cpu_relax(void)
{
}
