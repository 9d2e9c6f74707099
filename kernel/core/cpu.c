/* SPDX-License-Identifier: MIT */
#include "core/cpu.h"
#include "core/panic.h"

static struct {
    struct cpu *cpus[MAX_CPUS]; /* atomic; written once each, in the order of ids */
    uint32_t count;             /* atomic; pairs with the release in cpu_register */
} x_cpu;

struct cpu *cpu_get(uint32_t id)
{
    return id < MAX_CPUS ? __atomic_load_n(&x_cpu.cpus[id], __ATOMIC_ACQUIRE) : NULL;
}

void cpu_register(struct cpu *cpu)
{
    assert(cpu->id == cpu_count() && cpu->id < MAX_CPUS);
    __atomic_store_n(&x_cpu.cpus[cpu->id], cpu, __ATOMIC_RELEASE);
    __atomic_store_n(&x_cpu.count, cpu->id + 1, __ATOMIC_RELEASE);
}

uint32_t cpu_count(void)
{
    return __atomic_load_n(&x_cpu.count, __ATOMIC_ACQUIRE);
}
