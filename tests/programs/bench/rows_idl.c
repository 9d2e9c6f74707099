/* SPDX-License-Identifier: MIT */
/*
 * Calls through a generated client to a generated server, in libsys's loop. One sample: one call of
 * the client's function, less what calling the handler in this process costs. What is above the row
 * of rows_call.c with as many bytes is what generated code and libsys cost, on both sides together.
 */
#include "bench.h"
#include <idl/sizes.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/server.h>

#define CALLS       2000
#define BATCHES     100
#define BATCH_CALLS 100

/* --- the server ---------------------------------------------------------------------------- */

static int64_t call_0(struct qy_request *request)
{
    (void)request;
    return 0;
}

static int64_t call_8(struct qy_request *request, uint64_t a, uint64_t *ret_a)
{
    (void)request;
    *ret_a = a;
    return 0;
}

static int64_t call_32(struct qy_request *request, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                       uint64_t *ret_a, uint64_t *ret_b, uint64_t *ret_c, uint64_t *ret_d)
{
    (void)request;
    *ret_a = a;
    *ret_b = b;
    *ret_c = c;
    *ret_d = d;
    return 0;
}

static int64_t call_64(struct qy_request *request, const struct qy_sizes_eight *eight,
                       struct qy_sizes_eight *ret_eight)
{
    (void)request;
    *ret_eight = *eight;
    return 0;
}

static int64_t call_960(struct qy_request *request, const uint8_t *data, uint32_t data_count,
                        uint64_t *ret_sum)
{
    (void)request;
    *ret_sum = data[data_count - 1];
    return 0;
}

/* Called through this, here as in the server. */
static const struct qy_sizes_handlers *volatile handlers = &(const struct qy_sizes_handlers){
    .call_0 = call_0,
    .call_8 = call_8,
    .call_32 = call_32,
    .call_64 = call_64,
    .call_960 = call_960,
};

int64_t idl_serve(handle_t port)
{
    struct qy_server server = {.port = port, .dispatch = qy_sizes_dispatch, .handlers = handlers};
    return qy_server_run(&server);
}

/* --- the client ---------------------------------------------------------------------------- */

static struct {
    handle_t session;
    int64_t failed;
    uint64_t a, b, c, d;
    struct qy_sizes_eight eight;
    uint8_t data[QY_SIZES_TOTAL_MAX];
} client;

/* Each statement is measured alone, and the second's median taken off the first. */
#define ROW(name, call, handler)                                                                   \
    do {                                                                                           \
        const struct qy_sizes_handlers *here = handlers;                                           \
        for (uint32_t i = 0; i < CALLS; i++) {                                                     \
            MEASURE(i, client.failed |= (handler));                                                \
        }                                                                                          \
        uint64_t handler_cost = samples[CALLS / 2];                                                \
        for (uint32_t i = 0; i < CALLS; i++) {                                                     \
            MEASURE(i, client.failed |= (call));                                                   \
            samples[i] -= handler_cost;                                                            \
        }                                                                                          \
        samples_print(name, CALLS, 1);                                                             \
    } while (0)

/* So many calls of 8 bytes in one message, and their answers taken out; per call. */
static void batch_measure(handle_t to)
{
    static struct qy_batch batch;
    for (uint32_t i = 0; i < BATCHES; i++) {
        uint64_t start = qy_tsc_read();
        qy_batch_begin(&batch);
        for (uint32_t k = 0; k < BATCH_CALLS; k++) {
            client.failed |= !qy_sizes_call_8_add(&batch, k);
        }
        client.failed |= qy_batch_call(to, &batch, DEADLINE_NEVER);
        for (uint32_t k = 0; k < BATCH_CALLS; k++) {
            client.failed |= qy_sizes_call_8_next(&batch, &client.a);
        }
        samples[i] = qy_tsc_read() - start;
    }
    samples_print("idl_batch_8", BATCHES, BATCH_CALLS);
}

void rows_idl(void)
{
    int64_t port = qy_port_create(qy_self_job(), 8);
    must(port, "port_create");
    struct qy_result session = qy_session_create((handle_t)port, 1, 0);
    must(session.status, "session_create");
    const struct peer_handles handles = {.port = (handle_t)port};
    handle_t server = peer_start("idl", 0, &handles);
    handle_t to = session.second;
    ROW("idl_call_0", qy_sizes_call_0(to, DEADLINE_NEVER), here->call_0(NULL));
    ROW("idl_call_8", qy_sizes_call_8(to, i, &client.a, DEADLINE_NEVER),
        here->call_8(NULL, i, &client.a));
    ROW("idl_call_32",
        qy_sizes_call_32(to, i, i, i, i, &client.a, &client.b, &client.c, &client.d,
                         DEADLINE_NEVER),
        here->call_32(NULL, i, i, i, i, &client.a, &client.b, &client.c, &client.d));
    ROW("idl_call_64", qy_sizes_call_64(to, &client.eight, &client.eight, DEADLINE_NEVER),
        here->call_64(NULL, &client.eight, &client.eight));
    ROW("idl_call_960",
        qy_sizes_call_960(to, client.data, sizeof client.data, &client.a, DEADLINE_NEVER),
        here->call_960(NULL, client.data, sizeof client.data, &client.a));
    batch_measure(to);
    must(client.failed != 0 ? -EIO : 0, "a generated call");
    peer_end(server);
}
