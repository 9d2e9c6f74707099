/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/smp.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "arch/upcalls.h"
#include "arch/x86_64/boot_memory.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ist.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/memory_map.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/time.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"

#define START_TIMEOUT_NS 2000000000 /* a virtual CPU may have to wait for a real one */
#define INIT_DELAY_NS    200000
#define STARTUP_DELAY_NS 1000000 /* then the message is sent once more */
#define LOW_MEMORY_END   0x9f000u

extern const char trampoline_start[], trampoline_end[], trampoline_cr3[], trampoline_stack[],
    trampoline_cpu[], trampoline_gdt_base[], trampoline_far[];

NORETURN void x86_cpu_entry(struct cpu *cpu); /* from the trampoline */

static struct {
    uint32_t count; /* CPUs to start */
    struct cpu *cpus[MAX_CPUS];
    struct paddr page;
    struct paddr root;
} x_smp;

void x86_cpu_stacks_make(struct cpu *cpu)
{
    const unsigned flags = ARCH_MAP_READ | ARCH_MAP_WRITE;
    const uint64_t top = X86_KERNEL_STACK_TOP(cpu->id);

    for (uint64_t at = top - X86_KERNEL_STACK_SIZE; at < top; at += PAGE_SIZE) {
        x86_mmu_map_fixed(at, boot_memory_pages(1), flags);
    }
    for (unsigned ist = 1; ist <= X86_IST_COUNT; ist++) {
        x86_mmu_map_fixed(X86_IST_STACK_TOP(cpu->id, ist) - PAGE_SIZE, boot_memory_pages(1), flags);
    }
    cpu->kernel_stack_top = top;
}

void x86_cpu_setup(struct cpu *cpu)
{
    x86_features_enable();
    x86_descriptors_load(cpu);
    lapic_enable();
    cpu->hardware_id = lapic_id();
    cpu->bit = 1ul << cpu->id;
    cpu->arch.timer_deadline = DEADLINE_NEVER;
}

static void *trampoline_at(const char *symbol)
{
    return (char *)arch_direct_map(x_smp.page) + (symbol - trampoline_start);
}

/* The highest page of RAM below 640 KiB. */
static bool page_choose(struct boot_info *info)
{
    uint64_t best = 0;

    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        const uint64_t end = min_u64(range->start.value + range->size_bytes, LOW_MEMORY_END);
        if (range->type == BOOT_RANGE_RAM && end > range->start.value && end >= 2 * PAGE_SIZE) {
            best = max_u64(best, end - PAGE_SIZE);
        }
    }
    x_smp.page = paddr_of(best);
    return best != 0 && memory_map_reserve(info, best, PAGE_SIZE);
}

static void trampoline_fill(void)
{
    const uint32_t page = (uint32_t)x_smp.page.value;

    memcpy(arch_direct_map(x_smp.page), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    *(uint32_t *)trampoline_at(trampoline_gdt_base) += page;
    *(uint32_t *)trampoline_at(trampoline_far) += page;
    *(uint64_t *)trampoline_at(trampoline_cr3) = x_smp.root.value;
}

void x86_smp_prepare(const struct madt *madt, struct boot_info *info)
{
    const size_t record_pages = (sizeof(struct cpu) + PAGE_SIZE - 1) / PAGE_SIZE;

    if (madt->cpu_count > MAX_CPUS) {
        log_warn("cpus: %u present, only %u are used", madt->cpu_count, MAX_CPUS);
    }
    if (madt->cpu_count < 2) {
        return;
    }
    if (!page_choose(info)) {
        log_warn("cpus: no memory below 640 KiB to start the others in");
        return;
    }
    for (uint32_t i = 0; i < madt->cpu_count && i < MAX_CPUS; i++) {
        if (madt->cpu_apic_ids[i] != lapic_id() && x_smp.count + 1 < MAX_CPUS) {
            struct cpu *cpu = arch_direct_map(boot_memory_pages(record_pages));
            cpu->self = cpu;
            cpu->id = x_smp.count + 1;
            cpu->hardware_id = madt->cpu_apic_ids[i];
            x86_cpu_stacks_make(cpu);
            x_smp.cpus[x_smp.count++] = cpu;
        }
    }
    x_smp.root = x86_mmu_trampoline_root(x_smp.page);
    trampoline_fill();
}

NORETURN void x86_cpu_entry(struct cpu *cpu)
{
    x86_cpu_self_set(cpu);
    cr3_write(x86_mmu_kernel_cr3()); /* the page below 1 MiB is gone */
    x86_cpu_setup(cpu);
    cpu_register(cpu);
    __atomic_store_n(&cpu->arch.online, 1, __ATOMIC_RELEASE); /* pairs with cpu_is_online */
    kernel_cpu_main();
}

static bool cpu_is_online(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->arch.online, __ATOMIC_ACQUIRE) != 0;
}

static void wait_online(const struct cpu *cpu, time_ns_t timeout_ns)
{
    const time_ns_t end = arch_time_now() + timeout_ns;

    while (!cpu_is_online(cpu) && arch_time_now() < end) {
        arch_cpu_relax();
    }
}

/* SDM Vol. 3A, 8.4.4.1: INIT, then the start-up message, a second one if the first was lost. */
static void cpu_start(struct cpu *cpu)
{
    const uint32_t startup = LAPIC_STARTUP | (uint32_t)(x_smp.page.value >> PAGE_SHIFT);

    *(uint64_t *)trampoline_at(trampoline_stack) = cpu->kernel_stack_top;
    *(struct cpu **)trampoline_at(trampoline_cpu) = cpu;
    lapic_send(cpu->hardware_id, LAPIC_INIT);
    wait_online(cpu, INIT_DELAY_NS);
    lapic_send(cpu->hardware_id, startup);
    wait_online(cpu, STARTUP_DELAY_NS);
    if (!cpu_is_online(cpu)) {
        lapic_send(cpu->hardware_id, startup);
        wait_online(cpu, START_TIMEOUT_NS);
    }
}

uint32_t arch_cpus_start(void)
{
    for (uint32_t i = 0; i < x_smp.count; i++) {
        struct cpu *cpu = x_smp.cpus[i];
        cpu_start(cpu);
        if (!cpu_is_online(cpu)) {
            /* It may still come up late: with a stack of its own, but no later CPU may be told to
             * start from the same page, and ids have no holes. */
            log_error("cpus: APIC %u does not start; going on with %u", cpu->hardware_id,
                      cpu_count());
            break;
        }
    }
    return cpu_count();
}
