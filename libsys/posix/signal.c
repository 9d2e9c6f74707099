/* SPDX-License-Identifier: MIT */
/*
 * Which signals a guest handles. Dispositions are the layer's; proc reads what it has to know of
 * them in the process page, and this file keeps it up to date:
 *
 *   blocked    by every thread: proc then only makes it pending
 *   ignored    SIG_IGN: proc drops it
 *   caught     has a handler, or somebody waits for it: proc kicks
 *
 * A signal of the process is pending in the page, one of a thread in its record. Whoever is kicked
 * takes what it does not block, and kicks others for what they do not block.
 */
#include "signal.h"
#include <idl/proc.h>
#include <quay/clock.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include "call.h"
#include "guest.h"
#include "pages.h"
#include "process.h"
#include "raise.h"

#define BIT(number) (1ul << ((number)-1))

#define UNBLOCKABLE (BIT(LINUX_SIGKILL) | BIT(LINUX_SIGSTOP))
#define STOPS       (BIT(LINUX_SIGTSTP) | BIT(LINUX_SIGTTIN) | BIT(LINUX_SIGTTOU))
#define HARMLESS    (BIT(LINUX_SIGCHLD) | BIT(LINUX_SIGCONT) | BIT(LINUX_SIGURG) | BIT(LINUX_SIGWINCH))
/* What an instruction did: taken before all others. */
#define FAULTS                                                                                     \
    (BIT(LINUX_SIGSEGV) | BIT(LINUX_SIGBUS) | BIT(LINUX_SIGILL) | BIT(LINUX_SIGTRAP) |             \
     BIT(LINUX_SIGFPE) | BIT(LINUX_SIGSYS))

/* Those that end a program as a crash does, as POSIX has it. */
#define CRASHES                                                                                    \
    (FAULTS | BIT(LINUX_SIGABRT) | BIT(LINUX_SIGQUIT) | BIT(LINUX_SIGXCPU) | BIT(LINUX_SIGXFSZ))

/* What a thread has beside its record; in signal_state. */
struct thread_signals {
    uint64_t waited; /* rt_sigtimedwait: pending is enough, whatever is blocked */
    uint64_t fault_address;
    int32_t fault_number, fault_code; /* 0: none */
    int8_t codes[LINUX_SIGNAL_COUNT]; /* si_code of what is pending for the thread */
};

_Static_assert(sizeof(struct thread_signals) <= sizeof(((struct posix_thread *)0)->signal_state),
               "room in the thread's record");

static struct {
    struct qy_mutex mutex; /* of actions, and of taking from the page */
    struct linux_sigaction actions[LINUX_SIGNAL_COUNT];
    uint64_t handled; /* those that have a handler */
    uint64_t ignored; /* SIG_IGN */
} signals;

/* Put aside while a child of vfork has this process. */
static struct {
    bool is_on;
    uint64_t mask, handled, ignored;
} lent;

static POSIX_LARGE struct linux_sigaction lent_actions[LINUX_SIGNAL_COUNT];

static struct thread_signals *signals_of(struct posix_thread *thread)
{
    return (struct thread_signals *)(void *)thread->signal_state;
}

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST); /* pairs with proc's and other threads' */
}

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST); /* the same */
}

/* Looks again on the way back to the guest. */
static void look_again(void)
{
    posix_redirect()->kicked = 1;
}

/* --- what proc has to know ------------------------------------------------------------------- */

struct sums {
    uint64_t blocked, waited;
};

static bool thread_add(struct posix_thread *thread, void *context)
{
    struct sums *sums = context;

    sums->blocked &= load(&thread->mask) & ~load(&signals_of(thread)->waited);
    sums->waited |= load(&signals_of(thread)->waited);
    return false;
}

static void action_set(uint32_t number, const struct linux_sigaction *action)
{
    const bool has_handler = action->handler > LINUX_SIG_IGN;

    signals.actions[number - 1] = *action;
    signals.handled = has_handler ? signals.handled | BIT(number) : signals.handled & ~BIT(number);
    signals.ignored = action->handler == LINUX_SIG_IGN ? signals.ignored | BIT(number)
                                                       : signals.ignored & ~BIT(number);
}

