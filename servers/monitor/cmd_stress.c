/* SPDX-License-Identifier: MIT */
/*
 * Load on all CPUs: two threads per CPU, each of which in turn makes calls, duplicates and closes
 * handles, passes a futex to its partner, and maps, fills and unmaps memory. Everything is checked.
 */
#include "command.h"
#include "figures_read.h"
#include "sessions.h"
#include "terminal.h"
#include <idl/counter.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/abi/object.h>

#define WORKERS_MAX     32
#define SECONDS_DEFAULT 2
#define SECONDS_MAX     3600
#define TOUCH_PAGES     4ul

struct worker {
    struct qy_thread *thread;
    uint32_t index;
    uint32_t cpu;
    uint64_t calls, handles, wakes, pages;
    const char *failed; /* what was wrong, or NULL */
    int64_t error;
};

static struct {
    struct worker workers[WORKERS_MAX];
    uint32_t baton[WORKERS_MAX / 2]; /* of each pair: 0 or 1, whose turn it is */
    uint32_t stopped;                /* atomic */
    handle_t counter;                /* session */
} stress_state;

static bool check(struct worker *worker, bool is_right, const char *what, int64_t error)
{
    if (!is_right && worker->failed == NULL) {
        worker->failed = what;
        worker->error = error;
    }
    return is_right;
}

static void calls_stress(struct worker *worker)
{
    handle_t session = stress_state.counter;
    uint64_t before = 0;
    for (int i = 0; i < 50; i++) {
        uint64_t value;
        int64_t status = qy_counter_increment(session, 1, &value, DEADLINE_NEVER);
        if (!check(worker, status == 0, "a call failed", status) ||
            !check(worker, value > before, "the counter went back", 0)) {
            return;
        }
        before = value;
        worker->calls++;
    }
}

static void handles_stress(struct worker *worker)
{
    int64_t event = qy_event_create(qy_self_job());
    if (!check(worker, event > 0, "no event", event)) {
        return;
    }
    for (int i = 0; i < 10; i++) {
        int64_t copy = qy_handle_dup((handle_t)event, RIGHTS_BASIC);
        if (!check(worker, copy > 0, "no duplicate", copy)) {
            break;
        }
        int64_t status = qy_event_signal((handle_t)copy, 0, 1).status;
        (void)check(worker, status == -EACCES, "a right came from nowhere", status);
        status = qy_handle_revoke((handle_t)event);
        (void)check(worker, status >= 0, "revoke failed", status);
        status = qy_handle_info((handle_t)copy).status;
        (void)check(worker, status == -EREVOKED, "a revoked handle lives", status);
        status = qy_handle_close((handle_t)copy);
        (void)check(worker, status >= 0, "a revoked handle does not close", status);
        status = qy_handle_info((handle_t)copy).status;
        (void)check(worker, status == -EBADF, "a closed handle lives", status);
        worker->handles++;
    }
    (void)qy_handle_close((handle_t)event);
}

/* Partners pass the turn to each other; whoever stops passes it on for the last time. */
static void futex_stress(struct worker *worker)
{
    uint32_t *baton = &stress_state.baton[worker->index / 2];
    uint32_t mine = worker->index % 2;
    for (int i = 0; i < 20; i++) {
        /* Acquire pairs with the partner's release. */
        while (__atomic_load_n(baton, __ATOMIC_ACQUIRE) != mine) {
            if (__atomic_load_n(&stress_state.stopped, __ATOMIC_RELAXED) != 0) {
                return;
            }
            (void)qy_futex_wait(baton, 1 - mine, qy_deadline_after(10 * QY_MILLISECOND));
        }
        __atomic_store_n(baton, 1 - mine, __ATOMIC_RELEASE);
        int64_t status = qy_futex_wake(baton, 1);
        if (!check(worker, status >= 0, "futex_wake failed", status)) {
            return;
        }
        worker->wakes++;
    }
}

