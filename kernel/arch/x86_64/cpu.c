/* SPDX-License-Identifier: MIT */
#include "arch/cpu.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/lapic.h"
#include "core/cpu.h"
#include "core/panic.h"

void arch_ipi_send(uint64_t cpu_mask, enum arch_ipi kind)
{
    static const uint32_t messages[] = {
        [ARCH_IPI_RESCHEDULE] = VECTOR_RESCHEDULE,
        [ARCH_IPI_SYNC] = VECTOR_SYNC,
        [ARCH_IPI_STOP] = LAPIC_NMI, /* also finds a CPU that hangs in the kernel */
    };

    for (; cpu_mask != 0; cpu_mask &= cpu_mask - 1) {
        const struct cpu *cpu = cpu_get((uint32_t)__builtin_ctzll(cpu_mask));
        if (cpu == NULL) {
            continue;
        }
        lapic_send(cpu->hardware_id, messages[kind]);
    }
}

NORETURN void arch_halt(void)
{
    interrupts_disable();
    for (;;) {
        halt();
    }
}

/* The keyboard controller's reset line, then a triple fault. */
NORETURN void arch_reset(void)
{
    const struct {
        uint16_t limit;
        uint64_t base;
    } PACKED none = {0, 0};

    interrupts_disable();
    for (unsigned i = 0; i < 100000 && (in8(0x64) & 2); i++) {
        arch_cpu_relax();
    }
    out8(0x64, 0xfe);
    for (unsigned i = 0; i < 1000000; i++) {
        arch_cpu_relax();
    }
    __asm__ volatile("lidt %0\n\tint3" : : "m"(none));
    arch_halt();
}

uint32_t arch_port_read(uint16_t port, unsigned width_bytes)
{
    uint32_t value = 0;

    switch (width_bytes) {
    case 1:
        return in8(port);
    case 2:
        __asm__ volatile("inw %w1, %w0" : "+a"(value) : "Nd"(port));
        return value & 0xffff;
    case 4:
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
        return value;
    default:
        panic("port read of %u bytes", width_bytes);
    }
}

void arch_port_write(uint16_t port, unsigned width_bytes, uint32_t value)
{
    switch (width_bytes) {
    case 1:
        out8(port, (uint8_t)value);
        return;
    case 2:
        __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
        return;
    case 4:
        __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
        return;
    default:
        panic("port write of %u bytes", width_bytes);
    }
}
