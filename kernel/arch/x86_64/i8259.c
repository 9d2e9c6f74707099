/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/i8259.h"
#include "arch/x86_64/instructions.h"
#include <arch_impl/layout.h>

#define MASTER 0x20
#define SLAVE  0xa0
#define DATA   1 /* behind the command port */

#define ICW1_INIT_WITH_ICW4 0x11
#define ICW3_MASTER_LINE_2  4
#define ICW3_SLAVE_ID       2
#define ICW4_8086           1

/* 8259A data sheet, initialization command words; vectors out of the exceptions' way, in case. */
void i8259_silence(void)
{
    out8(MASTER, ICW1_INIT_WITH_ICW4);
    out8(SLAVE, ICW1_INIT_WITH_ICW4);
    out8(MASTER + DATA, VECTOR_IRQ_BASE);
    out8(SLAVE + DATA, VECTOR_IRQ_BASE + 8);
    out8(MASTER + DATA, ICW3_MASTER_LINE_2);
    out8(SLAVE + DATA, ICW3_SLAVE_ID);
    out8(MASTER + DATA, ICW4_8086);
    out8(SLAVE + DATA, ICW4_8086);
    out8(MASTER + DATA, 0xff);
    out8(SLAVE + DATA, 0xff);
}
