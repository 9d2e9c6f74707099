/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ist.h"
#include "core/cpu.h"
#include "lib/string.h"
#include <arch_impl/frame.h>

#define GDT_KERNEL_CODE 0x00af9b000000fffful /* SDM Vol. 3A, 3.4.5: 64-bit, accessed, present */
#define GDT_KERNEL_DATA 0x00cf93000000fffful
#define GDT_USER_DATA   0x00cff3000000fffful
#define GDT_USER_CODE   0x00affb000000fffful
#define GDT_TSS_PRESENT 0x0000890000000000ul /* type 9: available 64-bit TSS */

#define GATE_INTERRUPT 0x8e00u /* present, interrupts off */
#define GATE_USER      0x6000u /* INT n from user mode */

#define STAR_SYSRET_BASE 0x23ul /* + 8: ss, + 16: cs */

/* SFMASK: flags cleared at SYSCALL. */
#define RFLAGS_TF   (1ul << 8)
#define RFLAGS_IF   (1ul << 9)
#define RFLAGS_DF   (1ul << 10)
#define RFLAGS_NT   (1ul << 14)
#define RFLAGS_AC   (1ul << 18)
#define RFLAGS_IOPL (3ul << 12)

#define EFER_SCE (1ul << 0)

#define GATE_ENTRY_SIZE 16

_Static_assert(STAR_SYSRET_BASE + 8 == USER_SS && STAR_SYSRET_BASE + 16 == USER_CS, "SYSRET");

struct gate {
    uint16_t offset_low, selector, flags, offset_middle;
    uint32_t offset_high, reserved;
};

struct PACKED table_pointer {
    uint16_t limit;
    uint64_t base;
};

extern const char x86_gates_exception[], x86_gates_irq[], x86_gates_system[];
extern const char x86_debug_gate[], x86_nmi_gate[], x86_double_fault_gate[],
    x86_machine_check_gate[];
extern const char x86_syscall_entry[];

static struct gate x_idt[256];

static void gate_set(unsigned vector, const char *entry, unsigned ist, unsigned flags)
{
    const uint64_t offset = (uint64_t)entry;

    x_idt[vector] = (struct gate){
        .offset_low = (uint16_t)offset,
        .selector = KERNEL_CS,
        .flags = (uint16_t)(GATE_INTERRUPT | flags | ist),
        .offset_middle = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

void x86_idt_build(void)
{
    for (unsigned i = 0; i < 32; i++) {
        gate_set(i, x86_gates_exception + i * GATE_ENTRY_SIZE, 0, i == 3 ? GATE_USER : 0);
    }
    for (unsigned i = 0; i < VECTOR_IRQ_COUNT; i++) {
        gate_set(VECTOR_IRQ_BASE + i, x86_gates_irq + i * GATE_ENTRY_SIZE, 0, 0);
    }
    for (unsigned i = 0; i < 16; i++) {
        gate_set(0xf0 + i, x86_gates_system + i * GATE_ENTRY_SIZE, 0, 0);
    }
    gate_set(1, x86_debug_gate, IST_MACHINE_CHECK, 0); /* which never comes back */
    gate_set(2, x86_nmi_gate, IST_NMI, 0);
    gate_set(8, x86_double_fault_gate, IST_DOUBLE_FAULT, 0);
    gate_set(18, x86_machine_check_gate, IST_MACHINE_CHECK, 0);
}

static void tss_build(struct cpu *cpu)
{
    struct tss *tss = &cpu->arch.tss;
    const uint64_t base = (uint64_t)tss;

    for (unsigned ist = 1; ist <= X86_IST_COUNT; ist++) {
        struct cpu **top = (struct cpu **)X86_IST_STACK_TOP(cpu->id, ist);
        top[-1] = cpu; /* entry.S, PARANOID */
        tss->ist[ist - 1] = (uint64_t)(top - 2);
    }
    tss->rsp0 = cpu->kernel_stack_top;
    tss->io_map_base = sizeof(*tss); /* none: user mode has no ports */
    cpu->arch.gdt[TSS_SELECTOR / 8] =
        GDT_TSS_PRESENT | (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    cpu->arch.gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
}

static void gdt_load(struct cpu *cpu)
{
    const struct table_pointer gdt = {sizeof(cpu->arch.gdt) - 1, (uint64_t)cpu->arch.gdt};

    cpu->arch.gdt[KERNEL_CS / 8] = GDT_KERNEL_CODE;
    cpu->arch.gdt[KERNEL_SS / 8] = GDT_KERNEL_DATA;
    cpu->arch.gdt[USER_SS / 8] = GDT_USER_DATA;
    cpu->arch.gdt[USER_CS / 8] = GDT_USER_CODE;
    /* Selectors 0x18 and 0x20 stay empty: there is no 32-bit user mode. */
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(gdt), "i"(KERNEL_CS), "i"(KERNEL_SS), "r"(TSS_SELECTOR)
                     : "rax", "memory");
}

void x86_descriptors_load(struct cpu *cpu)
{
    const struct table_pointer idt = {sizeof(x_idt) - 1, (uint64_t)x_idt};

    tss_build(cpu);
    gdt_load(cpu);
    __asm__ volatile("lidt %0" : : "m"(idt));
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
    msr_write(MSR_STAR, (uint64_t)KERNEL_CS << 32 | STAR_SYSRET_BASE << 48);
    msr_write(MSR_LSTAR, (uint64_t)x86_syscall_entry);
    msr_write(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_IOPL);
}

void x86_cpu_self_set(struct cpu *cpu)
{
    cpu->self = cpu;
    msr_write(MSR_GS_BASE, (uint64_t)cpu);
    msr_write(MSR_KERNEL_GS_BASE, 0); /* the user's */
    msr_write(MSR_FS_BASE, 0);
}
