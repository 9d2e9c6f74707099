/* SPDX-License-Identifier: MIT */
#include "driver.h"
#include "ns16550_regs.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>

static struct {
    handle_t irq;
    uint64_t interrupts;
    struct kept *kept;
} main_state;

static struct kept private_kept; /* where nobody keeps anything for us */

struct kept *kept(void)
{
    return main_state.kept;
}

static void everything_continue(struct qy_server *server)
{
    kernel_log_continue();
    transmit_continue(server);
}

static int64_t write_handle(struct qy_request *request, const uint8_t *data, uint32_t count,
                            uint32_t *ret_accepted)
{
    int64_t status = transmit_write(request, data, count, ret_accepted);
    everything_continue(request->server);
    return status;
}

static int64_t drain_handle(struct qy_request *request)
{
    int64_t status = transmit_drain(request);
    everything_continue(request->server);
    return status;
}

static int64_t statistics_handle(struct qy_request *request,
                                 struct qy_serial_counters *ret_counters)
{
    (void)request;
    *ret_counters = (struct qy_serial_counters){
        .received_bytes = receive_received_bytes(),
        .sent_bytes = transmit_sent_bytes(),
        .lost_bytes = receive_lost_bytes(),
        .interrupts = main_state.interrupts,
    };
    return 0;
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    if (key == KEY_INTERRUPT) {
        /* First unmask, then serve until the device has nothing left: the line is edge-triggered,
         * so an edge during the service must be seen, and after it the line is low again. */
        main_state.interrupts++;
        (void)qy_irq_ack(main_state.irq); /* ours since the start */
        receive_continue(server);
    }
    everything_continue(server);
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    receive_cancelled(server, token);
    transmit_cancelled(server, token);
}

static const struct qy_serial_handlers handlers = {
    .write = write_handle,
    .read = receive_read,
    .drain = drain_handle,
    .statistics = statistics_handle,
    .log_read = kernel_log_read,
};

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_serial_dispatch,
        .handlers = &handlers,
        .notice = notice,
        .cancelled = cancelled,
        .cancel_requested = cancelled, /* what waits has not done anything */
    };
    main_state.kept = qy_memory_kept(sizeof *main_state.kept);
    if (main_state.kept == NULL) {
        main_state.kept = &private_kept;
    }
    main_state.irq = qy_bootstrap_handle(BOOTSTRAP_IRQ, NULL);
    int64_t error = device_init(qy_bootstrap_handle(BOOTSTRAP_IO, NULL));
    if (error >= 0) {
        /* The last instance's, which would go on with its notices. */
        (void)qy_port_unbind(server.port, main_state.irq);
        error = qy_port_bind(server.port, main_state.irq, SIGNAL_FIRED, KEY_INTERRUPT);
    }
    if (error < 0) {
        qy_log("no serial port: %s", qy_error_text(error));
        return 1;
    }
    kernel_log_init(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), server.port);
    /* It has said so, if that fails; the name is there anyway. */
    (void)qy_name_bind("serial", server.port, QY_SERIAL_ACCESS_READ | QY_SERIAL_ACCESS_WRITE);
    receive_continue(&server); /* typed while there was no driver */
    everything_continue(&server);
    int64_t run = qy_server_run(&server);
    if (run < 0) {
        qy_log("receiving failed: %s", qy_error_text(run));
        return 1;
    }
    /* The machine is being switched off: what waits in the queue is sent, for half a second. */
    time_ns_t deadline = qy_deadline_after(QY_SECOND / 2);
    while ((queue_used(&kept()->transmit) > 0 || !device_can_send()) &&
           qy_clock_read() < deadline) {
        (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND)); /* it only sleeps */
        everything_continue(&server);
    }
    return 0;
}
