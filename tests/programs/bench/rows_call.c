/* SPDX-License-Identifier: MIT */
/*
 * Calls to a server in another process. One sample: one call and its answer, from loading the
 * client's registers to its next instruction. The server's loop is five instructions.
 */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <quay/trace.h>

#define CALLS        2000
#define HANDLE_CALLS 200
#define CROWD        1000
#define LEASE_CALLS  100

static uint64_t loop_overhead; /* of a call loop without its call */

static void port_make(struct peer_handles *handles, handle_t *ret_session)
{
    int64_t port = qy_port_create(qy_self_job(), 8);
    must(port, "port_create");
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    must(session.status, "session_create");
    *handles = (struct peer_handles){.port = (handle_t)port};
    *ret_session = session.second;
}

static void overhead_measure(void)
{
    struct call_plan plan = {.samples = samples, .count = 16};
    call_loop_nothing(&plan);
    loop_overhead = samples[8];
}

/* Makes the calls twice: the first time fills caches and page tables of the emulator's guest. */
static void calls_measure(const char *name, handle_t session, uint64_t header, time_ns_t deadline,
                          void (*loop)(struct call_plan *))
{
    struct call_plan plan = {
        .session = session,
        .header = header,
        .deadline = (uint64_t)deadline,
        .samples = samples,
        .count = CALLS,
    };
    loop(&plan);
    loop(&plan);
    must(plan.failures != 0 ? -EIO : 0, name);
    for (uint32_t i = 0; i < CALLS; i++) {
        samples[i] -= loop_overhead;
    }
    samples_print(name, CALLS, 1);
}

/* 64 KiB lent, and all of it read by the server. */
static void lease_measure(void)
{
    static uint8_t lent[LEASE_BYTES] __attribute__((aligned(PAGE_SIZE)));
    struct peer_handles handles;
    handle_t session;
    port_make(&handles, &session);
    handle_t server = peer_start("lease", 0, &handles);
    memset(lent, 2, sizeof lent);
    qy_lease_set(qy_buffer(), 0, lent, sizeof lent, LEASE_READ);
    for (uint32_t i = 0; i < LEASE_CALLS; i++) {
        struct call_plan plan = {
            .session = session,
            .header = IPC_HEADER(1, 0, 0) | IPC_LEASES(1),
            .deadline = (uint64_t)DEADLINE_NEVER,
            .samples = &samples[i],
            .count = 1,
        };
        call_loop_0(&plan);
        must(plan.failures != 0 ? -EIO : 0, "lease_64k");
        samples[i] -= loop_overhead;
    }
    samples_print("lease_64k", LEASE_CALLS, 1);
    peer_end(server);
}

/* One handle, moved to the server, which keeps it. A fresh duplicate for each call. */
static void handle_measure(void)
{
    struct peer_handles handles;
    handle_t session;
    port_make(&handles, &session);
    handle_t server = peer_start("sink", 0, &handles);
    int64_t event = qy_event_create(qy_self_job());
    must(event, "event_create");
    struct message_buffer *buffer = qy_buffer();
    for (uint32_t i = 0; i < HANDLE_CALLS; i++) {
        int64_t copy = qy_handle_dup((handle_t)event, RIGHTS_SAME);
        must(copy, "handle_dup");
        buffer->handles[0] = (struct message_handle){
            .handle = (handle_t)copy, .rights = RIGHTS_SAME, .operation = HANDLE_MOVE};
        struct call_plan plan = {
            .session = session,
            .header = IPC_HEADER(1, 0, 1),
            .deadline = (uint64_t)DEADLINE_NEVER,
            .samples = &samples[i],
            .count = 1,
        };
        call_loop_0(&plan);
        must(plan.failures != 0 ? -EIO : 0, "call_handle");
        samples[i] -= loop_overhead;
    }
    samples_print("call_handle", HANDLE_CALLS, 1);
    peer_end(server);
}

void rows_call(void)
{
    struct peer_handles handles;
    handle_t session;
    overhead_measure();
    must(qy_buffer() == NULL ? -ENOMEM : 0, "thread_buffer");
    port_make(&handles, &session);
    handle_t server = peer_start("echo", 0, &handles);
    time_ns_t hour = qy_deadline_after(3600 * QY_SECOND);
    calls_measure("call_0", session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, call_loop_0);
    calls_measure("call_0_deadline", session, IPC_HEADER(1, 0, 0), hour, call_loop_0);
    calls_measure("call_32", session, IPC_HEADER(1, 32, 0), DEADLINE_NEVER, call_loop_4);
    calls_measure("call_64", session, IPC_HEADER(1, 64, 0), DEADLINE_NEVER, call_loop_8);
    calls_measure("call_960", session, IPC_HEADER(1, 960, 0), DEADLINE_NEVER, call_loop_0);
    calls_measure("call_4096", session, IPC_HEADER(1, 4096, 0), DEADLINE_NEVER, call_loop_0);

    /* With four records: of the call and the answer, where they are sent and received. */
    handle_t resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    must(qy_trace_open(resource, qy_self_job(), 64), "trace_open");
    must(qy_trace_control(resource, TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_CALL_RECEIVED) |
                                        TRACE_KIND(TRACE_REPLY) | TRACE_KIND(TRACE_REPLY_RECEIVED)),
         "trace_control");
    calls_measure("call_0_traced", session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, call_loop_0);
    must(qy_trace_control(resource, 0), "trace_control");

    /* The same empty call, while as many threads sleep and as many are ready below. */
    const struct peer_handles nothing = {0};
    handle_t crowd = peer_start("crowd", CROWD, &nothing);
    calls_measure("call_crowded", session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, call_loop_0);
    peer_end(crowd);
    peer_end(server);

    handle_measure();
    lease_measure();
}

/* Last, because this thread has vector state from here on. */
void rows_vector(void)
{
    struct peer_handles handles;
    handle_t session;
    port_make(&handles, &session);
    handle_t server = peer_start("echo_vector", 0, &handles);
    vector_touch();
    calls_measure("call_0_fpu", session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, call_loop_0);
    peer_end(server);
}
