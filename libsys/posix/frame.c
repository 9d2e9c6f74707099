/* SPDX-License-Identifier: MIT */
/*
 * Running handlers on the guest's stack: what Linux pushes there, and what rt_sigreturn takes back.
 *
 *   rsp -> restorer's address | ucontext | siginfo | ... | vector registers | ... red zone | old
 * rsp
 */
#include "call.h"
#include "fpu.h"
#include "guest.h"
#include "memory.h"
#include "process.h"
#include "signal.h"
#include "vfork.h"

#define RED_ZONE       128u
#define SYSCALL_BYTES  2u
#define FLAG_DIRECTION 0x400ul
#define FLAG_TRAP      0x100ul
#define SEGMENT_CODE   0x33
#define SEGMENT_STACK  0x2b
#define UC_FP_XSTATE   1u

struct frame {
    uint64_t restorer;
    struct linux_ucontext context;
    struct linux_siginfo info;
};

/* Whether the stack pointer is on the alternate stack already. */
static bool is_on_alternate(const struct posix_thread *self, uint64_t sp)
{
    return sp > self->alternate.base && sp - self->alternate.base <= self->alternate.size;
}

static uint64_t frame_top(const struct posix_thread *self, const struct linux_sigaction *action,
                          uint64_t sp)
{
    if ((action->flags & LINUX_SA_ONSTACK) != 0 && self->alternate.size != 0 &&
        !is_on_alternate(self, sp)) {
        return self->alternate.base + self->alternate.size;
    }
    return sp - RED_ZONE;
}

static void context_save(const struct posix_thread *self, struct linux_ucontext *context,
                         uint64_t fpu)
{
    const struct redirect *redirect = posix_redirect();
    const struct thread_registers *r = &redirect->registers;

    *context = (struct linux_ucontext){
        .flags = UC_FP_XSTATE,
        .stack = self->alternate,
        .context =
            {
                .r8 = r->r8,
                .r9 = r->r9,
                .r10 = r->r10,
                .r11 = r->r11,
                .r12 = r->r12,
                .r13 = r->r13,
                .r14 = r->r14,
                .r15 = r->r15,
                .rdi = r->rdi,
                .rsi = r->rsi,
                .rbp = r->rbp,
                .rbx = r->rbx,
                .rdx = r->rdx,
                .rax = r->rax,
                .rcx = r->rcx,
                .rsp = r->rsp,
                .rip = r->rip,
                .rflags = r->rflags,
                .cs = SEGMENT_CODE,
                .ss = SEGMENT_STACK,
                .fpu = fpu,
            },
        .mask = self->has_saved_mask ? self->saved_mask : self->mask,
    };
    if (self->alternate.size == 0) {
        context->stack.flags = LINUX_SS_DISABLE;
    } else if (is_on_alternate(self, r->rsp)) {
        context->stack.flags |= LINUX_SS_ONSTACK;
    }
    if (redirect->reason == REDIRECT_PAGE_FAULT) {
        context->context.fault_address = redirect->detail[0];
        context->context.trap = 14;
        context->context.error = redirect->detail[1] == REDIRECT_WRITE ? 6 : 4;
    } else if (redirect->reason == REDIRECT_EXCEPTION) {
        context->context.trap = redirect->detail[0];
        context->context.error = redirect->detail[1];
    }
}

/* 0, or -EFAULT if there is no stack. */
static int64_t frame_push(struct posix_thread *self, const struct posix_delivery *delivery)
{
    struct thread_registers *registers = &posix_redirect()->registers;
    const uint64_t top = frame_top(self, &delivery->action, registers->rsp);
    const uint64_t fpu = (top - posix_fpu_size()) & ~63ul;
    const uint64_t sp = ((fpu - sizeof(struct frame)) & ~15ul) - 8;
    struct frame frame = {.restorer = delivery->action.restorer, .info = delivery->info};

    (void)posix_memory_grow_stack(sp); /* it is not that stack, or full */
    if ((delivery->action.flags & LINUX_SA_RESTORER) == 0 || posix_fpu_save_guest(fpu) < 0) {
        return -EFAULT;
    }
    context_save(self, &frame.context, fpu);
    if (guest_write(sp, &frame, sizeof frame) < 0) {
        return -EFAULT;
    }
    registers->rsp = sp;
    registers->rip = delivery->action.handler;
    registers->rdi = delivery->number;
    registers->rsi = sp + offsetof(struct frame, info);
    registers->rdx = sp + offsetof(struct frame, context);
    registers->rax = 0;
    registers->rflags &= ~(FLAG_DIRECTION | FLAG_TRAP);
    if ((self->alternate.flags & LINUX_SS_AUTODISARM) != 0) {
        self->alternate = (struct linux_stack){0};
    }
    uint64_t mask = self->mask | delivery->action.mask;
    if ((delivery->action.flags & LINUX_SA_NODEFER) == 0) {
        mask |= 1ul << (delivery->number - 1);
    }
    posix_signal_mask(mask);
    self->has_saved_mask = 0;
    return 0;
}

