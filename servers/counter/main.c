/* SPDX-License-Identifier: MIT */
#include <idl/counter.h>
#include <quay/bootstrap.h>
#include <quay/server.h>
#include <quay/text.h>

static uint64_t counter_value;

static int64_t counter_increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    counter_value += by;
    *ret_value = counter_value;
    return 0;
}

static int64_t counter_read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = counter_value;
    return 0;
}

static const struct qy_counter_handlers handlers = {
    .increment = counter_increment,
    .read = counter_read,
};

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_counter_dispatch,
        .handlers = &handlers,
    };
    qy_log("receiving failed: %s", qy_error_text(qy_server_run(&server)));
    return 1;
}
