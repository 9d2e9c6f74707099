/* SPDX-License-Identifier: MIT */
/* A counter that keeps its number with the server store. */
#include <idl/counter.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/names.h>
#include <quay/server.h>

#define STORE_WITHIN (10 * QY_SECOND)

static struct qy_connection store = {.name = "store", .open = qy_connect};

static int64_t increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    return qy_counter_increment_on(&store, by, ret_value, qy_deadline_after(STORE_WITHIN));
}

static int64_t read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    return qy_counter_read_on(&store, ret_value, qy_deadline_after(STORE_WITHIN));
}

int main(int argument_count, char **arguments)
{
    static const struct qy_counter_handlers handlers = {.increment = increment, .read = read};
    static struct qy_method_statistics statistics[2];
    struct qy_server server = {
        .dispatch = qy_counter_dispatch,
        .handlers = &handlers,
        .statistics = statistics,
        .statistics_max = 2,
    };
    (void)argument_count;
    (void)arguments;
    return qy_server_main(&server, "front");
}