/* A call that was interrupted is made again, or its EINTR seen: by the first handler that runs. */
static void call_restart(int64_t call, const struct posix_delivery *delivery)
{
    struct thread_registers *registers = &posix_redirect()->registers;

    if (call < 0 || registers->rax != (uint64_t)-EINTR) {
        return;
    }
    const enum posix_restart restart = posix_call_restart(call);
    if (delivery == NULL || restart == POSIX_WHOLE ||
        (restart == POSIX_RESTART && (delivery->action.flags & LINUX_SA_RESTART) != 0)) {
        registers->rax = (uint64_t)call;
        registers->rip -= SYSCALL_BYTES;
    }
    if (delivery != NULL) {
        posix_self()->is_timed = false; /* the handler makes calls of its own */
    }
}

void posix_signals_deliver(int64_t call)
{
    struct posix_thread *self = posix_self();
    struct posix_delivery delivery;

    if (posix_is_lent) {
        return; /* they are the parent's, who takes them when it goes on */
    }
    while (posix_signal_take(&delivery)) {
        call_restart(call, &delivery);
        call = -1;
        if (frame_push(self, &delivery) < 0) {
            posix_process_crash(LINUX_SIGSEGV);
        }
        self->is_replaced = true;
    }
    call_restart(call, NULL);
    if (self->has_saved_mask) {
        self->has_saved_mask = 0;
        posix_signal_mask(self->saved_mask);
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

/* The mask comes back when the handler has, or without one on the way to the guest. */
static int64_t suspend(uint64_t mask)
{
    struct posix_thread *self = posix_self();

    self->saved_mask = self->mask;
    self->has_saved_mask = 1;
    posix_signal_mask(mask);
    return posix_signal_waits() ? -EINTR : qy_thread_sleep(DEADLINE_NEVER);
}

int64_t posix_rt_sigsuspend(uint64_t set, uint64_t size)
{
    uint64_t mask;

    if (size != sizeof mask) {
        return -EINVAL;
    }
    return guest_read(&mask, set, sizeof mask) < 0 ? -EFAULT : suspend(mask);
}

int64_t posix_pause(void)
{
    return posix_signal_waits() ? -EINTR : qy_thread_sleep(DEADLINE_NEVER);
}

static void context_load(const struct linux_sigcontext *from)
{
    struct thread_registers *to = &posix_redirect()->registers;

    to->r8 = from->r8, to->r9 = from->r9, to->r10 = from->r10, to->r11 = from->r11;
    to->r12 = from->r12, to->r13 = from->r13, to->r14 = from->r14, to->r15 = from->r15;
    to->rdi = from->rdi, to->rsi = from->rsi, to->rbp = from->rbp, to->rbx = from->rbx;
    to->rdx = from->rdx, to->rax = from->rax, to->rcx = from->rcx, to->rsp = from->rsp;
    to->rip = from->rip, to->rflags = from->rflags;
}

int64_t posix_rt_sigreturn(void)
{
    struct posix_thread *self = posix_self();
    struct redirect *redirect = posix_redirect();
    const uint64_t at = redirect->registers.rsp - offsetof(struct frame, context);
    struct linux_ucontext context;

    if (guest_read(&context, at + offsetof(struct frame, context), sizeof context) < 0 ||
        (context.context.fpu != 0 && posix_fpu_load_guest(context.context.fpu) < 0)) {
        posix_process_crash(LINUX_SIGSEGV);
    }
    context_load(&context.context);
    posix_signal_mask(context.mask);
    self->is_replaced = true;
    return 0;
}

int64_t posix_sigaltstack(uint64_t stack, uint64_t old)
{
    struct posix_thread *self = posix_self();
    const bool is_on = is_on_alternate(self, posix_redirect()->registers.rsp);
    struct linux_stack now = self->alternate;
    struct linux_stack wanted;

    now.flags |= self->alternate.size == 0 ? LINUX_SS_DISABLE : is_on ? LINUX_SS_ONSTACK : 0;
    if (stack != 0) {
        if (guest_read(&wanted, stack, sizeof wanted) < 0) {
            return -EFAULT;
        }
        if (is_on) {
            return -EPERM;
        }
        if ((wanted.flags & ~(LINUX_SS_DISABLE | LINUX_SS_ONSTACK | LINUX_SS_AUTODISARM)) != 0) {
            return -EINVAL;
        }
        if ((wanted.flags & LINUX_SS_DISABLE) != 0) {
            wanted = (struct linux_stack){0};
        } else if (wanted.size < LINUX_MINSIGSTKSZ) {
            return -ENOMEM;
        }
        wanted.flags &= LINUX_SS_AUTODISARM;
        self->alternate = wanted;
    }
    return old != 0 ? guest_write(old, &now, sizeof now) : 0;
}
