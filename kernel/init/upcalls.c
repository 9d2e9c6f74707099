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
#include "object/job.h"
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
    struct account *account = &thread_current()->process->job->account;
    void *state;

    if (account_charge(account, JOB_MEMORY, arch_fpu_state_size()) != 0) {
        return NULL;
    }
    state = slab_alloc(&x_fpu_cache);
    if (state == NULL) {
        account_uncharge(account, JOB_MEMORY, arch_fpu_state_size());
    }
    return state;
}

void upcall_fpu_free(struct arch_thread *thread)
{
    struct account *account = &CONTAINER_OF(thread, struct thread, arch)->process->job->account;

    slab_free(&x_fpu_cache, thread->fpu_state);
    account_uncharge(account, JOB_MEMORY, arch_fpu_state_size());
}

struct arch_thread *upcall_arch_thread(struct thread *thread)
{
    return &thread->arch;
}
