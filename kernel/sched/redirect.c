/* SPDX-License-Identifier: MIT */
#include "sched/redirect.h"

#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <quay/abi/memory.h>
#include "arch/upcalls.h"

static uint64_t word(const uint64_t *from)
{
    return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static bool is_between(uint64_t address, const uint64_t *start, const uint64_t *end)
{
    return address >= word(start) && address < word(end);
}

/* The thread goes on at the library's entry; what the guest did is in `registers` already. */
static bool library_call(struct thread *thread, uint64_t reason)
{
    struct redirect *redirect = thread->arch.redirect;
    uint64_t entry = word(&redirect->entry);

    if (entry >= USER_LIMIT) {
        return false; /* the fault of going there would be redirected again, and so on */
    }
    redirect->reason = reason;
    frame_jump(&thread->frame, entry, word(&redirect->stack));
    return true;
}

bool redirect_enter(struct thread *thread, uint64_t reason, uint64_t detail0, uint64_t detail1)
{
    struct redirect *redirect = thread->arch.redirect;

    if (redirect == NULL || word(&redirect->entry) >= USER_LIMIT ||
        is_between(frame_ip(&thread->frame), &redirect->start, &redirect->end)) {
        return false;
    }
    frame_registers_get(&thread->frame, &redirect->registers);
    redirect->detail[0] = detail0;
    redirect->detail[1] = detail1;
    return library_call(thread, reason);
}

PRESERVE_MOST void redirect_kick(struct thread *thread)
{
    struct redirect *redirect = thread->arch.redirect;

    if (redirect == NULL) {
        return;
    }
    if (is_between(frame_ip(&thread->frame), &redirect->exit_start, &redirect->exit_end)) {
        frame_set_ip(&thread->frame, word(&redirect->exit_start));
    } else if (redirect_enter(thread, REDIRECT_KICK, 0, 0)) {
        (void)thread_take_kick(thread);
    }
}

int redirect_set(bool is_on)
{
    struct thread *thread = thread_current();

    if (thread->buffer == NULL) {
        return -ENO_BUFFER;
    }
    arch_thread_set_redirect(&thread->arch, is_on ? &thread->buffer->redirect : NULL);
    return 0;
}

int64_t redirect_resume(void)
{
    struct thread *thread = thread_current();
    struct redirect *redirect = thread->arch.redirect;

    if (redirect == NULL) {
        return -EINVAL;
    }
    if (thread_take_kick(thread) || __atomic_load_n(&redirect->kicked, __ATOMIC_SEQ_CST) != 0) {
        return library_call(thread, REDIRECT_KICK) ? SYSCALL_RESUME : -EINVAL;
    }
    frame_registers_set(&thread->frame, &redirect->registers);
    return SYSCALL_RESUME;
}
