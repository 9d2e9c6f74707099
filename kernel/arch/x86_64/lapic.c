/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/mmu.h"
#include "arch/mmu.h"
#include "core/panic.h"
#include <arch_impl/cpu.h>

/* Register offsets: SDM Vol. 3A, table 10-1. */
#define LAPIC_ID            0x20
#define LAPIC_TPR           0x80
#define LAPIC_EOI           0xb0
#define LAPIC_SVR           0xf0
#define LAPIC_ESR           0x280
#define LAPIC_ICR_LOW       0x300
#define LAPIC_ICR_HIGH      0x310
#define LAPIC_LVT_TIMER     0x320
#define LAPIC_LVT_THERMAL   0x330
#define LAPIC_LVT_PERF      0x340
#define LAPIC_LVT_LINT0     0x350
#define LAPIC_LVT_LINT1     0x360
#define LAPIC_LVT_ERROR     0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE  0x3e0

#define SVR_ENABLE   (1u << 8)
#define LVT_MASKED   (1u << 16)
#define LVT_NMI      (4u << 8)
#define DIVIDE_BY_1  0xbu
#define ICR_ASSERT   (1u << 14)
#define ICR_PENDING  (1u << 12)
#define APIC_BASE_X2 (1ul << 10)
#define APIC_BASE_ON (1ul << 11)

static uint32_t lapic_read(unsigned offset)
{
    return *(volatile uint32_t *)(DEVICE_BASE + offset);
}

static void lapic_write(unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(DEVICE_BASE + offset) = value;
}

void lapic_init(struct paddr address)
{
    const uint64_t base = msr_read(MSR_APIC_BASE);

    if (base & APIC_BASE_X2) {
        panic("the local APIC is in x2APIC mode, which is not supported: turn it off in the "
              "firmware");
    }
    if (!(base & APIC_BASE_ON)) {
        panic("the local APIC is turned off");
    }
    x86_mmu_map_fixed(DEVICE_BASE, address, ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_DEVICE);
}

void lapic_enable(void)
{
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED); /* the old interrupt controller */
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_write(LAPIC_LVT_THERMAL, LVT_MASKED);
    lapic_write(LAPIC_LVT_PERF, LVT_MASKED);
    lapic_write(LAPIC_LVT_ERROR, VECTOR_LAPIC_ERROR);
    lapic_write(LAPIC_ESR, 0);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER); /* one-shot */
    lapic_eoi();
}

uint32_t lapic_id(void)
{
    return lapic_read(LAPIC_ID) >> 24;
}

void lapic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

void lapic_send(uint32_t apic_id, uint32_t message)
{
    /* The interface is busy until the last message was accepted by the bus, not by its target. */
    while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING) {
        arch_cpu_relax();
    }
    lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
    lapic_write(LAPIC_ICR_LOW, ICR_ASSERT | message);
}

void lapic_timer_set(uint32_t count)
{
    lapic_write(LAPIC_TIMER_INITIAL, count);
}

uint32_t lapic_timer_left(void)
{
    return lapic_read(LAPIC_TIMER_CURRENT);
}
