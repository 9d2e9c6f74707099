/* SPDX-License-Identifier: MIT */
/*
 * Faults of user code. What the address space cannot resolve, and no handler takes, ends the
 * process: one line says who, what and where, then come registers and backtrace.
 *
 * A line is all that is printed with interrupts off. The thread waits for the report meanwhile:
 *
 *   first line -> return addresses noted -> one line an entry, ... -> process_kill
 */
#include "arch/upcalls.h"
#include "core/log.h"
#include "core/trace.h"
#include "mm/slab.h"
#include "object/exception.h"
#include "object/pager.h"
#include "object/process.h"
#include "sched/redirect.h"
#include "sched/sched.h"
#include "vm/aspace.h"
#include <quay/abi/errno.h>
#include <quay/abi/exception.h>

struct report {
    struct sync_node node;
    struct thread *thread; /* with a reference; its frame stays as it is */
    unsigned line, trace_count;
    uint64_t trace[ARCH_TRACE_MAX];
};

#define REPORT_TRACE (ARCH_FRAME_LINES + 1) /* where the trace's lines begin */

static struct slab_cache report_cache;

void fault_init(void)
{
    slab_cache_init(&report_cache, "report", sizeof(struct report), _Alignof(struct report));
}

static const char *access_text(unsigned access)
{
    if (access == EXCEPTION_WRITE) {
        return "write to";
    }
    return access == EXCEPTION_EXEC ? "execution of" : "read of";
}

static const char *reason_text(int status)
{
    switch (status) {
    case -EACCES:
        return "not permitted there";
    case -ENOMEM:
        return "no memory left for the page";
    case -ETIMEDOUT:
        return "its pager did not supply it in time";
    case -EPEER_DIED:
        return "its pager is gone";
    default:
        return "nothing is mapped there";
    }
}

static void print_first(const struct thread *thread)
{
    const struct process *process = thread->process;
    const struct thread_fault *fault = &thread->fault;
    const char *name = process->name;

    if (fault->kind == EXCEPTION_PAGE_FAULT) {
        log_error("process %s (%lu) thread %lu: page fault: %s 0x%lx at rip 0x%lx: %s", name,
                  process->object.koid, thread->object.koid, access_text(fault->access),
                  fault->address, frame_ip(&thread->frame), reason_text(fault->code));
    } else {
        log_error("process %s (%lu) thread %lu: exception %u (error code 0x%x) at rip 0x%lx", name,
                  process->object.koid, thread->object.koid, fault->kind, (unsigned)fault->code,
                  frame_ip(&thread->frame));
    }
}

/* A word of the thread's stack, if it is there. */
static bool stack_read(const void *context, uint64_t address, uint64_t *ret_value)
{
    const struct thread *thread = context;
    struct aspace *aspace = aspace_of_thread(thread);
    const uint64_t *word = NULL;

    if (address % sizeof(*word) != 0 || address < USER_BASE || address >= USER_LIMIT) {
        return false;
    }
    spin_lock(&aspace->lock);
    if (aspace->state != ASPACE_CLOSED) {
        word = aspace_access(aspace, address, false);
    }
    if (word != NULL) {
        *ret_value = *word;
    }
    spin_unlock(&aspace->lock);
    return word != NULL;
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

    if (line == 0) {
        print_first(thread);
    } else if (line <= ARCH_FRAME_LINES) {
        arch_frame_print(&thread->frame, line - 1);
    } else if (report->trace_count == 0) {
        report->trace_count = arch_frame_trace(&thread->frame, stack_read, thread, report->trace);
        report->line = REPORT_TRACE;
    } else if (line - REPORT_TRACE < report->trace_count) {
        log_info("  %s %016lx", line == REPORT_TRACE ? "at  " : "from",
                 report->trace[line - REPORT_TRACE]);
    } else {
        end_process(thread->process);
        object_unref(&thread->object);
        slab_free(&report_cache, report);
        return;
    }
    sync_post(node, report_step);
}

static const struct wait_ops report_wait = {.state = THREAD_STATE_WAIT_KERNEL};

COLD void fault_report(struct thread *thread, bool is_shown)
{
    struct report *report = is_shown ? slab_alloc(&report_cache) : NULL;

    thread->wait_ops = &report_wait;
    thread->deadline = DEADLINE_NEVER;
    wait_publish(thread);
    if (report == NULL) {
        end_process(thread->process);
        return;
    }
    report->thread = thread;
    object_ref(&thread->object);
    sync_post(&report->node, report_step);
}

/* What the address space cannot resolve. */
static void COLD NOINLINE page_fault_raise(uint64_t address, unsigned access, int status)
{
    struct thread *thread = thread_current();

    if (redirect_enter(thread, REDIRECT_PAGE_FAULT, address,
                       access & FAULT_WRITE  ? REDIRECT_WRITE
                       : access & FAULT_EXEC ? REDIRECT_EXEC
                                             : REDIRECT_READ)) {
        return;
    }
    thread->fault = (struct thread_fault){
        .address = address,
        .code = status,
        .kind = EXCEPTION_PAGE_FAULT,
        .access = access & FAULT_WRITE  ? EXCEPTION_WRITE
                  : access & FAULT_EXEC ? EXCEPTION_EXEC
                                        : EXCEPTION_READ,
    };
    exception_raise(thread);
}

static COLD NOINLINE void note_fault(uint64_t address, unsigned vector, int64_t status)
{
    const struct thread *thread = thread_current();

    trace_note(TRACE_FAULT, thread, frame_ip(&thread->frame), (uint64_t)status, vector, address);
}

void upcall_page_fault(uint64_t address, unsigned access)
{
    int status = aspace_fault(aspace_current(), address, access);

    if (UNLIKELY(status == -EPAGER)) {
        status = pager_fault(address);
    }
    if (trace_on(TRACE_KIND(TRACE_FAULT))) {
        note_fault(address, EXCEPTION_PAGE_FAULT, status);
    }
    if (UNLIKELY(status != 0 && status != -ERETRY)) {
        page_fault_raise(address, access, status);
    }
}

void upcall_exception(unsigned vector, uint64_t error_code)
{
    struct thread *thread = thread_current();

    if (trace_on(TRACE_KIND(TRACE_FAULT))) {
        note_fault(error_code, vector, 0);
    }
    if (redirect_enter(thread, REDIRECT_EXCEPTION, vector, error_code)) {
        return;
    }
    thread->fault = (struct thread_fault){.code = (int32_t)error_code, .kind = (uint8_t)vector};
    exception_raise(thread);
}
