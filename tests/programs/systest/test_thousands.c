/* SPDX-License-Identifier: MIT */
/* Many at once: ten thousand threads in little memory, and threads and handles that come and go on
 * all CPUs. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/system.h>
#include <quay/thread.h>

#define THREADS     10000u
#define STACK_BYTES 512ul
#define KERNEL_MAX  (24ul << 20) /* docs/benchmarks.md */

static struct {
    handle_t session;
    uint8_t is_answered[THREADS];
    handle_t handles[THREADS];
} many;

static uint64_t kernel_bytes(void)
{
    struct system_memory memory = {0};
    (void)qy_system_info(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), SYSTEM_MEMORY, 0);
    memcpy(&memory, qy_buffer()->payload, sizeof memory);
    return memory.kernel_bytes;
}

/* What was freed goes a little later: waits until no more than `limit` is in use. */
static uint64_t kernel_bytes_below(uint64_t limit)
{
    time_ns_t end = qy_deadline_after(PATIENT);
    uint64_t bytes = kernel_bytes();
    while (bytes > limit && qy_clock_read() < end) {
        (void)qy_thread_sleep(qy_deadline_after(SHORTLY));
        bytes = kernel_bytes();
    }
    return bytes;
}

/* Asks once, with its number, and ends; on a stack that has no record of libsys. */
static QY_NORETURN void asker(uint64_t number)
{
    struct qy_message message = {.header = IPC_HEADER(1, 8, 0), .words = {number}};
    if (qy_port_call(many.session, &message, DEADLINE_NEVER) == 0 && message.words[0] == ~number) {
        many.is_answered[number] = 1;
    }
    qy_thread_exit();
}

static uint32_t askers_start(uint8_t *stacks)
{
    for (uint32_t i = 0; i < THREADS; i++) {
        int64_t thread = qy_sys_thread_create(qy_self_process());
        if (thread < 0) {
            return i;
        }
        many.handles[i] = (handle_t)thread;
        if (qy_thread_start(many.handles[i], (uint64_t)(uintptr_t)asker,
                            (uint64_t)(uintptr_t)(stacks + (i + 1) * STACK_BYTES) - 8, i) != 0) {
            return i;
        }
    }
    return THREADS;
}

static void test_ten_thousand(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), THREADS * STACK_BYTES, 0);
    void *stacks = NULL;
    tap_ok(qy_memory_map((handle_t)memory, 0, THREADS * STACK_BYTES, MAP_READ | MAP_WRITE,
                         &stacks) == 0,
           "stacks");
    int64_t port = qy_port_create(qy_self_job(), 16);
    struct qy_result session = qy_session_create((handle_t)port, 1, THREADS);
    many.session = session.second;
    uint64_t before = kernel_bytes();
    uint64_t count = askers_start(stacks);
    tap_equal((int64_t)count, THREADS, "ten thousand threads");

    struct qy_received io = {0};
    uint32_t answered = 0;
    uint64_t used = 0;
    while (answered < count && qy_port_reply_receive((handle_t)port, &io,
                                                     qy_deadline_after(PATIENT)) == RECEIVED_CALL) {
        used = answered++ == 0 ? kernel_bytes() - before : used;
        io.message.words[0] = ~io.message.words[0];
    }
    tap_ok(used != 0 && used <= KERNEL_MAX, "take %lu bytes each, %lu KiB together", used / count,
           used >> 10);
    (void)qy_port_reply((handle_t)port, io.token, &io.message);
    bool have_ended = true;
    uint32_t good = 0;
    for (uint32_t i = 0; i < count; i++) {
        have_ended &= qy_object_wait(many.handles[i], SIGNAL_EXITED, qy_deadline_after(PATIENT)) ==
                      SIGNAL_EXITED;
        good += many.is_answered[i];
        discard((int64_t)many.handles[i]);
    }
    tap_equal((int64_t)answered, THREADS, "all ask");
    tap_equal(good, THREADS, "all get their answer");
    tap_ok(have_ended, "all end");
    (void)qy_thread_sleep(
        qy_deadline_after(SHORTLY)); /* what they were made of goes a little later */
    uint64_t after = kernel_bytes();
    tap_ok(after < before + used / 4, "and give back what they took but for %lu KiB",
           (after - before) >> 10);
    discard((int64_t)session.second);
    discard(session.status);
    discard(port);
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)(uintptr_t)stacks, THREADS * STACK_BYTES);
    discard(memory);
}

