/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/start.h"
#include "arch/boot_info.h"
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "arch/upcalls.h"
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/boot_memory.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/i8259.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/memory_map.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/multiboot2.h"
#include "arch/x86_64/pvh.h"
#include "arch/x86_64/screen.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "core/log.h"
#include "core/panic.h"

#define EARLY_LIMIT   0x100000000ul /* boot.S maps 4 GiB */
#define RAM_MIN_BYTES (23ul << 20)  /* of a machine of 24 MiB firmware keeps some */
#define RAM_MIN_MIB   24ul

static struct cpu x_first_cpu;
static struct boot_info x_boot_info;

static const void *early_read(struct paddr address, uint64_t size)
{
    if (address.value >= EARLY_LIMIT || size > EARLY_LIMIT - address.value) {
        return NULL;
    }
    return arch_direct_map(address);
}

static const char *loader_read(uint32_t magic, struct paddr information, struct boot_info *info)
{
    switch (magic) {
    case 0:
        return pvh_parse(information, early_read, info);
    case MULTIBOOT2_LOADER_MAGIC:
        return multiboot2_parse(information, early_read, info);
    default:
        return "not started by a multiboot2 or PVH loader";
    }
}

static void features_check(void)
{
    x86_features_probe();
    if (!x86_features.nx) {
        boot_refuse("this CPU has no NX bit, or it is turned off in the firmware");
    }
    if (!x86_features.syscall || !x86_features.fxsave) {
        boot_refuse("this CPU has no %s instruction", x86_features.syscall ? "FXSAVE" : "SYSCALL");
    }
}

/* Page 0 stands for no address. What boot.S needed lies behind the image and is free once we are
 * off its stack. */
static void memory_reserve(struct boot_info *info)
{
    const uint64_t start = image_physical(image_start).value;

    if (!memory_map_reserve(info, start, image_physical(image_end).value - start) ||
        !memory_map_reserve(info, info->archive.value, info->archive_size_bytes) ||
        !memory_map_reserve(info, 0, PAGE_SIZE)) {
        boot_refuse("the memory map has too many ranges");
    }
}

static void memory_read(struct boot_info *info)
{
    uint64_t ram;

    if (!memory_map_normalize(info)) {
        boot_refuse("the memory map has too many ranges");
    }
    ram = memory_map_ram_bytes(info);
    if (ram < RAM_MIN_BYTES) {
        boot_refuse("%lu MiB of memory, at least %lu MiB are needed",
                    (unsigned long)((ram + (1ul << 20) - 1) >> 20), RAM_MIN_MIB);
    }
    info->kernel_text_bytes = (uint64_t)(rodata_end - image_start);
    info->kernel_data_bytes = (uint64_t)(data_end - data_start);
}

/* The firmware's own root pointer is better than the loader's copy, which lies in free memory. */
static void acpi_find(struct boot_info *info)
{
    const struct paddr found = acpi_rsdp_scan(early_read);

    if (found.value != 0) {
        info->acpi_rsdp = found;
    } else if (info->acpi_rsdp.value != 0 && !memory_map_reserve(info, info->acpi_rsdp.value, 36)) {
        info->acpi_rsdp = paddr_of(0);
    }
}

NORETURN void x86_start(uint32_t magic, uint32_t information)
{
    static struct madt madt;
    static struct boot_info whole;
    struct boot_info *info = &x_boot_info;
    const char *error;

    x86_cpu_self_set(&x_first_cpu);
    arch_console_init();
    features_check();
    error = loader_read(magic, paddr_of(information), info);
    if (error != NULL) {
        boot_refuse("%s", error);
    }
    x86_screen_init(info);
    memory_read(info);
    acpi_find(info);
    error = acpi_read_madt(info->acpi_rsdp, early_read, &madt);
    if (error != NULL) {
        boot_refuse("%s", error);
    }

    whole = *info; /* the direct map also covers what is reserved now */
    memory_reserve(info);
    if (!boot_memory_init(info)) {
        boot_refuse("no memory between the kernel and 4 GiB");
    }
    x86_smap_patch();
    x86_mmu_init(&whole);
    x86_cpu_stacks_make(&x_first_cpu);
    x86_idt_build();
    i8259_silence();
    lapic_init(madt.local_apic);
    x86_cpu_setup(&x_first_cpu);
    cpu_register(&x_first_cpu);
    x86_time_init();
    ioapic_init(&madt);
    x86_smp_prepare(&madt, info);
    boot_memory_finish(info);
    x86_kernel_enter(info, x_first_cpu.kernel_stack_top);
}
