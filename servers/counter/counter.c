/* SPDX-License-Identifier: MIT */
#include "counter.h"

static uint64_t private_value;
static uint64_t *counter_value = &private_value;

void counter_keep(uint64_t *value)
{
    counter_value = value;
}

static int64_t counter_increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    *counter_value += by;
    *ret_value = *counter_value;
    return 0;
}

static int64_t counter_read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = *counter_value;
    return 0;
}

const struct qy_counter_handlers counter_handlers = {
    .increment = counter_increment,
    .read = counter_read,
};