#define CHURNERS 4

static struct {
    handle_t event;   /* what everybody derives from, revoked all the time */
    uint32_t stopped; /* atomic */
    struct churner {
        struct qy_thread *thread;
        uint8_t stack[STACK_BYTES];
        uint64_t threads, processes;
        int64_t unexpected;
    } churners[CHURNERS];
} churn;

static QY_NORETURN void yielder(uint64_t number)
{
    (void)number;
    for (;;) {
        (void)qy_thread_yield();
    }
}

static void expect(struct churner *self, bool is_expected, int64_t status)
{
    self->unexpected = is_expected ? self->unexpected : status;
}

/* A thread that runs somewhere, killed when it has two handles, one of which may be gone. */
static void churn_thread(struct churner *self)
{
    int64_t thread = qy_sys_thread_create(qy_self_process());
    int64_t copy = qy_handle_dup((handle_t)thread, RIGHTS_SAME);
    int64_t status = qy_thread_start((handle_t)thread, (uint64_t)(uintptr_t)yielder,
                                     (uint64_t)(uintptr_t)(self->stack + STACK_BYTES) - 8, 0);
    expect(self, thread > 0 && copy > 0 && status == 0, status);
    if (self->threads++ % 2 == 0) {
        expect(self, qy_handle_revoke((handle_t)thread) == 0, thread);
    }
    expect(self, qy_thread_kill((handle_t)thread) == 0, thread);
    status = qy_object_wait((handle_t)thread, SIGNAL_EXITED, qy_deadline_after(PATIENT));
    expect(self, status == SIGNAL_EXITED, status);
    discard(copy);
    discard(thread);
}

static void churner(void *argument)
{
    struct churner *self = argument;
    while (__atomic_load_n(&churn.stopped, __ATOMIC_RELAXED) == 0) {
        churn_thread(self);
        int64_t copy = qy_handle_dup(churn.event, RIGHTS_SAME);
        expect(self, copy > 0 || copy == -EREVOKED, copy); /* just being revoked */
        struct qy_result process = qy_process_create(qy_self_job(), "churn", 5);
        expect(self, process.status > 0, process.status);
        expect(self, qy_process_kill((handle_t)process.status) == 0, process.status);
        self->processes++;
        discard((int64_t)process.second);
        discard(process.status);
        if (copy > 0) {
            discard(copy);
        }
    }
}

static void test_churn(void)
{
    uint64_t before = kernel_bytes();
    churn.event = (handle_t)qy_event_create(qy_self_job());
    bool is_ok = true;
    for (int i = 0; i < CHURNERS; i++) {
        is_ok &= qy_thread_create(churner, &churn.churners[i], 0, &churn.churners[i].thread) == 0;
    }
    tap_ok(is_ok, "threads that make and kill threads and processes");
    time_ns_t end = qy_deadline_after(QY_SECOND / 10);
    while (qy_clock_read() < end) {
        is_ok &= qy_handle_revoke(churn.event) == 0;
        (void)qy_thread_yield();
    }
    __atomic_store_n(&churn.stopped, 1, __ATOMIC_RELAXED);
    uint64_t threads = 0, processes = 0;
    for (int i = 0; i < CHURNERS; i++) {
        is_ok &= qy_thread_join(churn.churners[i].thread, qy_deadline_after(PATIENT)) == 0;
        threads += churn.churners[i].threads;
        processes += churn.churners[i].processes;
        tap_equal(churn.churners[i].unexpected, 0, "thread %d got what it may get", i);
    }
    discard((int64_t)churn.event);
    tap_ok(is_ok && threads > 0 && processes > 0, "%lu threads and %lu processes ended", threads,
           processes);
    uint64_t after = kernel_bytes_below(before + (1ul << 20));
    tap_ok(after <= before + (1ul << 20), "and took no memory with them but %ld KiB",
           ((int64_t)after - (int64_t)before) / 1024);
}

void test_thousands(void)
{
    test_churn();
    test_ten_thousand();
}
