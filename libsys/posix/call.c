/* SPDX-License-Identifier: MIT */
/* What the guest did, and what becomes of it. */
#include "call.h"
#include <quay/system.h>
#include <quay/text.h>
#include "access.h"
#include "memory.h"
#include "process.h"
#include "signal.h"

#define CALL_COUNT 512

#define ARGUMENTS_0(r) ()
#define ARGUMENTS_1(r) ((r)->rdi)
#define ARGUMENTS_2(r) ((r)->rdi, (r)->rsi)
#define ARGUMENTS_3(r) ((r)->rdi, (r)->rsi, (r)->rdx)
#define ARGUMENTS_4(r) ((r)->rdi, (r)->rsi, (r)->rdx, (r)->r10)
#define ARGUMENTS_5(r) ((r)->rdi, (r)->rsi, (r)->rdx, (r)->r10, (r)->r8)
#define ARGUMENTS_6(r) ((r)->rdi, (r)->rsi, (r)->rdx, (r)->r10, (r)->r8, (r)->r9)

#define POSIX_CALL(number, name, count, restart)                                                   \
    static int64_t serve_##name(const struct thread_registers *r)                                  \
    {                                                                                              \
        (void)r;                                                                                   \
        return posix_##name ARGUMENTS_##count(r);                                                  \
    }
#include "calls.def"
#undef POSIX_CALL

static const struct {
    int64_t (*serve)(const struct thread_registers *registers);
    enum posix_restart restart;
} calls[CALL_COUNT] = {
#define POSIX_CALL(number, name, count, restart) [number] = {serve_##name, POSIX_##restart},
#include "calls.def"
#undef POSIX_CALL
};

static uint32_t unknown[CALL_COUNT]; /* how often each was asked for; atomic */

enum posix_restart posix_call_restart(int64_t number)
{
    return calls[number].restart;
}

int64_t posix_error(int64_t status)
{
    if (status > 0) {
        status = -status; /* the protocols' numbers are Linux's */
    }
    switch (-status) {
    case ELEASE:
        return -EFAULT;
    case EQUOTA:
        return -ENOMEM;
    case ENOTSUP:
        return -EOPNOTSUPP;
    case EREVOKED:
    case EWRONG_TYPE:
        return -EBADF;
    default:
        return -status >= 512 ? -EIO : status;
    }
}

/* Programs try these first and have another way: nothing is missing without them. */
static bool is_optional(uint64_t number)
{
    const uint64_t rseq = 334, io_uring_setup = 425, clone3 = 435, openat2 = 437;

    return number == rseq || number == io_uring_setup || number == clone3 || number == openat2;
}

static int64_t serve_unknown(uint64_t number)
{
    if (number < CALL_COUNT && !is_optional(number) &&
        __atomic_fetch_add(&unknown[number], 1, __ATOMIC_RELAXED) == 0) {
        qy_log("system call %lu is not served", number);
    }
    return -ENOSYS;
}

static int64_t call_serve(struct posix_thread *self, struct thread_registers *registers)
{
    const uint64_t number = registers->rax;
    int64_t result;

    if (registers->rsp < posix_stack_low + PAGE_SIZE) {
        (void)posix_memory_grow_stack(registers->rsp -
                                      PAGE_SIZE); /* it is not that stack, or full */
    }
    if (number < CALL_COUNT && calls[number].serve != NULL) {
        result = calls[number].serve(registers);
    } else {
        result = serve_unknown(number);
    }
    if (self->is_replaced) {
        return -1;
    }
    registers->rax = (uint64_t)result;
    return (int64_t)number;
}

/* Makes a signal of it, unless it is the stack that has to grow. */
static void fault(const struct redirect *redirect)
{
    static const uint8_t signals[] = {
        [0] = LINUX_SIGFPE,  [1] = LINUX_SIGTRAP, [3] = LINUX_SIGTRAP, [4] = LINUX_SIGSEGV,
        [5] = LINUX_SIGSEGV, [6] = LINUX_SIGILL,  [12] = LINUX_SIGBUS, [13] = LINUX_SIGSEGV,
        [16] = LINUX_SIGFPE, [17] = LINUX_SIGBUS, [19] = LINUX_SIGFPE,
    };
    const uint64_t vector = redirect->detail[0];
    struct linux_siginfo info = {.number = LINUX_SIGSEGV, .code = LINUX_SI_KERNEL};

    if (redirect->reason == REDIRECT_PAGE_FAULT) {
        if (posix_memory_grow_stack(redirect->detail[0])) {
            return;
        }
        info.code = LINUX_SEGV_MAPERR;
        info.address = redirect->detail[0];
    } else if (vector < sizeof signals && signals[vector] != 0) {
        info.number = signals[vector];
        if (info.number == LINUX_SIGFPE || info.number == LINUX_SIGILL) {
            info.code = vector == 0 ? 1 : 2; /* FPE_INTDIV, ILL_ILLOPN */
            info.address = redirect->registers.rip;
        }
    }
    posix_signal_fault(&info);
}

uint64_t posix_serve(void)
{
    struct posix_thread *self = posix_self();
    struct redirect *redirect = posix_redirect();
    int64_t call = -1;

    self->is_replaced = redirect->reason != REDIRECT_SYSCALL;
    switch (redirect->reason) {
    case REDIRECT_SYSCALL:
        call = call_serve(self, &redirect->registers);
        break;
    case REDIRECT_KICK:
        redirect->kicked = 1;
        break;
    default:
        fault(redirect);
        redirect->kicked = 1;
        break;
    }
    if (call >= 0 && redirect->registers.rax == (uint64_t)-EINTR) {
        redirect->kicked = 1;
    } else {
        self->restart_deadline = 0;
    }
    while (__atomic_exchange_n(&redirect->kicked, 0, __ATOMIC_SEQ_CST) != 0) {
        posix_signals_deliver(call);
        call = -1;
    }
    return self->is_replaced;
}
