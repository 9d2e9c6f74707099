/* SPDX-License-Identifier: MIT */
/* The rank check of debug kernels: each CPU keeps the ranks it holds, in rising order but
 * for locks that were only tried. */
#include "core/lock.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/trace.h"

void lock_rank_push(const struct spinlock *lock, bool nested)
{
    const struct cpu *cpu = cpu_self();
    const uint8_t highest =
        cpu->locks_held == 0 ? LOCK_RANK_NONE : cpu->lock_ranks[cpu->locks_held - 1];

    if (panic_is_under_way()) {
        return;
    }
    if (lock->rank < highest || (lock->rank == highest && !nested)) {
        panic("lock order: rank %u wanted while rank %u is held", lock->rank, highest);
    }
    lock_rank_add(lock);
}

void lock_rank_add(const struct spinlock *lock)
{
    struct cpu *cpu = cpu_self();

    if (panic_is_under_way()) {
        return;
    }
    assert(cpu->locks_held < sizeof(cpu->lock_ranks));
    cpu->lock_ranks[cpu->locks_held++] = lock->rank;
}

/* Locks may be released in any order. */
void lock_rank_pop(const struct spinlock *lock)
{
    struct cpu *cpu = cpu_self();

    for (uint32_t i = cpu->locks_held; i > 0; i--) {
        if (cpu->lock_ranks[i - 1] == lock->rank) {
            for (; i < cpu->locks_held; i++) {
                cpu->lock_ranks[i - 1] = cpu->lock_ranks[i];
            }
            cpu->locks_held--;
            return;
        }
    }
    if (!panic_is_under_way()) {
        panic("lock order: rank %u is released but not held", lock->rank);
    }
}

void lock_wait_count(const struct spinlock *lock)
{
    cpu_self()->lock_waits++;
    if (trace_on(TRACE_KIND(TRACE_LOCK_WAIT))) {
        trace_current(TRACE_LOCK_WAIT, (uint64_t)__builtin_return_address(0), 0, (uint64_t)lock);
    }
}

uint64_t lock_waits(void)
{
    uint64_t waits = 0;

    for (uint32_t i = 0; i < cpu_count(); i++) {
        waits += cpu_get(i)->lock_waits;
    }
    return waits;
}
