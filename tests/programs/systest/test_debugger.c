/* SPDX-License-Identifier: MIT */
/* A small debugger: stops a child, looks into it, steps, changes it, and lets it go on. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/abi/memory.h>
#include <quay/exception.h>
#include <quay/handle.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define KEY       9
#define TRAP_FLAG (1ul << 8)

static struct {
    handle_t port, child;
    struct qy_received io;
    struct exception_message stopped;
} debugger;

/* In the child: stops, and says what became of it. The debugger makes 2 of 1, and steps over the
 * additions. */
static volatile uint64_t debugged_word;

static __attribute__((noinline)) void debugged_place(void)
{
    __asm__ volatile("" : : : "memory");
}

int debugged_child(void)
{
    uint64_t value = 1;

    debugged_word = 40;
    __asm__ volatile("int3\n\taddq $1, %0\n\taddq $1, %0" : "+a"(value));
    debugged_word += value;
    debugged_place();
    return (int)debugged_word;
}

/* Answers the exception before, if there is one, and waits for the next. */
static bool stop_wait(void)
{
    const struct exception_message *message;

    if (qy_port_reply_receive(debugger.port, &debugger.io, qy_deadline_after(PATIENT)) !=
        RECEIVED_CALL) {
        return false;
    }
    message = qy_exception(&debugger.io.message);
    if (message != NULL) {
        debugger.stopped = *message;
    }
    return message != NULL;
}

static void answer_next(const struct thread_registers *registers)
{
    debugger.io.message.header = qy_exception_answer(EXCEPTION_RESUME, registers);
}

static void test_breakpoint_and_steps(void)
{
    int64_t job = qy_job_create(qy_self_job());
    tap_equal(qy_exception_bind((handle_t)job, debugger.port, KEY), 0, "exception_bind");
    tap_equal(self_spawn("debugged", 0, (handle_t)job, NULL, 0, &debugger.child), 0,
              "a child to be debugged");
    tap_ok(stop_wait(), "stops");
    tap_equal(debugger.stopped.kind, EXCEPTION_BREAKPOINT, "at its breakpoint");
    uint64_t place = (uint64_t)(uintptr_t)&debugged_word;
    uint64_t word = 0;
    tap_equal(qy_process_read(debugger.child, place, &word, sizeof word), sizeof word,
              "process_read");
    tap_equal((int64_t)word, 40, "sees its variable");
    struct qy_result mapping = qy_process_mapping(debugger.child, place);
    tap_ok((uint64_t)mapping.status <= place && place < mapping.second &&
               (mapping.third & (MAP_READ | MAP_WRITE | MAP_EXEC)) == (MAP_READ | MAP_WRITE),
           "and where that is mapped");
    word = 70;
    tap_equal(qy_process_write(debugger.child, place, &word, sizeof word), sizeof word,
              "process_write");
    tap_ok(debugged_word != 70, "changes the child's and not ours");
    struct thread_registers registers = debugger.stopped.registers;
    uint64_t start = registers.rip;
    tap_equal((int64_t)registers.rax, 1, "its register");
    registers.rax = 2;
    registers.rflags |= TRAP_FLAG;
    answer_next(&registers);
    tap_ok(stop_wait(), "it stops after one instruction");
    tap_equal(debugger.stopped.kind, EXCEPTION_DEBUG, "for the debugger");
    tap_equal((int64_t)debugger.stopped.registers.rip, (int64_t)start + 4, "behind it");
    tap_equal((int64_t)debugger.stopped.registers.rax, 3, "which has added to our 2");
    answer_next(NULL);
    tap_ok(stop_wait(), "and after the next one");
    tap_equal((int64_t)debugger.stopped.registers.rax, 4, "which has added too");
    registers = debugger.stopped.registers;
    registers.rflags &= ~TRAP_FLAG;
    handle_t thread = (handle_t)qy_exception_thread(debugger.port, debugger.io.token);
    tap_equal(qy_thread_set_breakpoint(thread, 0, place, BREAKPOINT_WRITE, 8), 0,
              "a breakpoint for writing its variable");
    tap_equal(qy_thread_set_breakpoint(thread, 3, (uint64_t)(uintptr_t)debugged_place,
                                       BREAKPOINT_EXEC, 1),
              0, "and one for a function");
    tap_equal(qy_thread_set_breakpoint(thread, 1, 0xffffffff80100000, BREAKPOINT_EXEC, 1), -EINVAL,
              "the kernel has none");
    answer_next(&registers);
    tap_ok(stop_wait(), "it stops");
    tap_equal(debugger.stopped.code, 1, "having written");
    tap_equal(qy_process_read(debugger.child, place, &word, sizeof word), sizeof word,
              "process_read");
    tap_equal((int64_t)word, 74, "what it was to write");
    tap_equal(qy_thread_set_breakpoint(thread, 0, 0, BREAKPOINT_NONE, 0), 0, "one is taken off");
    answer_next(NULL);
    tap_ok(stop_wait(), "it stops");
    tap_equal(debugger.stopped.code, 1 << 3, "for the other");
    tap_equal((int64_t)debugger.stopped.registers.rip, (int64_t)(uintptr_t)debugged_place,
              "at the function");
    discard((int64_t)thread);
    struct qy_message last = {.header = qy_exception_answer(EXCEPTION_RESUME, NULL)};
    tap_equal(qy_port_reply(debugger.port, debugger.io.token, &last), 0, "it goes on");
    tap_equal(qy_object_wait(debugger.child, SIGNAL_EXITED, qy_deadline_after(PATIENT)),
              SIGNAL_EXITED, "to its end");
    tap_equal((int64_t)qy_process_info(debugger.child).second, 74, "with what we have changed");
    discard((int64_t)debugger.child);
    discard(job);
}