/* Caught before unblocked: proc must not see a default action that nobody wants. */
static void page_update(void)
{
    struct process_page *page = qy_process_page();
    struct sums sums = {.blocked = ~0ul};

    if (lent.is_on) {
        return; /* the page is the parent's */
    }
    (void)posix_thread_visit(0, thread_add, &sums); /* there is one, who calls */
    store(&page->caught, signals.handled | sums.waited);
    store(&page->blocked, sums.blocked);
}

void posix_signal_mask(uint64_t mask)
{
    struct posix_thread *self = posix_self();
    struct process_page *page = qy_process_page();

    if (self->mask != (mask & ~UNBLOCKABLE)) {
        qy_mutex_lock(&signals.mutex);
        store(&self->mask, mask & ~UNBLOCKABLE);
        page_update();
        qy_mutex_unlock(&signals.mutex);
        if (((load(&page->pending) | load(&self->pending)) & ~self->mask) != 0) {
            look_again();
        }
    }
}

/* --- taking ---------------------------------------------------------------------------------- */

static uint32_t first_of(uint64_t set)
{
    set = (set & FAULTS) != 0 ? set & FAULTS : set;
    return (uint32_t)__builtin_ctzl(set) + 1;
}

static void info_sender(struct linux_siginfo *info, const struct process_signal *signal)
{
    info->code = signal->code;
    info->pid = signal->pid;
    if (info->number == LINUX_SIGCHLD) {
        info->status = (int32_t)signal->value;
    } else {
        info->value = signal->value;
    }
}

/* The oldest of its number; sets the bit again if there are more. */
static void queue_take(struct process_page *page, uint32_t number, struct linux_siginfo *info)
{
    struct process_queued *oldest = NULL;
    uint64_t lowest = UINT64_MAX;
    uint32_t count = 0;

    for (uint32_t i = 0; i < PROCESS_QUEUE_MAX; i++) {
        struct process_queued *queued = &page->queue[i];
        const uint64_t order = load(&queued->order);

        if (order != 0 && queued->number == number) {
            count++;
            if (order < lowest) {
                lowest = order;
                oldest = queued;
            }
        }
    }
    if (oldest != NULL) {
        info_sender(info, &oldest->signal);
        store(&oldest->order, 0);
    }
    if (count > 1) {
        (void)__atomic_fetch_or(&page->pending, BIT(number), __ATOMIC_SEQ_CST);
    }
}

/* Under the lock: 0, or a signal of the set that was pending and is not any more. */
static uint32_t take_locked(struct posix_thread *self, uint64_t set, struct linux_siginfo *info)
{
    struct process_page *page = qy_process_page();
    struct thread_signals *own = signals_of(self);
    const uint64_t mine = load(&self->pending) & set;
    const uint64_t ours = load(&page->pending) & set;

    if ((mine | ours) == 0) {
        return 0;
    }
    const uint32_t number = first_of(mine | ours);
    *info = (struct linux_siginfo){.number = (int32_t)number};
    if ((mine & BIT(number)) != 0) {
        (void)__atomic_fetch_and(&self->pending, ~BIT(number), __ATOMIC_SEQ_CST);
        info->code = own->codes[number - 1];
        info->pid = page->pid;
        if (own->fault_number == (int32_t)number) {
            own->fault_number = 0;
            info->code = own->fault_code;
            info->address = own->fault_address;
        }
        return number;
    }
    const struct process_signal signal =
        number < PROCESS_SIGNAL_STANDARD ? page->info[number] : (struct process_signal){0};
    (void)__atomic_fetch_and(&page->pending, ~BIT(number), __ATOMIC_SEQ_CST);
    info_sender(info, &signal);
    if (number >= PROCESS_SIGNAL_STANDARD) {
        queue_take(page, number, info);
    }
    return number;
}

/* A signal of the process that the caller blocks is for another thread. */
static bool thread_offer(struct posix_thread *thread, void *context)
{
    const uint64_t wants = ~load(&thread->mask) | load(&signals_of(thread)->waited);

    if (thread == posix_self() || (load(&qy_process_page()->pending) & wants) == 0) {
        return false;
    }
    (void)context;
    (void)qy_thread_kick(thread->handle, DEADLINE_NEVER); /* it may be ending */
    return true;
}

