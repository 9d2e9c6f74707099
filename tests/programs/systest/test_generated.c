/* SPDX-License-Identifier: MIT */
/* Generated clients and a generated server on the real kernel: callbacks, put-off answers, batches,
 * short calls beside long ones. */
#include "systest.h"
#include <idl/probe.h>
#include <quay/bootstrap.h>
#include <quay/port.h>
#include <quay/server.h>
#include <quay/thread.h>

#define WAITERS 3
#define POSTS   400

static struct {
    handle_t port, session;
    struct qy_server server;
    struct qy_method_statistics statistics[8];
    struct qy_pending pending[WAITERS];
    uint32_t pending_count;
    uint32_t done;
    uint64_t sum;
    struct qy_inbox inboxes[1];
    uint32_t noted, fired; /* atomic */
} test_state;

/* --- the server ---------------------------------------------------------------------------- */

static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = a + b;
    return a == 0 ? QY_PROBE_FAILURE_MISSING : 0;
}

/* Nobody is answered before all have called. */
static int64_t later(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    int64_t status = qy_defer(request, &test_state.pending[test_state.pending_count++]);
    for (uint32_t i = 0; test_state.pending_count == WAITERS && i < WAITERS; i++) {
        (void)qy_probe_later_answer(request->server, &test_state.pending[i], 10 + i);
    }
    return status;
}

static int64_t total(struct qy_request *request, const uint8_t *data, uint32_t data_count,
                     uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = 0;
    for (uint32_t i = 0; i < data_count; i++) {
        *ret_sum += data[i];
    }
    return 0;
}

static void note(struct qy_request *request, uint32_t number)
{
    (void)request;
    (void)__atomic_fetch_add(&test_state.noted, number, __ATOMIC_RELAXED);
}

static void serve(void *argument)
{
    static const struct qy_probe_handlers handlers = {
        .add = add, .later = later, .total = total, .note = note};
    (void)argument;
    test_state.server = (struct qy_server){.port = test_state.port,
                                           .dispatch = qy_probe_dispatch,
                                           .handlers = &handlers,
                                           .statistics = test_state.statistics,
                                           .statistics_max = 8,
                                           .inboxes = test_state.inboxes,
                                           .inbox_max = 1};
    (void)qy_server_run(&test_state.server); /* until it is killed */
}

/* --- the tests ----------------------------------------------------------------------------- */

static void later_done(struct qy_call *call)
{
    const struct qy_probe_later_call *own = (const struct qy_probe_later_call *)call;
    (void)__atomic_fetch_add(&test_state.sum, call->status == 0 ? own->ret_value : 1000,
                             __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&test_state.done, 1, __ATOMIC_RELAXED);
}

static void callbacks_try(void)
{
    static struct qy_caller caller;
    static struct qy_probe_later_call calls[WAITERS];
    tap_equal(qy_caller_start(&caller, WAITERS, HANDLE_INVALID, 0), 0, "a caller with 3 threads");
    for (uint32_t i = 0; i < WAITERS; i++) {
        calls[i].call = (struct qy_call){.session = test_state.session,
                                         .deadline = qy_deadline_after(PATIENT),
                                         .done = later_done};
        qy_probe_later_start(&caller, &calls[i]);
    }
    tap_equal(qy_caller_wait(&caller, qy_deadline_after(PATIENT)), 0,
              "3 calls at a time, none of which is answered before all have come");
    tap_equal(test_state.done, WAITERS, "3 callbacks");
    tap_equal((int64_t)test_state.sum, 10 + 11 + 12, "each with its result");
    qy_caller_end(&caller);
}

/* The callbacks run where the notices of a port are received. */
static void delivery_try(void)
{
    static struct qy_caller caller;
    static struct qy_probe_add_call call;
    int64_t port = qy_port_create(qy_self_job(), 1);
    tap_equal(qy_caller_start(&caller, 1, (handle_t)port, 4), 0, "a caller with a port");
    call = (struct qy_probe_add_call){
        .call = {.session = test_state.session, .deadline = qy_deadline_after(PATIENT)},
        .a = 2,
        .b = 3};
    qy_probe_add_start(&caller, &call);
    struct qy_received io = {0};
    tap_equal(qy_port_reply_receive((handle_t)port, &io, qy_deadline_after(PATIENT)),
              RECEIVED_NOTICE, "a notice when the call is made");
    tap_equal((int64_t)io.message.words[0], 4, "with the caller's bits");
    tap_equal(qy_caller_wait(&caller, DEADLINE_POLL), -ETIMEDOUT, "not delivered yet");
    qy_caller_deliver(&caller);
    tap_equal(qy_caller_wait(&caller, DEADLINE_POLL), 0, "delivered");
    tap_equal((int64_t)call.ret_sum, 5, "its result");
    qy_caller_end(&caller);
    discard(port);
}

