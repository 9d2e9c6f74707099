/* SPDX-License-Identifier: MIT */
/* What the guest did, and what becomes of it. */
#include "call.h"
#include <quay/system.h>
#include <quay/text.h>
#include "access.h"
#include "memory.h"
#include "pages.h"
#include "process.h"
#include "signal.h"
#include "vfork.h"

static const uint8_t restarts[POSIX_CALL_COUNT] = {
#define POSIX_CALL(number, name, count, restart) [number] = POSIX_##restart,
#include "calls.def"
#undef POSIX_CALL
};

static POSIX_LARGE uint32_t
    unknown_counts[POSIX_CALL_COUNT]; /* how often each was asked for; atomic */

enum posix_restart posix_call_restart(int64_t number)
{
    return (enum posix_restart)restarts[number];
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
    case ERESTART: /* a terminal has sent a signal: it is served, and the call made again */
        return -EINTR;
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
    if (number < POSIX_CALL_COUNT && !is_optional(number) &&
        __atomic_fetch_add(&unknown_counts[number], 1, __ATOMIC_RELAXED) == 0) {
        qy_log("system call %lu is not served", number);
    }
    return -ENOSYS;
}

static int64_t unknown(void)
{
    return serve_unknown(posix_redirect()->registers.rax);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winitializer-overrides" /* those that there are */
void (*const posix_calls[POSIX_CALL_COUNT])(void) = {
    [0 ... POSIX_CALL_COUNT - 1] = (void (*)(void))unknown,
#define POSIX_CALL(number, name, count, restart) [number] = (void (*)(void))posix_##name,
#include "calls.def"
#undef POSIX_CALL
};
#pragma GCC diagnostic pop

typedef int64_t call_fn(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* SAFETY: a function with fewer parameters does not look at the others; entry.S calls them so too.
 */
int64_t posix_call_serve(const struct thread_registers *r)
{
    call_fn *serve = (call_fn *)posix_calls[r->rax < POSIX_CALL_COUNT ? r->rax : 0];

    return r->rax < POSIX_CALL_COUNT ? serve(r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9)
                                     : serve_unknown(r->rax);
}

static int64_t call_begin(const struct thread_registers *r)
{
    if (r->rsp < posix_stack_limit) {
        (void)posix_memory_grow_stack(r->rsp - PAGE_SIZE); /* it is not that stack, or full */
    }
    return posix_is_lent ? posix_vfork_serve(r) : posix_call_serve(r);
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
    if (!posix_is_lent || posix_vfork_split()) {
        posix_signal_fault(&info);
    }
}

/* What has come meanwhile is handled before the guest goes on. */
static uint64_t go_back(struct posix_thread *self, int64_t call)
{
    struct redirect *redirect = posix_redirect();

    while (__atomic_exchange_n(&redirect->kicked, 0, __ATOMIC_SEQ_CST) != 0) {
        posix_signals_deliver(call);
        call = -1;
    }
    const uint64_t is_replaced = self->is_replaced;
    self->is_replaced = false;
    return is_replaced;
}

uint64_t posix_call_end(int64_t number, int64_t result)
{
    struct posix_thread *self = posix_self();
    struct redirect *redirect = posix_redirect();

    if (self->is_replaced) {
        number = -1;
    } else {
        redirect->registers.rax = (uint64_t)result;
    }
    if (number >= 0 && result == -EINTR) {
        redirect->kicked = 1;
    } else {
        self->is_timed = false;
    }
    return go_back(self, number);
}

uint64_t posix_serve(void)
{
    struct redirect *redirect = posix_redirect();

    switch (redirect->reason) {
    case REDIRECT_SYSCALL:
        return posix_call_end((int64_t)redirect->registers.rax, call_begin(&redirect->registers));
    case REDIRECT_KICK:
        break;
    default:
        fault(redirect);
        break;
    }
    redirect->kicked = 1;
    posix_self()->is_replaced = true; /* all registers count */
    return go_back(posix_self(), -1);
}