static void default_action(uint32_t number)
{
    if ((BIT(number) & HARMLESS) != 0) {
        return;
    }
    if ((BIT(number) & (STOPS | BIT(LINUX_SIGSTOP))) != 0) {
        (void)qy_proc_stop(qy_process_page()->proc, number, DEADLINE_NEVER); /* or it is orphaned */
        return;
    }
    if ((BIT(number) & CRASHES) != 0) {
        posix_process_crash(number);
    }
    posix_process_end(PROCESS_EXIT_SIGNAL | number);
}

/* Whether a handler is to run. */
static bool action_take(struct posix_delivery *delivery)
{
    struct linux_sigaction action = signals.actions[delivery->number - 1];

    delivery->action = action;
    if (action.handler <= LINUX_SIG_IGN) {
        return false;
    }
    if ((action.flags & LINUX_SA_RESETHAND) != 0) {
        action.handler = LINUX_SIG_DFL;
        action_set(delivery->number, &action);
        page_update();
    }
    return true;
}

bool posix_signal_take(struct posix_delivery *ret_delivery)
{
    struct posix_thread *self = posix_self();

    for (;;) {
        qy_mutex_lock(&signals.mutex);
        ret_delivery->number = take_locked(self, ~self->mask, &ret_delivery->info);
        const bool is_handled = ret_delivery->number != 0 && action_take(ret_delivery);
        qy_mutex_unlock(&signals.mutex);
        if (is_handled) {
            return true;
        }
        if (ret_delivery->number == 0) {
            if (load(&qy_process_page()->pending) != 0) {
                (void)posix_thread_visit(0, thread_offer, NULL); /* or nobody wants it yet */
            }
            return false;
        }
        if (ret_delivery->action.handler == LINUX_SIG_DFL) {
            default_action(ret_delivery->number);
        }
    }
}

bool posix_signal_waits(void)
{
    const struct posix_thread *self = posix_self();
    uint64_t set = (load(&self->pending) | load(&qy_process_page()->pending)) & ~self->mask;

    for (; set != 0; set &= set - 1) {
        const uint32_t number = (uint32_t)__builtin_ctzl(set) + 1;
        const uint64_t handler = signals.actions[number - 1].handler;

        if (handler > LINUX_SIG_IGN ||
            (handler == LINUX_SIG_DFL && (BIT(number) & HARMLESS) == 0)) {
            return true;
        }
    }
    return false;
}

/* --- making ---------------------------------------------------------------------------------- */

static void thread_put(struct posix_thread *thread, uint32_t number, int32_t code)
{
    signals_of(thread)->codes[number - 1] = (int8_t)code;
    (void)__atomic_fetch_or(&thread->pending, BIT(number), __ATOMIC_SEQ_CST);
    if (thread == posix_self()) {
        look_again();
    } else {
        (void)qy_thread_kick(thread->handle, DEADLINE_NEVER); /* it may be ending */
    }
}

struct put {
    uint32_t number;
};

static bool thread_put_visit(struct posix_thread *thread, void *context)
{
    const struct put *put = context;

    if (put->number != 0) {
        thread_put(thread, put->number, LINUX_SI_TKILL);
    }
    return true;
}

int64_t posix_signal_thread(uint32_t id, uint32_t number)
{
    struct put put = {number};

    return posix_thread_visit(id, thread_put_visit, &put);
}

bool posix_signal_self(uint32_t number, int32_t code)
{
    struct posix_thread *self = posix_self();

    if (number >= PROCESS_SIGNAL_STANDARD || ((self->mask | UNBLOCKABLE) & BIT(number)) != 0) {
        return false;
    }
    thread_put(self, number, code);
    return true;
}

void posix_signal_fault(const struct linux_siginfo *info)
{
    struct posix_thread *self = posix_self();
    struct thread_signals *own = signals_of(self);
    const uint32_t number = (uint32_t)info->number;

    if ((self->mask & BIT(number)) != 0 || signals.actions[number - 1].handler <= LINUX_SIG_IGN) {
        posix_process_crash(number);
    }
    own->fault_number = info->number;
    own->fault_code = info->code;
    own->fault_address = info->address;
    (void)__atomic_fetch_or(&self->pending, BIT(number), __ATOMIC_SEQ_CST);
}

