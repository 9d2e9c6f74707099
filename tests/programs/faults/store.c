/* SPDX-License-Identifier: MIT */
/* The planted fault: it waits for its medium at each change, far too long. */
#include <idl/counter.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/server.h>

#define MEDIUM_SETTLES (4 * QY_SECOND)

static uint64_t number;

/* Not in line, so that a backtrace names it. */
__attribute__((noinline)) static void medium_settle(void)
{
    (void)qy_thread_sleep(qy_deadline_after(MEDIUM_SETTLES)); /* it only sleeps */
}

static int64_t increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    medium_settle();
    number += by;
    *ret_value = number;
    return 0;
}

static int64_t read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = number;
    return 0;
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
    return qy_server_main(&server, "store");
}