static void memory_stress(struct worker *worker)
{
    for (int i = 0; i < 4; i++) {
        uint64_t *words = qy_pages_map(TOUCH_PAGES * PAGE_SIZE);
        if (!check(worker, words != NULL, "no memory", 0)) {
            return;
        }
        size_t count = TOUCH_PAGES * PAGE_SIZE / sizeof *words;
        for (size_t at = 0; at < count; at += 64) {
            (void)check(worker, words[at] == 0, "new memory is not zero", 0);
            words[at] = (uint64_t)worker->index << 32 | at;
        }
        for (size_t at = 0; at < count; at += 64) {
            (void)check(worker, words[at] == ((uint64_t)worker->index << 32 | at),
                        "memory changed by itself", 0);
        }
        qy_pages_unmap(words, TOUCH_PAGES * PAGE_SIZE);
        worker->pages += TOUCH_PAGES;
    }
}

static void worker_run(void *argument)
{
    struct worker *worker = argument;
    int64_t status = qy_thread_set_affinity(qy_thread_self()->handle, 1ul << worker->cpu);
    (void)check(worker, status >= 0, "no affinity", status);
    while (__atomic_load_n(&stress_state.stopped, __ATOMIC_RELAXED) == 0 &&
           worker->failed == NULL) {
        calls_stress(worker);
        handles_stress(worker);
        futex_stress(worker);
        memory_stress(worker);
    }
}

static uint32_t workers_start(uint32_t cpu_count)
{
    uint32_t wanted = 2 * cpu_count < WORKERS_MAX ? 2 * cpu_count : WORKERS_MAX;
    for (uint32_t i = 0; i < wanted; i++) {
        struct worker *worker = &stress_state.workers[i];
        /* Partners sit on neighboring CPUs. */
        *worker = (struct worker){.index = i, .cpu = (i / 2 + i % 2) % cpu_count};
        int error = qy_thread_create(worker_run, worker, 0, &worker->thread);
        if (error < 0) {
            qy_printf("only %u threads: %s\n", i, qy_error_text(error));
            return i;
        }
    }
    return wanted;
}

static void results_print(uint32_t count)
{
    struct worker sum = {0};
    bool is_good = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct worker *worker = &stress_state.workers[i];
        sum.calls += worker->calls;
        sum.handles += worker->handles;
        sum.wakes += worker->wakes;
        sum.pages += worker->pages;
        if (worker->failed != NULL) {
            is_good = false;
            qy_printf("thread %u: %s (%s)\n", i, worker->failed, qy_error_text(worker->error));
        }
    }
    qy_printf("%lu calls, %lu handles revoked, %lu futex wakes, %lu pages\n", sum.calls,
              sum.handles, sum.wakes, sum.pages);
    qy_printf("%s\n", is_good ? "stress: all results right" : "stress: WRONG RESULTS");
}

void cmd_stress(int count, char **words)
{
    uint64_t seconds = SECONDS_DEFAULT;
    if (count == 2 && !command_number(words[1], "the time in seconds", 1, SECONDS_MAX, &seconds)) {
        return;
    }
    struct system_kernel kernel;
    if (!figures_one(SYSTEM_KERNEL, &kernel, sizeof kernel)) {
        return;
    }
    memset(&stress_state, 0, sizeof stress_state);
    stress_state.counter = session_handle("counter");
    if (stress_state.counter == HANDLE_INVALID) {
        return;
    }
    uint32_t threads = workers_start(kernel.cpu_count);
    qy_printf("%u threads on %u CPU%s for %lu s\n", threads, kernel.cpu_count,
              kernel.cpu_count == 1 ? "" : "s", seconds);
    terminal_flush();
    (void)qy_thread_sleep(qy_deadline_after((time_ns_t)seconds * QY_SECOND)); /* only sleeps */
    __atomic_store_n(&stress_state.stopped, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < threads; i++) {
        (void)qy_thread_join(stress_state.workers[i].thread, DEADLINE_NEVER); /* cannot time out */
    }
    results_print(threads);
}
