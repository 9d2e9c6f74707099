/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/proto/counter.h>

static uint64_t counter_value;

static int64_t value_answer(struct qy_request *request)
{
    request->answer[0] = counter_value;
    request->answer_bytes = sizeof(struct counter_value);
    return 0;
}

static int64_t counter_increment(struct qy_server *server, struct qy_request *request)
{
    (void)server;
    struct counter_increment increment;
    memcpy(&increment, request->payload, sizeof increment);
    counter_value += increment.by;
    return value_answer(request);
}

static int64_t counter_read(struct qy_server *server, struct qy_request *request)
{
    (void)server;
    return value_answer(request);
}

static const struct qy_method methods[] = {
    {COUNTER_INCREMENT, sizeof(struct counter_increment), sizeof(struct counter_increment),
     counter_increment},
    {COUNTER_READ, 0, 0, counter_read},
};

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .methods = methods,
        .method_count = sizeof methods / sizeof methods[0],
    };
    qy_log("receiving failed: %s", qy_error_text(qy_server_run(&server)));
    return 1;
}
