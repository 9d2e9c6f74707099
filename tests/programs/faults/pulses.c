/* SPDX-License-Identifier: MIT */
/* A driver that counts pulses. The planted fault: it believes what it is told about the channel. */
#include <idl/counter.h>
#include <quay/bootstrap.h>
#include <quay/device.h>
#include <quay/names.h>
#include <quay/server.h>

#define CHANNELS 8

static handle_t io;
static uint64_t pulses[CHANNELS];

/* Not in line, so that a backtrace names it. */
__attribute__((noinline)) static uint64_t pulse_count(uint64_t channel)
{
    pulses[channel] += qy_io_read(io, 0, 1) >= 0;
    return pulses[channel];
}

static int64_t increment(struct qy_request *request, uint64_t channel, uint64_t *ret_value)
{
    (void)request;
    *ret_value = pulse_count(channel);
    return 0;
}

static int64_t read(struct qy_request *request, uint64_t *ret_value)
{
    (void)request;
    *ret_value = pulses[0];
    return 0;
}

int main(int argument_count, char **arguments)
{
    static const struct qy_counter_handlers handlers = {.increment = increment, .read = read};
    struct qy_server server = {.dispatch = qy_counter_dispatch, .handlers = &handlers};
    (void)argument_count;
    (void)arguments;
    io = qy_bootstrap_handle(BOOTSTRAP_IO, NULL);
    return qy_server_main(&server, "pulses");
}
