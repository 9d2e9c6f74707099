/* SPDX-License-Identifier: MIT */
#include "driver.h"
#include "ns16550_regs.h"
#include <quay/device.h>

static struct {
    handle_t io;
    uint32_t enabled; /* what INTERRUPT_ENABLE holds */
} device_state;

static void device_write(uint32_t offset, uint32_t value)
{
    /* Fails only without the right or out of range, which device_init has found out. */
    (void)qy_io_write(device_state.io, offset, 1, value);
}

static uint32_t device_read(uint32_t offset)
{
    return (uint32_t)qy_io_read(device_state.io, offset, 1);
}

int device_init(handle_t io)
{
    device_state.io = io;
    int64_t status = qy_io_read(io, NS16550_LINE_STATUS, 1);
    if (status < 0) {
        return (int)status;
    }
    if (status == 0xff) {
        return -ENODEV; /* nothing drives the bus */
    }
    device_write(NS16550_INTERRUPT_ENABLE, 0);
    device_write(NS16550_LINE_CONTROL, NS16550_LINE_DIVISOR_ACCESS | NS16550_LINE_8N1);
    device_write(NS16550_DIVISOR_LOW, 1); /* 115200 bit/s */
    device_write(NS16550_DIVISOR_HIGH, 0);
    device_write(NS16550_LINE_CONTROL, NS16550_LINE_8N1);
    device_write(NS16550_FIFO_CONTROL, NS16550_FIFO_ENABLE);
    device_write(NS16550_MODEM_CONTROL, NS16550_MODEM_DTR_RTS_OUT2);
    device_state.enabled = NS16550_ENABLE_RECEIVED;
    device_write(NS16550_INTERRUPT_ENABLE, device_state.enabled);
    return 0;
}

int device_receive(void)
{
    if ((device_read(NS16550_LINE_STATUS) & NS16550_STATUS_RECEIVED) == 0) {
        return -EAGAIN;
    }
    return (int)device_read(NS16550_DATA);
}

bool device_can_send(void)
{
    return (device_read(NS16550_LINE_STATUS) & NS16550_STATUS_SENDER_EMPTY) != 0;
}

void device_send(uint8_t byte)
{
    device_write(NS16550_DATA, byte);
}

void device_notify_empty(bool is_wanted)
{
    uint32_t enabled = NS16550_ENABLE_RECEIVED | (is_wanted ? NS16550_ENABLE_SENDER_EMPTY : 0);
    if (enabled != device_state.enabled) {
        device_state.enabled = enabled;
        device_write(NS16550_INTERRUPT_ENABLE, enabled);
    }
}