/* --- start, exec, fork, end ------------------------------------------------------------------ */

void posix_signal_start(uint64_t blocked, uint64_t ignored)
{
    struct posix_thread *self = posix_self();

    signals.ignored = ignored & ~UNBLOCKABLE;
    for (uint64_t set = signals.ignored; set != 0; set &= set - 1) {
        signals.actions[__builtin_ctzl(set)].handler = LINUX_SIG_IGN;
    }
    self->mask = blocked & ~UNBLOCKABLE;
    store(&qy_process_page()->ignored, ignored & ~UNBLOCKABLE);
    page_update();
}

void posix_signal_exec(void)
{
    qy_mutex_lock(&signals.mutex);
    for (uint32_t i = 0; i < LINUX_SIGNAL_COUNT; i++) {
        const bool is_ignored = signals.actions[i].handler == LINUX_SIG_IGN;
        signals.actions[i] =
            (struct linux_sigaction){.handler = is_ignored ? LINUX_SIG_IGN : LINUX_SIG_DFL};
    }
    signals.handled = 0;
    page_update();
    qy_mutex_unlock(&signals.mutex);
}

void posix_signal_fork(void)
{
    signals.mutex = (struct qy_mutex){0}; /* who held it is not here */
    signals_of(posix_self())->fault_number = 0;
    page_update();
}

static void child_flags(uint64_t flags)
{
    struct process_page *page = qy_process_page();
    const uint32_t stop = (flags & LINUX_SA_NOCLDSTOP) != 0 ? PROCESS_NO_CHILD_STOP : 0;
    const uint32_t wait = (flags & LINUX_SA_NOCLDWAIT) != 0 ? PROCESS_NO_CHILD_WAIT : 0;
    const uint32_t kept = page->flags & ~(PROCESS_NO_CHILD_STOP | PROCESS_NO_CHILD_WAIT);

    __atomic_store_n(&page->flags, kept | stop | wait, __ATOMIC_SEQ_CST); /* pairs with proc's */
}

/* --- vfork ----------------------------------------------------------------------------------- */

void posix_signal_lend(void)
{
    qy_mutex_lock(&signals.mutex);
    lent.is_on = true;
    lent.mask = posix_self()->mask;
    lent.handled = signals.handled;
    lent.ignored = signals.ignored;
    memcpy(lent_actions, signals.actions, sizeof lent_actions);
    store(&qy_process_page()->blocked, ~UNBLOCKABLE); /* they wait for the parent */
    qy_mutex_unlock(&signals.mutex);
}

void posix_signal_return(void)
{
    qy_mutex_lock(&signals.mutex);
    lent.is_on = false;
    memcpy(signals.actions, lent_actions, sizeof lent_actions);
    signals.handled = lent.handled;
    signals.ignored = lent.ignored;
    store(&posix_self()->mask, lent.mask);
    page_update();
    qy_mutex_unlock(&signals.mutex);
    look_again();
}

uint64_t posix_signal_ignored(void)
{
    return signals.ignored;
}

void posix_signal_keep(void)
{
    qy_mutex_lock(&signals.mutex);
    lent.is_on = false;
    store(&qy_process_page()->ignored, posix_signal_ignored());
    child_flags(signals.actions[LINUX_SIGCHLD - 1].flags);
    page_update();
    qy_mutex_unlock(&signals.mutex);
}

