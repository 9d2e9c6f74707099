/* SPDX-License-Identifier: MIT */
/*
 * Two counters, left and right, each of which gives half of what it is given to the other one. The
 * planted fault: they do so with their lock held, which the other one's other half then waits for.
 * The kernel sees no ring of calls, because a thread of the first is left that could answer.
 */
#include <idl/counter.h>
#include <quay/connection.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/text.h>

#define THREADS 3

static struct {
    struct qy_mutex mutex; /* of everything here */
    uint64_t number;
} counted;

static struct qy_connection other = {.open = qy_connect};

static int64_t increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    uint64_t half = by / 2;
    int64_t status = 0;
    (void)request;
    qy_mutex_lock(&counted.mutex);
    if (half > 0) {
        status = qy_counter_increment_on(&other, half, ret_value, DEADLINE_NEVER);
    }
    if (status == 0) {
        counted.number += by - half;
        *ret_value = counted.number;
    }
    qy_mutex_unlock(&counted.mutex);
    return status;
}

static int64_t read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = counted.number;
    return 0;
}

int main(int argument_count, char **arguments)
{
    static const struct qy_counter_handlers handlers = {.increment = increment, .read = read};
    struct qy_server server = {
        .dispatch = qy_counter_dispatch,
        .handlers = &handlers,
        .thread_count = THREADS,
    };
    const char *name = argument_count > 0 ? arguments[0] : "left";
    (void)qy_strlcpy(other.name, qy_streq(name, "left") ? "right" : "left", sizeof other.name);
    return qy_server_main(&server, name);
}
