/* SPDX-License-Identifier: MIT */
/* Registers: National Semiconductor PC16550D data sheet, table II. */
#include "port.h"
#include <quay/device.h>

#define DATA             0
#define INTERRUPT_ENABLE 1
#define FIFO_CONTROL     2
#define LINE_CONTROL     3
#define MODEM_CONTROL    4
#define LINE_STATUS      5
#define SCRATCH          7

#define LINE_DIVISOR_ACCESS 0x80
#define LINE_8N1            0x03
#define FIFO_ENABLE         0x07 /* and emptied */
#define MODEM_DTR_RTS       0x03
#define STATUS_SENDER_EMPTY 0x20
#define DIVISOR_115200      1
#define FIFO_BYTES          16
#define TRIES_MAX           1000000 /* a port that never becomes ready is gone */

static void put(handle_t io, uint32_t offset, uint32_t value)
{
    (void)qy_io_write(io, offset, 1, value); /* ours, and inside */
}

bool port_open(handle_t io)
{
    put(io, SCRATCH, 0x5a);
    if (qy_io_read(io, SCRATCH, 1) != 0x5a) {
        return false;
    }
    put(io, INTERRUPT_ENABLE, 0);
    put(io, LINE_CONTROL, LINE_DIVISOR_ACCESS | LINE_8N1);
    put(io, DATA, DIVISOR_115200);
    put(io, INTERRUPT_ENABLE, 0); /* the divisor's high byte */
    put(io, LINE_CONTROL, LINE_8N1);
    put(io, FIFO_CONTROL, FIFO_ENABLE);
    put(io, MODEM_CONTROL, MODEM_DTR_RTS);
    return true;
}

void port_write(handle_t io, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t tries = 0; i % FIFO_BYTES == 0 && tries < TRIES_MAX; tries++) {
            if ((qy_io_read(io, LINE_STATUS, 1) & STATUS_SENDER_EMPTY) != 0) {
                break;
            }
        }
        put(io, DATA, bytes[i]);
    }
}
