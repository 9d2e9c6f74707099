/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/interrupt.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/user.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/time.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/trace.h"
#include <arch_impl/frame.h>
#include <quay/abi/memory.h>

#define VECTOR_DEBUG              1
#define VECTOR_NO_FPU             7
#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT         14

/* SDM Vol. 3A, figure 4-12. */
#define PAGE_FAULT_PRESENT (1u << 0)
#define PAGE_FAULT_WRITE   (1u << 1)
#define PAGE_FAULT_FETCH   (1u << 4)

extern const char x86_idle_end[], x86_copy_in_end[], x86_try_read[], x86_try_read_failed[];

static bool is_between(uint64_t address, uint64_t start, const char *end)
{
    return address >= start && address < (uint64_t)end;
}

static unsigned fault_access(uint64_t error_code)
{
    unsigned access = FAULT_READ;

    if (error_code & PAGE_FAULT_FETCH) {
        access = FAULT_EXEC;
    } else if (error_code & PAGE_FAULT_WRITE) {
        access = FAULT_WRITE;
    }
    return access | (error_code & PAGE_FAULT_PRESENT ? FAULT_PRESENT : 0);
}

/* Exceptions of user code. */
static void exception_user(unsigned vector, uint64_t error_code)
{
    if (vector == VECTOR_PAGE_FAULT) {
        upcall_page_fault(cr2_read(), fault_access(error_code));
    } else if (vector != VECTOR_NO_FPU || !x86_fpu_first_use()) {
        upcall_exception(vector, error_code);
    }
}

/* Interrupts, wherever they came. The end of interrupt is told first, since the upcall may take its
 * time; nothing can come before the kernel is left. */
static void interrupt_dispatch(unsigned vector)
{
    cpu_self()->interrupt_count++;
    if (trace_on(TRACE_KIND(TRACE_INTERRUPT))) {
        trace_current(TRACE_INTERRUPT, 0, vector, 0);
    }
    if (UNLIKELY(x86_mmu_check_on)) {
        x86_mmu_check();
    }
    if (vector - VECTOR_IRQ_BASE < VECTOR_IRQ_COUNT) {
        const uint32_t line = vector - VECTOR_IRQ_BASE;
        const bool is_new = ioapic_deliver(line);
        lapic_eoi();
        if (is_new) {
            upcall_irq(line);
        }
        return;
    }
    if (vector == VECTOR_SPURIOUS) {
        return; /* has no end of interrupt (SDM Vol. 3A, 10.9) */
    }
    lapic_eoi();
    if (vector == VECTOR_RESCHEDULE) {
        upcall_reschedule();
    } else if (vector == VECTOR_SYNC) {
        upcall_sync();
    } else if (vector == VECTOR_TIMER && x86_timer_due()) {
        upcall_timer();
    }
}

void x86_interrupt_user(struct user_frame *frame)
{
    const unsigned vector = frame->vector & 0xff;

    if (vector < 32) {
        exception_user(vector, vector == VECTOR_DEBUG ? x86_debug_met(frame) : frame->error_code);
    } else {
        interrupt_dispatch(vector);
    }
}

static const char *exception_name(unsigned vector)
{
    static const char *const names[] = {
        "divide error", "debug",           "NMI",         "breakpoint",    "overflow",
        "bound",        "invalid opcode",  "no FPU",      "double fault",  "exception",
        "invalid TSS",  "missing segment", "stack fault", "protection",    "page fault",
        "exception",    "x87 error",       "alignment",   "machine check", "SIMD error"};

    return vector < ARRAY_SIZE(names) ? names[vector] : "exception";
}

NORETURN void x86_fatal_exception(const struct user_frame *frame)
{
    const unsigned vector = frame->vector & 0xff;

    cpu_self()->arch.panic_frame = frame;
    if (vector == VECTOR_PAGE_FAULT) {
        panic("page fault in the kernel: %s at 0x%lx",
              frame->error_code & PAGE_FAULT_WRITE   ? "write"
              : frame->error_code & PAGE_FAULT_FETCH ? "execution"
                                                     : "read",
              cr2_read());
    }
    panic("%s in the kernel (vector %u, error code 0x%lx)", exception_name(vector), vector,
          frame->error_code);
}

/* A system call read user memory that is not there: the call never happened, the program touched
 * the memory itself, and its instruction runs again. Decoding holds no lock and owns nothing. */
static void copy_in_abandon(uint64_t address, uint64_t error_code)
{
    debug_assert(cpu_self()->locks_held == 0);
    frame_restart((struct user_frame *)arch_current()); /* the first thing in the record */
    upcall_page_fault(address, fault_access(error_code));
}

bool x86_interrupt_kernel(struct user_frame *frame)
{
    const unsigned vector = frame->vector & 0xff;

    if (vector >= 32) {
        if (!is_between(frame->rip, (uint64_t)arch_idle_wait, x86_idle_end)) {
            x86_fatal_exception(frame);
        }
        interrupt_dispatch(vector);
        return false;
    }
    if (vector == VECTOR_PAGE_FAULT && cr2_read() < USER_LIMIT) {
        if (is_between(frame->rip, (uint64_t)arch_user_copy_in, x86_copy_in_end)) {
            copy_in_abandon(cr2_read(), frame->error_code);
            return false;
        }
        if (frame->rip == (uint64_t)x86_try_read) {
            frame->rip = (uint64_t)x86_try_read_failed;
            return true;
        }
    }
    x86_fatal_exception(frame);
}

void x86_nmi(struct user_frame *frame)
{
    if (panic_is_under_way()) {
        cpu_self()->arch.panic_frame = frame;
        panic_stop();
    }
}

void x86_resume_refuse(void)
{
    upcall_exception(VECTOR_GENERAL_PROTECTION, 0);
}
