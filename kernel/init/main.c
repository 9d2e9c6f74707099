/* SPDX-License-Identifier: MIT */
/* The kernel's start above the CPU layer: memory, scheduler, CPUs. */
#include "arch/boot_info.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "arch/upcalls.h"
#include "core/log.h"
#include "core/panic.h"
#include "init/archive.h"
#include "init/command_line.h"
#include "init/first_process.h"
#include "init/upcalls.h"
#include "mm/frame.h"
#include "object/channel.h"
#include "object/event.h"
#include "object/futex.h"
#include "object/io.h"
#include "object/irq.h"
#include "object/log_reader.h"
#include "object/port.h"
#include "object/process.h"
#include "object/system_info.h"
#include "object/timer.h"
#include "sched/sched.h"
#include "vm/aspace.h"

static struct address_root x_kernel_root;

static void memory_add(const struct boot_info *info)
{
    struct frame_stats stats;

    for (uint32_t i = 0; i < info->range_count; i++) {
        static const char *const names[] = {"RAM", "ACPI", "reserved"};
        const struct boot_range *range = &info->ranges[i];
        log_debug("memory: %012lx to %012lx %s", (unsigned long)range->start.value,
                  (unsigned long)(range->start.value + range->size_bytes), names[range->type]);
        if (range->type == BOOT_RANGE_RAM) {
            frame_range_add(range->start, range->size_bytes);
        }
    }
    frame_stats(&stats);
    log_info("memory: %lu KiB, %lu KiB free", (unsigned long)(stats.total_count * 4),
             (unsigned long)(stats.free_count * 4));
}

static void archive_open(const struct boot_info *info)
{
    const char *error;

    if (info->archive_size_bytes == 0) {
        boot_refuse("no boot archive: the loader gave no module");
    }
    error = archive_check(arch_direct_map(info->archive), info->archive_size_bytes);
    if (error != NULL) {
        boot_refuse("bad boot archive: %s", error);
    }
}

static void log_level_set(const char *command_line)
{
    if (command_line_has(command_line, "log=debug")) {
        log_set_level(LOG_DEBUG);
    } else if (command_line_has(command_line, "log=warn")) {
        log_set_level(LOG_WARN);
    }
}

static void objects_init(void)
{
    vm_init();
    object_type_init(&process_ops);
    object_type_init(&thread_ops);
    port_init();
    channel_init();
    object_type_init(&event_ops);
    object_type_init(&timer_ops);
    futex_init();
    object_type_init(&irq_ops);
    io_init();
    log_reader_init();
    fault_init();
}

NORETURN void kernel_main(const struct boot_info *info)
{
    log_level_set(info->command_line);
    log_info("Quay, started by %s, \"%s\"", info->loader, info->command_line);
    log_info("kernel: %lu KiB text, %lu KiB data", (unsigned long)info->kernel_text_bytes / 1024,
             (unsigned long)info->kernel_data_bytes / 1024);
    memory_add(info);
    log_info("time: %lu kHz", (unsigned long)arch_time_tsc_hz() / 1000);
    archive_open(info);

    arch_aspace_kernel(&x_kernel_root.arch);
    upcalls_init();
    timer_queues_init();
    sched_cpu_init(cpu_self(), &x_kernel_root);
    objects_init();
    system_info_init(info);
    log_info("cpus: %u up", arch_cpus_start());
    if (command_line_has(info->command_line, "test=wx")) {
        arch_selftest();
    }
    first_process_start(info);
    arch_resume();
}

NORETURN void kernel_cpu_main(void)
{
    sched_cpu_init(cpu_self(), &x_kernel_root);
    arch_resume();
}
