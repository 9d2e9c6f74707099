/* SPDX-License-Identifier: MIT */
/*
 * A client and a server on one CPU, and the same once more on another: neither may slow the other
 * down. The debug kernel counts how often a CPU had to wait for a lock.
 */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/message.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/system.h>
#include <quay/thread.h>
#include <quay/abi/object.h>
#include <quay/abi/system_info.h>
#include "../shared/self_spawn.h"

#define PAIRS   2
#define MEASURE (200 * QY_MILLISECOND)

/* What a pair says, each in a page of its own. */
struct progress {
    uint64_t calls;
    uint64_t errors;
};

struct pair {
    handle_t process;
    volatile struct progress *progress;
};

/* --- in the child: both sides of a pair, in two threads -------------------------------------- */

static void echo(void *argument)
{
    struct qy_received io = {0};
    while (qy_port_reply_receive((handle_t)(uintptr_t)argument, &io, DEADLINE_NEVER) >= 0) {
        io.message.header = IPC_HEADER(1, 0, 0);
    }
}

int pair_child(uint64_t cpu)
{
    void *view;
    struct qy_thread *server;
    int64_t port = qy_port_create(qy_self_job(), 4);
    if (port < 0 || qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_MEMORY, "progress"), 0, PAGE_SIZE,
                                  MAP_READ | MAP_WRITE, &view) < 0) {
        return 1;
    }
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    if (session.status < 0 || qy_thread_set_affinity(qy_thread_self()->handle, 1ul << cpu) < 0 ||
        qy_thread_create(echo, (void *)(uintptr_t)port, 0, &server) != 0 ||
        qy_thread_set_affinity(server->handle, 1ul << cpu) < 0) {
        return 2;
    }
    volatile struct progress *progress = view;
    for (;;) {
        struct qy_message message = {.header = IPC_HEADER(1, 0, 0)};
        if (qy_port_call((handle_t)session.second, &message, DEADLINE_NEVER) != 0) {
            progress->errors++;
        }
        progress->calls++;
    }
}

/* --- in the parent ------------------------------------------------------------------------- */

static bool pair_start(struct pair *pair, uint64_t cpu)
{
    void *view;
    int64_t memory = qy_memory_create(qy_self_job(), PAGE_SIZE, 0);
    if (memory < 0 ||
        qy_memory_map((handle_t)memory, 0, PAGE_SIZE, MAP_READ | MAP_WRITE, &view) < 0) {
        return false;
    }
    const struct qy_spawn_handle handle = self_handle((handle_t)memory, "progress");
    bool is_good = self_spawn("pair", cpu, qy_self_job(), &handle, 1, &pair->process) == 0;
    discard(memory);
    pair->progress = view;
    time_ns_t deadline = qy_deadline_after(PATIENT);
    while (is_good && pair->progress->calls < 1000 && qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
    }
    return is_good && pair->progress->calls >= 1000;
}

static uint64_t calls_made(const struct pair *pairs, uint32_t count)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < count; i++) {
        calls += pairs[i].progress->calls;
    }
    return calls;
}

static bool kernel_figures(struct system_kernel *ret_kernel)
{
    struct qy_result result =
        qy_system_info(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), SYSTEM_KERNEL, 0);
    if (result.status != 1) {
        return false;
    }
    memcpy(ret_kernel, qy_buffer()->payload, sizeof *ret_kernel);
    return true;
}

/* Calls in the time of measuring, and how often a lock was waited for meanwhile. */
static uint64_t rate(const struct pair *pairs, uint32_t count, uint64_t *ret_waits)
{
    struct system_kernel before = {0}, after = {0};
    tap_ok(kernel_figures(&before), "figures of the kernel");
    uint64_t calls = calls_made(pairs, count);
    (void)qy_thread_sleep(qy_deadline_after(MEASURE)); /* it only sleeps */
    calls = calls_made(pairs, count) - calls;
    tap_ok(kernel_figures(&after), "and after a while");
    *ret_waits = after.lock_waits - before.lock_waits;
    return calls;
}

void test_pairs(void)
{
    struct system_kernel kernel = {0};
    struct pair pairs[PAIRS] = {0};
    uint64_t waits;
    if (qy_buffer() == NULL || !kernel_figures(&kernel) || kernel.cpu_count < PAIRS) {
        return;
    }
    tap_ok(pair_start(&pairs[0], 0), "a client and a server on CPU 0");
    uint64_t one = rate(pairs, 1, &waits);
    tap_ok(pair_start(&pairs[1], 1), "and two on CPU 1");
    uint64_t two = rate(pairs, 2, &waits);
    qy_log("# one pair: %lu calls a second, two pairs: %lu; waits for a lock: %lu%s", 5 * one,
           5 * two, waits, kernel.debug ? "" : " (not counted by this kernel)");
    tap_ok(one > 0 && two > 0, "all of them call");
    /* The clock's interrupts and this program are there too. */
    tap_ok(waits <= two / 1000, "they wait for no lock of the kernel");
    for (uint32_t i = 0; i < PAIRS; i++) {
        tap_equal((int64_t)pairs[i].progress->errors, 0, "no call failed");
        tap_equal(qy_process_kill(pairs[i].process), 0, "a pair ends");
        discard((int64_t)pairs[i].process);
    }
}
