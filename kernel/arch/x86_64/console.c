/* SPDX-License-Identifier: MIT */
/*
 * COM1 by polling, and QEMU's debug console. The UART is set to 115200 8N1 without interrupts
 * (PC16550D data sheet, section 8); its driver programs it again when it takes over.
 */
#include "arch/console.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/screen.h"
#include <stdbool.h>

#define COM1          0x3f8
#define DEBUGCON_PORT 0xe9

#define UART_DATA          0
#define UART_IER           1
#define UART_FCR           2
#define UART_LCR           3
#define UART_MCR           4
#define UART_LSR           5
#define UART_SCRATCH       7
#define UART_LSR_THR_EMPTY 0x20
#define UART_POLL_MAX      100000 /* a UART that never gets ready does not stop the kernel */

static struct {
    bool has_serial;
    bool has_debugcon;
} x_console;

void arch_console_init(void)
{
    x_console.has_debugcon = in8(DEBUGCON_PORT) == DEBUGCON_PORT;

    out8(COM1 + UART_SCRATCH, 0x5a);
    if (in8(COM1 + UART_SCRATCH) != 0x5a) {
        return;
    }
    out8(COM1 + UART_IER, 0);
    out8(COM1 + UART_LCR, 0x80); /* divisor latch */
    out8(COM1 + UART_DATA, 1);
    out8(COM1 + UART_IER, 0);
    out8(COM1 + UART_LCR, 0x03);
    out8(COM1 + UART_FCR, 0x07); /* FIFOs on and empty */
    out8(COM1 + UART_MCR, 0x03); /* DTR, RTS */
    x_console.has_serial = true;
}

void arch_debugcon_write(const char *text, size_t length)
{
    if (x_console.has_debugcon) {
        __asm__ volatile("rep outsb" : "+S"(text), "+c"(length) : "d"(DEBUGCON_PORT) : "memory");
    }
}

static void serial_put(char c)
{
    for (unsigned i = 0; i < UART_POLL_MAX; i++) {
        if (in8(COM1 + UART_LSR) & UART_LSR_THR_EMPTY) {
            break;
        }
    }
    out8(COM1 + UART_DATA, (uint8_t)c);
}

void arch_serial_write(const char *text, size_t length)
{
    x86_screen_write(text, length);
    if (!x_console.has_serial) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            serial_put('\r');
        }
        serial_put(text[i]);
    }
}
