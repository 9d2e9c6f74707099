/* SPDX-License-Identifier: MIT */
/* Registers of the 16550 (National Semiconductor PC16550D data sheet, table II). */
#pragma once

#define NS16550_DATA             0 /* read: received; write: to send */
#define NS16550_INTERRUPT_ENABLE 1
#define NS16550_FIFO_CONTROL     2 /* write */
#define NS16550_LINE_CONTROL     3
#define NS16550_MODEM_CONTROL    4
#define NS16550_LINE_STATUS      5
#define NS16550_DIVISOR_LOW      0 /* while LINE_CONTROL has DIVISOR_ACCESS */
#define NS16550_DIVISOR_HIGH     1

#define NS16550_ENABLE_RECEIVED     0x01
#define NS16550_ENABLE_SENDER_EMPTY 0x02

#define NS16550_FIFO_ENABLE 0x01 /* interrupt from the first byte; emptied if they were off */

#define NS16550_LINE_8N1            0x03
#define NS16550_LINE_DIVISOR_ACCESS 0x80

#define NS16550_MODEM_DTR_RTS_OUT2 0x0b /* OUT2 lets interrupts through on a PC */

#define NS16550_STATUS_RECEIVED     0x01
#define NS16550_STATUS_SENDER_EMPTY 0x20 /* the FIFO took everything */

#define NS16550_FIFO_BYTES 16
