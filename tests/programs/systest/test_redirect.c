/* SPDX-License-Identifier: MIT */
/*
 * A thread whose guest, in low memory as a foreign program would be, is served by a library: that
 * of redirect.S and redirect_handle.
 */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/thread.h>

#define GUEST_BASE  0x400000ul
#define GUEST_STACK 0x4000
#define CALL_EXIT   60
#define KICKS       200
#define UD2_BYTES   2
#define SPIN_BYTES  4

#pragma GCC visibility push(hidden) /* else their differences go through the GOT */
extern const char guest_start[], guest_end[], guest_calls[], guest_faults[], guest_spin[],
    guest_busy[], guest_done[];
extern const char library_entry[], library_exit[], library_exit_end[];
#pragma GCC visibility pop

int64_t redirect_handle(struct redirect *redirect, bool is_kicked);

static struct {
    uint64_t calls, kicks, faults;
    uint64_t posted, handled; /* atomic */
    uint64_t word;
    uint64_t stack[GUEST_STACK / 8];
    const char *after_spin; /* where a kick sends it from there */
    bool will_wait, is_ready;
} guest;

static uint64_t guest_address(const char *place)
{
    return GUEST_BASE + (uint64_t)(place - guest_start);
}

/* What it was kicked for. */
static void signals_take(void)
{
    __atomic_store_n(&guest.handled, __atomic_load_n(&guest.posted, __ATOMIC_SEQ_CST),
                     __ATOMIC_SEQ_CST);
    (void)qy_thread_yield(); /* who posted may go on */
}

static void page_fault_mend(struct redirect *redirect)
{
    struct thread_registers *registers = &redirect->registers;
    const uint64_t address = redirect->detail[0];

    tap_equal((int64_t)address, (int64_t)registers->rbx, "page fault: its address");
    tap_equal((int64_t)redirect->detail[1], (int64_t)(address / 8 - 1), "page fault: its access");
    if (redirect->detail[1] == REDIRECT_EXEC) {
        registers->rip = registers->rax;
    } else {
        registers->rbx = (uint64_t)(uintptr_t)&guest.word;
    }
}

static void syscall_serve(struct thread_registers *registers)
{
    guest.calls++;
    switch (registers->rax) {
    case CALL_EXIT:
        tap_equal(qy_thread_redirect(false), 0, "thread_redirect: off");
        qy_thread_exit();
    default:
        if (guest.will_wait && guest.calls % 16 == 7) {
            (void)qy_thread_sleep(DEADLINE_NEVER); /* until a kick */
            signals_take();
        }
        registers->rax = (uint64_t)-38; /* Linux's ENOSYS */
    }
}

/* Called by redirect.S. 0: back by the exit window, 1: by thread_resume. */
int64_t redirect_handle(struct redirect *redirect, bool is_kicked)
{
    struct thread_registers *registers = &redirect->registers;

    if (is_kicked || redirect->reason == REDIRECT_KICK) {
        signals_take();
    }
    switch (redirect->reason) {
    case REDIRECT_SYSCALL:
        syscall_serve(registers);
        return guest.calls % 64 == 0;
    case REDIRECT_PAGE_FAULT:
        guest.faults++;
        page_fault_mend(redirect);
        return 1;
    case REDIRECT_EXCEPTION:
        guest.faults++;
        if (!tap_equal((int64_t)redirect->detail[0], 6, "exception: invalid opcode at guest+%ld",
                       (long)(registers->rip - GUEST_BASE))) {
            qy_thread_exit();
        }
        registers->rip += UD2_BYTES;
        return 1;
    default:
        guest.kicks++;
        if (registers->rip - guest_address(guest_spin) < SPIN_BYTES) {
            registers->rip = guest_address(guest.after_spin);
        }
        return guest.kicks % 2;
    }
}

