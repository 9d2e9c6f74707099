/* SPDX-License-Identifier: MIT */
/* The process on the other side: the same program, with a role as its argument. */
#include "bench.h"
#include "../shared/self_spawn.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/exception.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/text.h>
#include <quay/thread.h>

#define READY_BIT     1u
#define HIGH_PRIORITY 200
#define LOW_PRIORITY  2

uint64_t caller_constants[2] = {0, (uint64_t)DEADLINE_NEVER};

/* --- starting one -------------------------------------------------------------------------- */

static uint32_t handle_add(struct qy_spawn_handle *all, uint32_t count, handle_t handle,
                           uint32_t kind, const char *name)
{
    if (handle == HANDLE_INVALID) {
        return count;
    }
    all[count] = (struct qy_spawn_handle){handle, RIGHTS_SAME, HANDLE_COPY, kind, 0, name};
    return count + 1;
}

handle_t peer_start(const char *role, uint64_t number, const struct peer_handles *handles)
{
    int64_t ready = qy_event_create(qy_self_job());
    must(ready, "event_create");
    struct qy_spawn_handle all[8];
    uint32_t count = 0;
    count = handle_add(all, count, (handle_t)ready, BOOTSTRAP_MEMORY, "ready");
    count = handle_add(all, count, handles->port, BOOTSTRAP_PORT, NULL);
    count = handle_add(all, count, handles->session, BOOTSTRAP_SESSION, NULL);
    count = handle_add(all, count, handles->event_a, BOOTSTRAP_MEMORY, "a");
    count = handle_add(all, count, handles->event_b, BOOTSTRAP_MEMORY, "b");
    count = handle_add(all, count, handles->memory, BOOTSTRAP_MEMORY, "shared");
    handle_t process;
    must(self_spawn(role, number, qy_self_job(), all, count, &process), role);
    must(qy_event_wait((handle_t)ready, READY_BIT, 0, DEADLINE_NEVER).status, "event_wait");
    must(qy_handle_close((handle_t)ready), "handle_close");
    return process;
}

void peer_end(handle_t process)
{
    must(qy_process_kill(process), "process_kill");
    must(qy_object_wait(process, SIGNAL_EXITED, DEADLINE_NEVER), "object_wait");
    must(qy_handle_close(process), "handle_close");
}

/* --- being one ----------------------------------------------------------------------------- */

static void ready_say(void)
{
    must(qy_event_signal(qy_bootstrap_handle(BOOTSTRAP_MEMORY, "ready"), 0, READY_BIT).status,
         "ready");
}

static void threads_start(uint64_t count, void (*entry)(void), uint32_t priority)
{
    for (uint64_t i = 0; i < count; i++) {
        int64_t thread = qy_sys_thread_create(qy_self_process());
        must(thread, "thread_create");
        if (priority != 0) {
            must(qy_thread_set_priority((handle_t)thread, priority), "thread_set_priority");
        }
        must(qy_thread_start((handle_t)thread, (uint64_t)(uintptr_t)entry,
                             (uint64_t)(uintptr_t)caller_constants, 0),
             "thread_start");
        must(qy_handle_close((handle_t)thread), "handle_close");
    }
}

static void yield_serve(void)
{
    for (;;) {
        (void)qy_thread_yield(); /* cannot fail */
    }
}

static void event_serve(void)
{
    handle_t a = qy_bootstrap_handle(BOOTSTRAP_MEMORY, "a");
    handle_t b = qy_bootstrap_handle(BOOTSTRAP_MEMORY, "b");
    for (;;) {
        (void)qy_event_wait(a, 1, 1, DEADLINE_NEVER); /* the other side checks */
        (void)qy_event_signal(b, 0, 1);
    }
}

/* Reads all of what each call lends. */
static void lease_serve(handle_t port)
{
    static uint8_t copy[LEASE_BYTES] __attribute__((aligned(PAGE_SIZE)));
    struct qy_received io = {0};

    memset(copy, 1, sizeof copy); /* its pages are there from now on */
    ready_say();
    for (;;) {
        (void)qy_port_reply_receive(port, &io, DEADLINE_NEVER); /* the client checks */
        io.message.words[0] = (uint64_t)qy_lease_read(port, io.token, 0, 0, copy, LEASE_BYTES);
        io.message.header = IPC_HEADER(0, 8, 0);
    }
}

/* Lets every thread go on that has an exception. */
static void fault_serve(handle_t port)
{
    struct qy_received io = {0};

    must(qy_buffer() == NULL ? -ENOMEM : 0, "thread_buffer");
    ready_say();
    for (;;) {
        (void)qy_port_reply_receive(port, &io, DEADLINE_NEVER); /* the other side checks */
        io.message.header = IPC_HEADER(EXCEPTION_RESUME, 0, 0);
    }
}

static void futex_serve(void)
{
    void *shared;
    must(qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_MEMORY, "shared"), 0, PEER_MEMORY_BYTES,
                       MAP_READ | MAP_WRITE, &shared),
         "mapping the shared page");
    volatile uint32_t *word = shared;
    ready_say();
    for (;;) {
        while (*word == 0) {
            (void)qy_futex_wait((const uint32_t *)shared, 0, DEADLINE_NEVER); /* or it changed */
        }
        *word = 0;
        (void)qy_futex_wake((const uint32_t *)shared, 1); /* the other side checks */
    }
}

int peer_main(const char *role, uint64_t number)
{
    if (qy_streq(role, "futex")) {
        futex_serve();
    }
    if (qy_streq(role, "lease")) {
        lease_serve(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL));
    }
    if (qy_streq(role, "fault")) {
        fault_serve(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL));
    }
    if (qy_streq(role, "callers")) {
        caller_constants[0] = qy_bootstrap_handle(BOOTSTRAP_SESSION, NULL);
        threads_start(number, caller_thread, 0);
    } else if (qy_streq(role, "crowd")) {
        threads_start(number, sleeper_thread, HIGH_PRIORITY); /* each sleeps before the next */
        threads_start(number, spinner_thread, LOW_PRIORITY);
    } else if (qy_streq(role, "echo") || qy_streq(role, "echo_vector") || qy_streq(role, "sink")) {
        must(qy_buffer() == NULL ? -ENOMEM : 0, "thread_buffer");
    }
    if (qy_streq(role, "echo_vector")) {
        vector_touch();
    }
    if (qy_streq(role, "idl")) {
        must(qy_buffer() == NULL ? -ENOMEM : 0, "thread_buffer");
    }
    ready_say();
    if (qy_streq(role, "idl")) {
        return (int)idl_serve(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL));
    }
    if (qy_streq(role, "echo") || qy_streq(role, "echo_vector")) {
        echo_loop(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL));
    }
    if (qy_streq(role, "sink")) {
        sink_loop(qy_bootstrap_handle(BOOTSTRAP_PORT, NULL));
    }
    if (qy_streq(role, "yield")) {
        yield_serve();
    }
    if (qy_streq(role, "event")) {
        event_serve();
    }
    qy_thread_exit();
}