void posix_signal_leave(void)
{
    const struct posix_thread *self = posix_self();

    qy_mutex_lock(&signals.mutex);
    page_update();
    qy_mutex_unlock(&signals.mutex);
    do {
        (void)posix_thread_visit(0, thread_offer, NULL); /* or nobody wants what is pending */
        if (self->handle == qy_process_page()->thread) {
            (void)qy_thread_sleep(DEADLINE_NEVER); /* until it is kicked */
        }
    } while (self->handle == qy_process_page()->thread);
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool is_signal(uint64_t number)
{
    return number >= 1 && number <= LINUX_SIGNAL_COUNT;
}

static void action_change(uint32_t number, struct linux_sigaction *wanted)
{
    struct process_page *page = qy_process_page();
    const bool is_ignored = wanted->handler == LINUX_SIG_IGN;
    const uint64_t ignored = page->ignored & ~BIT(number);

    wanted->mask &= ~UNBLOCKABLE;
    action_set(number, wanted);
    if (lent.is_on) {
        return;
    }
    store(&page->ignored, is_ignored ? ignored | BIT(number) : ignored);
    page_update();
    if (is_ignored || (wanted->handler == LINUX_SIG_DFL && (BIT(number) & HARMLESS) != 0)) {
        (void)__atomic_fetch_and(&page->pending, ~BIT(number), __ATOMIC_SEQ_CST);
    }
    if (number == LINUX_SIGCHLD) {
        child_flags(wanted->flags);
    }
}

int64_t posix_rt_sigaction(uint64_t number, uint64_t action, uint64_t old, uint64_t size)
{
    struct linux_sigaction wanted, before;

    if (size != sizeof(uint64_t) || !is_signal(number) ||
        (action != 0 && (BIT(number) & UNBLOCKABLE) != 0)) {
        return -EINVAL;
    }
    if (action != 0 && guest_read(&wanted, action, sizeof wanted) < 0) {
        return -EFAULT;
    }
    qy_mutex_lock(&signals.mutex);
    before = signals.actions[number - 1];
    if (action != 0) {
        action_change((uint32_t)number, &wanted);
    }
    qy_mutex_unlock(&signals.mutex);
    return old != 0 ? guest_write(old, &before, sizeof before) : 0;
}

int64_t posix_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old, uint64_t size)
{
    const uint64_t before = posix_self()->mask;
    uint64_t wanted;

    if (size != sizeof wanted) {
        return -EINVAL;
    }
    if (set != 0) {
        if (guest_read(&wanted, set, sizeof wanted) < 0) {
            return -EFAULT;
        }
        if (how > LINUX_SIG_SETMASK) {
            return -EINVAL;
        }
        posix_signal_mask(how == LINUX_SIG_BLOCK     ? before | wanted
                          : how == LINUX_SIG_UNBLOCK ? before & ~wanted
                                                     : wanted);
    }
    return old != 0 ? guest_write(old, &before, sizeof before) : 0;
}

int64_t posix_rt_sigpending(uint64_t set, uint64_t size)
{
    const struct posix_thread *self = posix_self();
    const uint64_t pending =
        (load(&self->pending) | load(&qy_process_page()->pending)) & self->mask;

    return size > sizeof pending ? -EINVAL : guest_write(set, &pending, size);
}

static uint32_t take_waited(struct posix_thread *self, uint64_t set, struct linux_siginfo *info)
{
    qy_mutex_lock(&signals.mutex);
    const uint32_t number = take_locked(self, set, info);
    store(&signals_of(self)->waited, number == 0 ? set : 0);
    page_update();
    qy_mutex_unlock(&signals.mutex);
    return number;
}

static void wait_over(struct posix_thread *self)
{
    qy_mutex_lock(&signals.mutex);
    store(&signals_of(self)->waited, 0);
    page_update();
    qy_mutex_unlock(&signals.mutex);
}

int64_t posix_rt_sigtimedwait(uint64_t set, uint64_t ret_info, uint64_t timeout, uint64_t size)
{
    struct posix_thread *self = posix_self();
    struct linux_timespec time = {0};
    struct linux_siginfo info;
    uint64_t wanted;
    int64_t status = 0;

    if (size != sizeof wanted) {
        return -EINVAL;
    }
    if (guest_read(&wanted, set, sizeof wanted) < 0 ||
        (timeout != 0 && guest_read(&time, timeout, sizeof time) < 0)) {
        return -EFAULT;
    }
    wanted &= ~UNBLOCKABLE;
    const time_ns_t deadline = timeout != 0 ? posix_deadline(&time) : DEADLINE_NEVER;
    uint32_t number = take_waited(self, wanted, &info);
    while (number == 0 && status == 0) {
        status = posix_signal_waits() ? -EINTR : qy_thread_sleep(deadline);
        number = take_waited(self, wanted, &info);
        status = status == -EINTR && !posix_signal_waits() ? 0 : status == 0 ? -EAGAIN : status;
    }
    wait_over(self);
    if (number == 0) {
        return status;
    }
    return ret_info != 0 && guest_write(ret_info, &info, sizeof info) < 0 ? -EFAULT : number;
}
