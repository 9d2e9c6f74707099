/* SPDX-License-Identifier: MIT */
/*
 * Faults of user code. What the address space cannot resolve ends the process: one line says who,
 * what and where, then come registers and backtrace.
 */
#include "arch/upcalls.h"
#include "core/log.h"
#include "object/process.h"
#include "vm/aspace.h"
#include <quay/abi/errno.h>

static const char *access_text(unsigned access)
{
    if (access & FAULT_WRITE) {
        return "write to";
    }
    return access & FAULT_EXEC ? "execution of" : "read of";
}

static const char *reason_text(int status)
{
    switch (status) {
    case -EACCES:
        return "not permitted there";
    case -ENOMEM:
        return "no memory left for the page";
    default:
        return "nothing is mapped there";
    }
}

/* The current thread's process ends; another thread is current afterwards. */
static void COLD kill_current(void)
{
    struct thread *thread = thread_current();
    struct process *process = thread->process;

    arch_frame_print(&thread->frame);
    log_error("process %s (%lu) is ended with exit code %ld", process->name, process->object.koid,
              (long)PROCESS_EXIT_FAULT);
    process_kill(process, PROCESS_EXIT_FAULT);
    (void)thread_exit_current();
}

void upcall_page_fault(uint64_t address, unsigned access)
{
    int status = aspace_fault(aspace_current(), address, access);
    const struct thread *thread = thread_current();

    if (LIKELY(status == 0)) {
        return;
    }
    log_error("process %s (%lu) thread %lu: page fault: %s 0x%lx at rip 0x%lx: %s",
              thread->process->name, thread->process->object.koid, thread->object.koid,
              access_text(access), address, frame_ip(&thread->frame), reason_text(status));
    kill_current();
}

void upcall_exception(unsigned vector, uint64_t error_code)
{
    const struct thread *thread = thread_current();

    log_error("process %s (%lu) thread %lu: exception %u (error code 0x%lx) at rip 0x%lx",
              thread->process->name, thread->process->object.koid, thread->object.koid, vector,
              error_code, frame_ip(&thread->frame));
    kill_current();
}
