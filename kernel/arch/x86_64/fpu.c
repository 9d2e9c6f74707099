/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/fpu.h"
#include "arch/context.h"
#include "arch/upcalls.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/instructions.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "lib/string.h"
#include <arch_impl/thread.h>
#include <quay/abi/exception.h>
#include <quay/abi/memory.h>

/* SDM Vol. 1, 10.5.1 and 13.4: where a saved state holds the two control words. */
#define FPU_FCW_OFFSET   0
#define FPU_MXCSR_OFFSET 24
#define FPU_FCW_INIT     0x37fu
#define FPU_MXCSR_INIT   0x1f80u

/* The mask of MXCSR's bits follows it. With XSAVE a header comes behind what FXSAVE saves. */
#define FPU_MXCSR_MASK    0xffbfu
#define FPU_HEADER_OFFSET 512

extern const char x86_syscall_entry[], x86_syscall_redirect[];

/* CR0.TS makes the next FPU instruction raise #NM (SDM Vol. 3A, 2.5). */
static void fpu_forbid(void)
{
    cr0_write(cr0_read() | CR0_TS);
}

static void fpu_allow(void)
{
    __asm__ volatile("clts");
}

static void fpu_save(void *state)
{
    if (x86_features.xsave) {
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(state), "a"((uint32_t)x86_features.xsave_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(state) : "memory");
    }
}