static void counter(void *argument)
{
    volatile uint64_t *count = argument;
    for (;;) {
        (*count)++;
    }
}

static void test_suspend(void)
{
    static uint64_t count;
    struct qy_thread *thread;
    const struct thread_registers *registers = (const void *)qy_buffer()->payload;
    tap_equal(qy_thread_create(counter, &count, 0, &thread), 0, "a thread that counts");
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_equal(qy_thread_read_state(thread->handle), -EBUSY, "its registers do not hold still");
    tap_equal(qy_thread_suspend(thread->handle, 1), 0, "thread_suspend");
    tap_equal(qy_object_wait(thread->handle, SIGNAL_SUSPENDED, qy_deadline_after(PATIENT)),
              SIGNAL_SUSPENDED, "stops it");
    uint64_t before = *(volatile uint64_t *)&count;
    (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
    tap_ok(before > 0 && *(volatile uint64_t *)&count == before, "it does not count any more");
    tap_equal(qy_thread_read_state(thread->handle), 0, "thread_read_state");
    tap_ok(registers->rip - (uint64_t)(uintptr_t)counter < 64, "it is where it counts");
    tap_equal(qy_thread_write_state(thread->handle), 0, "thread_write_state");
    tap_equal(qy_thread_suspend(thread->handle, 0), 0, "let go on");
    time_ns_t end = qy_deadline_after(PATIENT);
    while (*(volatile uint64_t *)&count == before && qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    tap_ok(*(volatile uint64_t *)&count != before, "it counts again");
    (void)qy_thread_suspend(thread->handle, 1);
    tap_equal(qy_thread_kill(thread->handle), 0, "suspended again, it is killed");
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "and ends");
}

#define FPU_FIRST  0x1122334455667788ul
#define FPU_SECOND 0x99aabbccddeeff00ul

/* Shows what is in one of its registers, again and again. */
static void fpu_shower(void *argument)
{
    volatile uint64_t *shown = argument;
    uint64_t first = FPU_FIRST;
    __asm__ volatile("movq %0, %%xmm3" : : "r"(first));
    for (;;) {
        __asm__ volatile("movq %%xmm3, %0" : "=m"(*shown));
    }
}

static bool shows(volatile uint64_t *shown, uint64_t value)
{
    time_ns_t end = qy_deadline_after(PATIENT);
    while (*shown != value && qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    }
    return *shown == value;
}

/* Where XSAVE lays things out: MXCSR, xmm3, XSTATE_BV, XCOMP_BV and what is reserved behind them.
 */
static void test_fpu_state(void)
{
    static uint64_t shown;
    static const struct {
        unsigned word;
        uint64_t bits;
        const char *what;
    } refused[] = {
        {24 / 8, 1ul << 31, "bits of MXCSR that there are not"},
        {512 / 8, 1ul << 62, "a component that is not enabled"},
        {512 / 8, 1ul << 63, "one that is none"},
        {520 / 8, 1ul << 63, "the compacted form"},
        {520 / 8, 1, "and a part of it"},
        {528 / 8, 1, "a reserved word"},
        {568 / 8, 1ul << 63, "the last of them"},
    };
    struct qy_thread *thread;
    volatile uint64_t *state = (volatile void *)qy_buffer()->payload;
    tap_equal(qy_thread_create(fpu_shower, &shown, 0, &thread), 0, "a thread that uses the FPU");
    tap_ok(shows(&shown, FPU_FIRST), "shows a register");
    tap_equal(qy_thread_read_fpu(thread->handle), -EBUSY, "which does not hold still");
    (void)qy_thread_suspend(thread->handle, 1);
    (void)qy_object_wait(thread->handle, SIGNAL_SUSPENDED, qy_deadline_after(PATIENT));
    int64_t size = qy_thread_read_fpu(thread->handle);
    tap_ok(size == 512 || size == 576 || size == 832, "thread_read_fpu: %ld bytes", size);
    tap_ok(state[(160 + 3 * 16) / 8] == FPU_FIRST, "has what it shows");
    for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint64_t kept = state[refused[i].word];
        bool counts = size > 512 || refused[i].word < 64;
        state[refused[i].word] |= refused[i].bits;
        tap_ok(!counts || qy_thread_write_fpu(thread->handle) == -EINVAL, "%s: refused",
               refused[i].what);
        state[refused[i].word] = kept;
    }
    state[(160 + 3 * 16) / 8] = FPU_SECOND;
    tap_equal(qy_thread_write_fpu(thread->handle), 0, "thread_write_fpu");
    (void)qy_thread_suspend(thread->handle, 0);
    tap_ok(shows(&shown, FPU_SECOND), "and it shows another value");
    (void)qy_thread_kill(thread->handle);
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "it ends");
}

void test_debugger(void)
{
    int64_t port = qy_port_create(qy_self_job(), 4);
    debugger.port = (handle_t)port;
    tap_ok(port > 0 && qy_buffer() != NULL, "a port for the debugger");
    test_breakpoint_and_steps();
    test_suspend();
    test_fpu_state();
    discard(port);
}
