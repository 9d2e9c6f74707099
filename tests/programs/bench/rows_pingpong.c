/* SPDX-License-Identifier: MIT */
/* Two processes that take turns, by other means than calls. */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/exception.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/thread.h>

#define TURNS 1000

/* One sample: a yield to the other process, and its yield back; two switches. */
static void yield_measure(void)
{
    const struct peer_handles nothing = {0};
    handle_t peer = peer_start("yield", 0, &nothing);
    for (uint32_t i = 0; i < TURNS; i++) {
        MEASURE(i, (void)qy_thread_yield()); /* cannot fail */
    }
    samples_print("yield", TURNS, 2);
    peer_end(peer);
}

/* One sample: signal the other's event, wait for its signal on ours. */
static void event_measure(void)
{
    int64_t a = qy_event_create(qy_self_job());
    int64_t b = qy_event_create(qy_self_job());
    must(a < 0 ? a : b, "event_create");
    const struct peer_handles handles = {.event_a = (handle_t)a, .event_b = (handle_t)b};
    handle_t peer = peer_start("event", 0, &handles);
    int64_t failed = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        MEASURE(i, {
            (void)qy_event_signal((handle_t)a, 0, 1);
            failed |= qy_event_wait((handle_t)b, 1, 1, DEADLINE_NEVER).status;
        });
    }
    must(failed, "event_wait");
    samples_print("event_pingpong", TURNS, 1);
    peer_end(peer);
}

/* One sample: change the shared word, wake the other, sleep until it has changed it back. */
static void futex_measure(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), PEER_MEMORY_BYTES, 0);
    must(memory, "memory_create");
    void *shared;
    must(qy_memory_map((handle_t)memory, 0, PEER_MEMORY_BYTES, MAP_READ | MAP_WRITE, &shared),
         "mapping the shared page");
    volatile uint32_t *word = shared;
    const uint32_t *address = shared;
    *word = 0;
    const struct peer_handles handles = {.memory = (handle_t)memory};
    handle_t peer = peer_start("futex", 0, &handles);
    (void)qy_thread_yield(); /* the peer goes to sleep on the word */
    for (uint32_t i = 0; i < TURNS; i++) {
        MEASURE(i, {
            *word = 1;
            (void)qy_futex_wake(address, 1);
            while (*word == 1) {
                (void)qy_futex_wait(address, 1, DEADLINE_NEVER);
            }
        });
    }
    samples_print("futex_pingpong", TURNS, 1);
    peer_end(peer);
}

/* One sample: a breakpoint of this thread goes to a handler in the other process, which lets it go
 * on. */
static void fault_measure(void)
{
    handle_t self = qy_thread_self()->handle;
    int64_t port = qy_port_create(qy_self_job(), 1);
    must(port, "port_create");
    const struct peer_handles handles = {.port = (handle_t)port};
    handle_t peer = peer_start("fault", 0, &handles);
    must(qy_exception_bind(self, (handle_t)port, 0), "exception_bind");
    (void)qy_thread_yield(); /* the peer waits */
    for (uint32_t i = 0; i < TURNS; i++) {
        MEASURE(i, __asm__ volatile("int3"));
    }
    samples_print("fault_handler", TURNS, 1);
    must(qy_exception_bind(self, HANDLE_INVALID, 0), "exception_bind");
    peer_end(peer);
    must(qy_handle_close((handle_t)port), "handle_close");
}

void rows_pingpong(void)
{
    yield_measure();
    event_measure();
    futex_measure();
    fault_measure();
}