static void fpu_restore(const void *state)
{
    if (x86_features.xsave) {
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(state), "a"((uint32_t)x86_features.xsave_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
    }
}

size_t arch_fpu_state_size(void)
{
    _Static_assert(ARCH_FPU_STATE_MAX >= 512 + 64 + 256, "AVX's");
    return x86_features.fpu_bytes;
}

/* What XRSTOR or FXRSTOR would raise a fault for (SDM Vol. 1, 13.8): components that are not
 * enabled, the compacted form, bits of MXCSR that the CPU has not. The CPU itself has written which
 * those are when it saved the thread's own state; 0 stands for those of the first ones. */
COLD bool arch_fpu_set(struct arch_thread *thread, const void *state)
{
    const uint32_t *words = state;
    const uint32_t *own = thread->fpu_state;
    const uint64_t *header = (const uint64_t *)state + FPU_HEADER_OFFSET / 8;
    const uint32_t mask = own[FPU_MXCSR_OFFSET / 4 + 1];
    uint64_t bad = words[FPU_MXCSR_OFFSET / 4] & ~(mask != 0 ? mask : FPU_MXCSR_MASK);

    if (x86_features.xsave) {
        bad |= header[0] & ~x86_features.xsave_mask;
        for (unsigned i = 1; i < 8; i++) {
            bad |= header[i];
        }
    }
    if (bad == 0) {
        memcpy(thread->fpu_state, state, x86_features.fpu_bytes);
    }
    return bad == 0;
}

/* A state of all zeros but the control words is the initial one: with XSAVE, header bits of 0 say
 * that every component is in its initial state, MXCSR being read all the same. */
bool x86_fpu_first_use(void)
{
    struct arch_thread *thread = upcall_arch_thread(arch_current());
    char *state;

    if (thread->fpu_state != NULL) {
        return true; /* cannot happen: TS is off while a thread with state runs */
    }
    state = upcall_fpu_alloc();
    if (state == NULL) {
        return false;
    }
    *(uint16_t *)(void *)(state + FPU_FCW_OFFSET) = FPU_FCW_INIT;
    *(uint32_t *)(void *)(state + FPU_MXCSR_OFFSET) = FPU_MXCSR_INIT;
    thread->fpu_state = state;
    thread->extra |= ARCH_THREAD_FPU;
    fpu_allow();
    fpu_restore(state);
    return true;
}

/* Threads that redirect have a system call entry of their own, so that others pay nothing. */
static void redirect_load(struct redirect *redirect)
{
    cpu_self()->arch.redirect = redirect;
    msr_write(MSR_LSTAR, (uint64_t)(redirect != NULL ? x86_syscall_redirect : x86_syscall_entry));
}

/* SDM Vol. 3B, 17.2: an enable bit in 0-7 and four bits from 16 on for each; bit 10 is fixed. */
#define DR7_FIXED             0x400ul
#define DR6_CLEAR             0xffff0ff0ul
#define DR7_ENABLE(index)     (1ul << 2 * (index))
#define DR7_KIND(index, bits) ((uint64_t)(bits) << (16 + 4 * (index)))

void arch_thread_set_breakpoint(struct arch_thread *thread, unsigned index, uint64_t address,
                                uint32_t kind, uint32_t size_bytes)
{
    const uint64_t length = size_bytes == 8 ? 2 : size_bytes - 1;
    const uint64_t access = kind == BREAKPOINT_EXEC ? 0 : kind == BREAKPOINT_WRITE ? 1 : 3;

    thread->debug_control &= ~(DR7_ENABLE(index) | DR7_KIND(index, 15));
    if (kind != BREAKPOINT_NONE) {
        thread->debug_control |= DR7_ENABLE(index) | DR7_KIND(index, length << 2 | access);
    }
    thread->breakpoints[index] = address;
    thread->extra |= ARCH_THREAD_DEBUG; /* grows, as in arch_thread_set_bases */
}

static COLD NEVER_INLINE PRESERVE_MOST void debug_load(struct arch_thread *thread)
{
    if (thread->debug_control == 0) {
        thread->extra &= ~ARCH_THREAD_DEBUG;
    } else {
        dr0_write(thread->breakpoints[0]);
        dr1_write(thread->breakpoints[1]);
        dr2_write(thread->breakpoints[2]);
        dr3_write(thread->breakpoints[3]);
    }
    dr7_write(thread->debug_control | DR7_FIXED);
}

/* At a breakpoint for execution RF lets the instruction through when the thread goes on. */
COLD uint64_t x86_debug_met(struct user_frame *frame)
{
    const struct arch_thread *thread = upcall_arch_thread(arch_current());
    uint64_t met = dr6_read() & (EXCEPTION_STEP | 15);

    dr6_write(DR6_CLEAR);
    for (unsigned index = 0; index < BREAKPOINT_COUNT; index++) {
        if (!(thread->debug_control & DR7_ENABLE(index))) {
            met &= ~(1ul << index);
        } else if ((met >> index & 1) && !(thread->debug_control & DR7_KIND(index, 3))) {
            frame->rflags |= 1ul << 16; /* RF */
        }
    }
    return met;
}

PRESERVE_MOST void arch_thread_switch_extra(struct arch_thread *from, struct arch_thread *to)
{
    /* Also where both have the same base: a program can make its own zero without us, by loading
     * a selector, and the other must not suffer for it. */
    if ((from->extra | to->extra) & ARCH_THREAD_FS) {
        msr_write(MSR_FS_BASE, to->fs_base);
    }
    if ((from->extra | to->extra) & ARCH_THREAD_GS) {
        msr_write(MSR_KERNEL_GS_BASE, to->gs_base); /* the entry's swapgs put it there */
    }
    if ((from->extra | to->extra) & ARCH_THREAD_REDIRECT) {
        redirect_load(to->redirect);
    }
    if (UNLIKELY((from->extra | to->extra) & ARCH_THREAD_DEBUG)) {
        debug_load(to);
    }
    if (from->fpu_state != NULL) {
        fpu_save(from->fpu_state);
    }
    if (to->fpu_state != NULL) {
        fpu_allow();
        fpu_restore(to->fpu_state);
    } else if (from->extra & ARCH_THREAD_FPU) {
        fpu_forbid();
    }
}

void arch_thread_init(struct arch_thread *thread)
{
    *thread = (struct arch_thread){0};
}

void arch_thread_fini(struct arch_thread *thread)
{
    /* `extra` stays: should the thread still be current, its end takes the FPU from the CPU. */
    if (thread->fpu_state != NULL) {
        upcall_fpu_free(thread);
        thread->fpu_state = NULL;
    }
}

/* Another CPU may be leaving the thread at this moment, and go by `extra`: it only grows here. */
void arch_thread_set_bases(struct arch_thread *thread, uint64_t fs_base, uint64_t gs_base)
{
    thread->fs_base = fs_base;
    thread->gs_base = gs_base;
    thread->extra |= ARCH_THREAD_FS | ARCH_THREAD_GS;
}

void arch_thread_set_base(struct arch_thread *thread, unsigned which, uint64_t base)
{
    const uint32_t flag = which == 0 ? ARCH_THREAD_FS : ARCH_THREAD_GS;

    assert(which <= 1 && base < USER_LIMIT);
    *(which == 0 ? &thread->fs_base : &thread->gs_base) = base;
    thread->extra = base != 0 ? thread->extra | flag : thread->extra & ~flag;
    msr_write(which == 0 ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, base);
}

void arch_thread_set_redirect(struct arch_thread *thread, struct redirect *redirect)
{
    __atomic_store_n(&thread->redirect, redirect, __ATOMIC_SEQ_CST);
    thread->extra = redirect != NULL ? thread->extra | ARCH_THREAD_REDIRECT
                                     : thread->extra & ~ARCH_THREAD_REDIRECT;
    redirect_load(redirect);
}
