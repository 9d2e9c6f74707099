/* SPDX-License-Identifier: MIT */
/*
 * Kernel virtual addresses, for C and assembly; docs/memory-map.md has the drawing. Everything
 * lies in the upper half, whose page tables all address spaces share.
 */
#pragma once

#define DIRECT_MAP_BASE 0xffff800000000000
#define CPU_AREA_BASE   0xfffffe0000000000 /* stacks of the CPUs, a slot each */
#define CPU_AREA_SLOT   0x10000
#define DEVICE_BASE     0xfffffe0040000000 /* local APIC, then the I/O APICs, a page each */
#define IMAGE_BASE      0xffffffff80000000 /* physical address 0 of the kernel image's window */

/* Segment selectors. The order of the user ones is SYSRET's (SDM Vol. 2B, SYSRET). */
#define KERNEL_CS    0x08
#define KERNEL_SS    0x10
#define TSS_SELECTOR 0x38
#define GDT_ENTRIES  9

/* Interrupt vectors above the CPU's own 32. Lines of the I/O APICs come first; the high nibble is
 * the priority, so that stopping and time go before devices. */
#define VECTOR_IRQ_BASE    0x20
#define VECTOR_IRQ_COUNT   64
#define VECTOR_RESCHEDULE  0xf0
#define VECTOR_SYNC        0xf1
#define VECTOR_TIMER       0xf2
#define VECTOR_LAPIC_ERROR 0xfe
#define VECTOR_SPURIOUS    0xff