/* A thread that becomes a guest. The library's stack is the rest of its own. */
static void guest_thread(void *argument)
{
    const int64_t status = qy_thread_redirect(true);
    struct redirect *redirect = &qy_buffer()->redirect;
    uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0) - 4096;

    here &= ~15ul;
    *(struct redirect **)(uintptr_t)here = redirect;
    *redirect = (struct redirect){
        .registers = {.rip = guest_address(argument),
                      .rsp = (uint64_t)(uintptr_t)&guest.stack[GUEST_STACK / 8],
                      .rflags = UINT64_MAX & ~0x500ul}, /* all but TF and DF: most are refused */
        .start = 0x10000000000,
        .end = USER_LIMIT,
        .entry = (uint64_t)(uintptr_t)library_entry,
        .stack = here,
        .exit_start = (uint64_t)(uintptr_t)library_exit,
        .exit_end = (uint64_t)(uintptr_t)library_exit_end,
    };
    tap_equal(status, -ENO_BUFFER, "thread_redirect without a message buffer");
    (void)qy_thread_set_base(1, (uint64_t)(uintptr_t)redirect);
    tap_equal(qy_thread_resume(), -EINVAL, "thread_resume without redirecting");
    tap_equal(qy_thread_redirect(true), 0, "thread_redirect: on");
    __atomic_store_n(&guest.is_ready, true, __ATOMIC_RELEASE);
    (void)qy_thread_resume(); /* does not return */
    tap_ok(false, "thread_resume came back");
}

static struct qy_thread *guest_begin(const char *entry)
{
    struct qy_thread *thread;

    guest.calls = guest.kicks = guest.faults = 0;
    guest.is_ready = false;
    tap_equal(qy_thread_create(guest_thread, (void *)(uintptr_t)entry, 0, &thread), 0, "a guest");
    return thread;
}

static void guest_join(struct qy_thread *thread)
{
    if (!tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "ends")) {
        (void)qy_thread_kill(thread->handle);
    }
}

static void guest_load(void)
{
    const size_t size = (size_t)(guest_end - guest_start);
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    int64_t status = qy_aspace_map(qy_self_aspace(), (handle_t)memory, 0, GUEST_BASE, PAGE_SIZE,
                                   MAP_READ | MAP_WRITE | MAP_FIXED);

    if (tap_equal(status, (int64_t)GUEST_BASE, "low memory for a guest")) {
        memcpy((void *)GUEST_BASE, guest_start, size);
        tap_equal(qy_aspace_protect(qy_self_aspace(), GUEST_BASE, PAGE_SIZE, MAP_READ | MAP_EXEC),
                  0, "made executable");
    }
    discard(memory);
}

/* Each kick must be seen, wherever it finds the thread. */
static void test_kicks(void)
{
    struct qy_thread *thread;
    const time_ns_t deadline = qy_deadline_after(PATIENT);
    uint64_t i = 0;
    bool is_seen = true;

    guest.after_spin = guest_busy;
    guest.will_wait = true;
    thread = guest_begin(guest_busy);
    while (is_seen && i < KICKS) {
        for (volatile uint64_t wait = i * 7919 % 701; wait > 0; wait--) {
        }
        __atomic_store_n(&guest.posted, ++i, __ATOMIC_SEQ_CST);
        (void)qy_thread_kick(thread->handle, 0);
        while (__atomic_load_n(&guest.handled, __ATOMIC_SEQ_CST) != i && is_seen) {
            (void)qy_thread_yield();
            is_seen = qy_clock_read() < deadline;
        }
    }
    tap_ok(is_seen, "%lu kicks of a busy guest are seen", i);
    tap_equal(qy_thread_kill(thread->handle), 0, "a guest is killed");
    guest_join(thread);
}

void test_redirect(void)
{
    struct qy_thread *thread;

    guest_load();

    guest_join(guest_begin(guest_calls));
    tap_equal((int64_t)guest.calls, 1001, "system calls that the library served");

    guest.word = 1234;
    guest_join(guest_begin(guest_faults));
    tap_equal((int64_t)guest.faults, 4, "faults that the library mended");

    guest.after_spin = guest_done;
    thread = guest_begin(guest_spin);
    while (!__atomic_load_n(&guest.is_ready, __ATOMIC_ACQUIRE)) {
        (void)qy_thread_yield();
    }
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_equal(qy_thread_kick(thread->handle, 0), 0, "a kick finds a guest that spins");
    guest_join(thread);
    tap_equal((int64_t)guest.kicks, 1, "once");

    test_kicks();
}
