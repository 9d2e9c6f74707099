/* SPDX-License-Identifier: MIT */
/*
 * The same operation among few and among many: cost must not grow with size. Which of the many is
 * used is random, so that nothing that remembers the last one helps.
 *
 *     handles_N    signal an event by one of N handles
 *     ready_N      yield, per switch, with N other threads ready at the same priority
 *     timers_N     set a timer that N others are armed beside
 *     mappings_N   map a page and unmap it again, among N mappings
 */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/thread.h>

#define FEW   10u
#define MANY  10000u
#define CALLS 500u

static handle_t handles[MANY];

static uint64_t random_below(uint64_t limit)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (state >> 33) % limit;
}

static handle_t checked(int64_t result, const char *what)
{
    must(result, what);
    return (handle_t)result;
}

static void handles_close(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        must(qy_handle_close(handles[i]), "handle_close");
    }
}

static void handles_measure(const char *name, uint32_t count)
{
    handle_t event = checked(qy_event_create(qy_self_job()), "event_create");
    for (uint32_t i = 0; i < count; i++) {
        handles[i] = checked(qy_handle_dup(event, RIGHTS_SAME), "handle_dup");
    }
    int64_t failed = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        handle_t handle = handles[random_below(count)];
        MEASURE(i, failed |= qy_event_signal(handle, 1, 1).status);
    }
    must(failed, name);
    samples_print(name, CALLS, 1);
    handles_close(count);
    must(qy_handle_close(event), "handle_close");
}

/* One sample: every thread has had its turn once. */
static void ready_measure(const char *name, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        handles[i] = checked(qy_sys_thread_create(qy_self_process()), "thread_create");
        must(qy_thread_start(handles[i], (uint64_t)(uintptr_t)yielder_thread, 0, 0),
             "thread_start");
    }
    const uint32_t turns = 10;
    for (uint32_t i = 0; i < turns; i++) {
        MEASURE(i, (void)qy_thread_yield()); /* cannot fail */
    }
    for (uint32_t i = 0; i < count; i++) {
        must(qy_thread_kill(handles[i]), "thread_kill");
    }
    samples_print(name, turns, count + 1);
    handles_close(count);
}

static void timers_measure(const char *name, uint32_t count)
{
    handle_t timer = checked(qy_timer_create(qy_self_job()), "timer_create");
    time_ns_t start = qy_deadline_after(1000 * QY_SECOND);
    for (uint32_t i = 0; i < count; i++) {
        handles[i] = checked(qy_timer_create(qy_self_job()), "timer_create");
        must(qy_timer_set(handles[i], start + (time_ns_t)random_below(1000 * QY_SECOND), 0, 0),
             "timer_set");
    }
    int64_t failed = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        time_ns_t deadline = start + (time_ns_t)random_below(1000 * QY_SECOND);
        MEASURE(i, failed |= qy_timer_set(timer, deadline, 0, 0));
    }
    must(failed, name);
    samples_print(name, CALLS, 1);
    handles_close(count);
    must(qy_handle_close(timer), "handle_close");
}

static int64_t page_map(handle_t memory, uint64_t address)
{
    return qy_aspace_map(qy_self_aspace(), memory, 0, address, PAGE_SIZE, MAP_READ | MAP_WRITE);
}

/* Every other page of a range is mapped; the samples map one in a gap. */
static void mappings_measure(const char *name, uint32_t count)
{
    const uint64_t start = 0x200000000000;
    handle_t memory = checked(qy_memory_create(qy_self_job(), PAGE_SIZE, 0), "memory_create");
    for (uint32_t i = 0; i < count; i++) {
        must(page_map(memory, start + 2 * i * PAGE_SIZE), "aspace_map");
    }
    int64_t failed = 0;
    for (uint32_t i = 0; i < CALLS; i++) {
        uint64_t address = start + (2 * random_below(count) + 1) * PAGE_SIZE;
        MEASURE(i, {
            failed |= page_map(memory, address);
            failed |= qy_aspace_unmap(qy_self_aspace(), address, PAGE_SIZE);
        });
    }
    must(failed, name);
    samples_print(name, CALLS, 1);
    must(qy_aspace_unmap(qy_self_aspace(), start, 2 * count * PAGE_SIZE), "aspace_unmap");
    must(qy_handle_close(memory), "handle_close");
}

void rows_growth(void)
{
    handles_measure("handles_10", FEW);
    handles_measure("handles_10000", MANY);
    ready_measure("ready_10", FEW);
    ready_measure("ready_10000", MANY);
    timers_measure("timers_10", FEW);
    timers_measure("timers_10000", MANY);
    mappings_measure("mappings_10", FEW);
    mappings_measure("mappings_10000", MANY);
}