static void batch_try(void)
{
    static struct qy_batch batch;
    uint64_t count = 0, sum = 0, all = 0;
    qy_batch_begin(&batch);
    while (qy_probe_add_add(&batch, count, 1)) {
        count++;
    }
    tap_ok(count > 100, "a batch takes more than 100 calls");
    tap_equal(qy_batch_call(test_state.session, &batch, qy_deadline_after(PATIENT)), 0,
              "in one message");
    tap_equal(qy_probe_add_next(&batch, &sum), QY_PROBE_FAILURE_MISSING, "each has its own status");
    for (uint64_t i = 1; i < count; i++) {
        all += qy_probe_add_next(&batch, &sum) == 0 && sum == i + 1;
    }
    tap_equal((int64_t)all, (int64_t)(count - 1), "and its own result");
    tap_equal(qy_probe_add_next(&batch, &sum), -EBAD_MESSAGE, "there are no more");
}

/* A long answer between short ones: nothing of one is left in another. */
static void mixed_try(void)
{
    static uint8_t data[100];
    uint64_t sum = 0, right = 0;
    memset(data, 1, sizeof data);
    for (uint32_t i = 1; i <= sizeof data; i++) {
        time_ns_t deadline = qy_deadline_after(PATIENT);
        right += qy_probe_total(test_state.session, data, i, &sum, deadline) == 0 && sum == i;
        right += qy_probe_add(test_state.session, i, i, &sum, deadline) == 0 && sum == 2ull * i;
    }
    tap_equal((int64_t)right, 200, "short and long calls by turns");
}

/* One call after another, and then as many as fit: the server is told of all. */
static void posts_try(void)
{
    struct qy_outbox outbox;
    uint64_t sum = 0, answered = 0;
    uint32_t posted = 0;
    time_ns_t deadline = qy_deadline_after(PATIENT);
    tap_equal(qy_outbox_open(&outbox, test_state.session, deadline), 0, "an outbox");
    for (uint32_t i = 0; i < POSTS; i++) {
        posted += qy_probe_note_post(&outbox, 1) == 0;
        answered += i % 8 == 0 && qy_probe_add(test_state.session, 1, 1, &sum, deadline) == 0;
    }
    tap_equal((int64_t)answered, POSTS / 8, "calls between one-way calls");
    tap_equal((int64_t)(posted + outbox.lost), POSTS, "which are posted or counted");
    while (__atomic_load_n(&test_state.noted, __ATOMIC_RELAXED) < posted &&
           qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
    }
    tap_equal(test_state.noted, posted, "all that are posted arrive");
    qy_outbox_close(&outbox);
}

static void fired(struct qy_server *server, struct qy_server_timer *timer)
{
    (void)server;
    (void)timer;
    (void)__atomic_fetch_add(&test_state.fired, 1, __ATOMIC_RELAXED);
}

/* The loop has nothing else to do meanwhile. */
static void timer_try(void)
{
    static struct qy_server_timer timer = {.fired = fired};
    time_ns_t begin = qy_clock_read();
    time_ns_t deadline = begin + PATIENT;
    tap_equal(
        qy_server_timer_set(&test_state.server, &timer, begin + QY_MILLISECOND, QY_MILLISECOND), 0,
        "a timer of the server");
    while (__atomic_load_n(&test_state.fired, __ATOMIC_RELAXED) < 5 && qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
    }
    tap_ok(qy_clock_read() >= begin + 5 * QY_MILLISECOND && qy_clock_read() < deadline,
           "calls its function again and again");
    tap_equal(qy_server_timer_set(&test_state.server, &timer, DEADLINE_NEVER, 0), 0,
              "until it is stopped");
    discard((int64_t)timer.handle);
}

static void statistics_try(void)
{
    struct qy_method_statistics entry = {0};
    uint32_t index = 0;
    uint64_t calls = 0, errors = 0;
    while (qy_statistics_get(test_state.session, index, &entry, qy_deadline_after(PATIENT)) == 0) {
        index++;
        calls += entry.calls;
        errors += entry.errors;
    }
    tap_equal(index, 3, "three methods were counted");
    tap_ok(calls > 300 && errors == 1, "all calls, those of a batch too");
}

void test_generated(void)
{
    int64_t port = qy_port_create(qy_self_job(), 8);
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    test_state.port = (handle_t)port;
    test_state.session = session.second;
    struct qy_thread *server;
    tap_equal(qy_thread_create(serve, NULL, 0, &server), 0, "a generated server");
    callbacks_try();
    delivery_try();
    batch_try();
    mixed_try();
    statistics_try();
    posts_try();
    timer_try();
    tap_equal(qy_thread_kill(server->handle), 0, "it is killed");
    tap_equal(qy_thread_join(server, qy_deadline_after(PATIENT)), 0, "it ends");
    discard((int64_t)session.second);
    discard(session.status);
    discard(port);
}
