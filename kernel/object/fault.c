/* SPDX-License-Identifier: MIT */
/*
 * Faults of user code. What the address space cannot resolve ends the process: one line says who,
 * what and where, then come registers and backtrace.
 *
 * A line is all that is printed with interrupts off. The thread waits for the report meanwhile:
 *
 *   fault: first line, return addresses noted -> one line an entry, ... -> process_kill
 */
#include "arch/upcalls.h"
#include "core/log.h"
#include "mm/slab.h"
#include "object/process.h"
#include "sched/redirect.h"
#include "sched/sched.h"
#include "vm/aspace.h"
#include <quay/abi/errno.h>

struct report {
    struct sync_node node;
    struct thread *thread; /* with a reference; its frame stays as it is */
    unsigned line, trace_count;
    uint64_t trace[ARCH_TRACE_MAX];
};

static struct slab_cache report_cache;

void fault_init(void)
{
    slab_cache_init(&report_cache, "report", sizeof(struct report), _Alignof(struct report));
}

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

static void end_process(struct process *process)
{
    log_error("process %s (%lu) is ended with exit code %ld", process->name, process->object.koid,
              (long)PROCESS_EXIT_FAULT);
    process_kill(process, PROCESS_EXIT_FAULT);
}

/* Prints the next line of the report, or ends the process. */
static void report_step(struct sync_node *node)
{
    struct report *report = CONTAINER_OF(node, struct report, node);
    struct thread *thread = report->thread;
    unsigned line = report->line++;

    if (line < ARCH_FRAME_LINES) {
        arch_frame_print(&thread->frame, line);
    } else if (line - ARCH_FRAME_LINES < report->trace_count) {
        log_info("  %s %016lx", line == ARCH_FRAME_LINES ? "at  " : "from",
                 report->trace[line - ARCH_FRAME_LINES]);
    } else {
        end_process(thread->process);
        object_unref(&thread->object);
        slab_free(&report_cache, report);
        return;
    }
    sync_post(node, report_step);
}

static const struct wait_ops report_wait = {.state = THREAD_STATE_WAIT_KERNEL};

/* The current thread's process ends; another thread is current afterwards. */
static void COLD kill_current(void)
{
    struct thread *thread = thread_current();
    struct report *report = slab_alloc(&report_cache);

    if (report == NULL) {
        end_process(thread->process);
        (void)thread_exit_current();
        return;
    }
    report->thread = thread;
    report->trace_count = arch_frame_trace(&thread->frame, report->trace);
    object_ref(&thread->object);
    thread->wait_ops = &report_wait;
    thread->deadline = DEADLINE_NEVER;
    wait_publish(thread);
    sync_post(&report->node, report_step);
    (void)sched_wait(DEADLINE_NEVER);
}

static void COLD NOINLINE fault_ends_process(uint64_t address, unsigned access, int status)
{
    struct thread *thread = thread_current();

    if (redirect_enter(thread, REDIRECT_PAGE_FAULT, address,
                       access & FAULT_WRITE  ? REDIRECT_WRITE
                       : access & FAULT_EXEC ? REDIRECT_EXEC
                                             : REDIRECT_READ)) {
        return;
    }
    log_error("process %s (%lu) thread %lu: page fault: %s 0x%lx at rip 0x%lx: %s",
              thread->process->name, thread->process->object.koid, thread->object.koid,
              access_text(access), address, frame_ip(&thread->frame), reason_text(status));
    kill_current();
}

void upcall_page_fault(uint64_t address, unsigned access)
{
    int status = aspace_fault(aspace_current(), address, access);

    if (UNLIKELY(status != 0 && status != -ERETRY)) {
        fault_ends_process(address, access, status);
    }
}

void upcall_exception(unsigned vector, uint64_t error_code)
{
    struct thread *thread = thread_current();

    if (redirect_enter(thread, REDIRECT_EXCEPTION, vector, error_code)) {
        return;
    }
    log_error("process %s (%lu) thread %lu: exception %u (error code 0x%lx) at rip 0x%lx",
              thread->process->name, thread->process->object.koid, thread->object.koid, vector,
              error_code, frame_ip(&thread->frame));
    kill_current();
}
