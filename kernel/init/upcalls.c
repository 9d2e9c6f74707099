/* SPDX-License-Identifier: MIT */
/* What the CPU layer calls: each is an entry of its own, with nothing held. */
#include "arch/upcalls.h"
#include "arch/context.h"
#include "arch/time.h"
#include "core/panic.h"
#include "core/sync.h"
#include "init/upcalls.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "object/process.h"
#include "vm/aspace.h"

static struct slab_cache x_fpu_cache;

NORETURN void upcall_idle(void)
{
    sched_idle();
}

void upcall_timer(void)
{
    timer_interrupt(arch_time_now());
    sync_flush(); /* where nobody goes idle */
    thread_interrupt_return();
}

void upcall_reschedule(void)
{
    thread_interrupt_return();
}

void upcall_sync(void)
{
    aspace_forget_cpu();
    sync_interrupt();
    thread_interrupt_return();
}

bool upcall_table_alloc(struct paddr *ret_frame)
{
    return frame_alloc_zeroed(0, ret_frame) == 0;
}

void upcall_table_free(struct paddr frame)
{
    frame_free(frame, 0);
}

void upcalls_init(void)
{
    slab_cache_init(&x_fpu_cache, "fpu_state", arch_fpu_state_size(), CACHE_LINE_SIZE);
}

void *upcall_fpu_alloc(void)
{
    return slab_alloc(&x_fpu_cache);
}

void upcall_fpu_free(void *state)
{
    slab_free(&x_fpu_cache, state);
}

struct arch_thread *upcall_arch_thread(struct thread *thread)
{
    return &thread->arch;
}
