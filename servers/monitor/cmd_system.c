/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "figures_read.h"
#include <idl/serial.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/server.h>
#include <quay/system.h>
#include <quay/text.h>
#include <quay/thread_text.h>
#include <quay/abi/object.h>

static int percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (int)(part * 100 / whole);
}

void cmd_mem(int count, char **words)
{
    (void)count;
    (void)words;
    struct system_memory memory;
    if (!figures_one(SYSTEM_MEMORY, &memory, sizeof memory)) {
        return;
    }
    qy_printf("total     %10s\n", text_bytes(memory.total_bytes));
    qy_printf("free      %10s  %3d %%\n", text_bytes(memory.free_bytes),
              percent(memory.free_bytes, memory.total_bytes));
    qy_printf("kernel    %10s  %3d %%\n", text_bytes(memory.kernel_bytes),
              percent(memory.kernel_bytes, memory.total_bytes));
    qy_printf("programs  %10s  %3d %%\n", text_bytes(memory.user_bytes),
              percent(memory.user_bytes, memory.total_bytes));
}

void cmd_cpus(int count, char **words)
{
    (void)count;
    (void)words;
    uint64_t uptime = (uint64_t)qy_clock_read();
    struct figures figures;
    struct system_cpu cpu;
    figures_begin(&figures, SYSTEM_CPUS, sizeof cpu);
    qy_printf("CPU  APIC  idle    switches  interrupts  running\n");
    while (figures_next(&figures, &cpu)) {
        char running[24] = "-";
        if (cpu.current_thread != 0) {
            (void)qy_snprintf(running, sizeof running, "thread %lu", cpu.current_thread);
        }
        qy_printf("%3u  %4u  %3d %%  %9lu  %10lu  %s\n", cpu.id, cpu.apic_id,
                  percent(cpu.idle_ns, uptime), cpu.switches, cpu.interrupts, running);
    }
}

void cmd_threads(int count, char **words)
{
    (void)count;
    (void)words;
    struct figures figures;
    struct system_process process;
    figures_begin(&figures, SYSTEM_PROCESSES, sizeof process);
    qy_printf("process             id  threads  handles      memory    CPU time\n");
    while (figures_next(&figures, &process)) {
        qy_printf("%-16.24s %5lu  %7u  %7u  %10s  %10s\n", process.name, process.koid,
                  process.thread_count, process.handle_count, text_bytes(process.memory_bytes),
                  text_duration(process.cpu_ns));
    }
    struct system_thread thread;
    figures_begin(&figures, SYSTEM_THREADS, sizeof thread);
    qy_printf("\nthread  of                process  CPU  priority  state          CPU time\n");
    while (figures_next(&figures, &thread)) {
        qy_printf("%6lu  %-16.24s  %7lu  %3u  %3u (%3u)  %-12s %10s\n", thread.koid, thread.name,
                  thread.process, thread.cpu, thread.priority, thread.base_priority,
                  qy_thread_state_text(thread.state), text_duration(thread.cpu_ns));
    }
}

void cmd_objects(int count, char **words)
{
    (void)count;
    (void)words;
    static const char *const names[OBJECT_TYPE_COUNT] = {
        "none",      "jobs",     "processes",        "threads", "address spaces", "memory",
        "ports",     "sessions", "events",           "timers",  "irqs",           "I/O port ranges",
        "resources", "channels", "channel receivers"};
    struct figures figures;
    struct system_object_count object;
    figures_begin(&figures, SYSTEM_OBJECTS, sizeof object);
    qy_printf("objects             count  bytes each\n");
    while (figures_next(&figures, &object)) {
        const char *name = object.type < OBJECT_TYPE_COUNT ? names[object.type] : "?";
        qy_printf("%-16s %8lu  %10u\n", name, object.count, object.object_size);
    }
}

void cmd_uptime(int count, char **words)
{
    (void)count;
    (void)words;
    uint64_t now = (uint64_t)qy_clock_read();
    uint64_t seconds = now / 1000000000;
    qy_printf("up %lu days %02lu:%02lu:%02lu.%03lu\n", seconds / 86400, seconds / 3600 % 24,
              seconds / 60 % 60, seconds % 60, now / 1000000 % 1000);
}

void cmd_version(int count, char **words)
{
    (void)count;
    (void)words;
    int64_t abi = qy_abi_version();
    struct system_kernel kernel;
    if (!figures_one(SYSTEM_KERNEL, &kernel, sizeof kernel)) {
        return;
    }
    qy_printf("Quay, interface %ld.%ld, %s kernel on %u CPU%s\n", abi >> 16, abi & 0xffff,
              kernel.debug != 0 ? "debug" : "release", kernel.cpu_count,
              kernel.cpu_count == 1 ? "" : "s");
    qy_printf("kernel text %s, data %s\n", text_bytes(kernel.text_bytes),
              text_bytes(kernel.data_bytes));
    if (kernel.log_dropped != 0) {
        qy_printf("log lost: %s\n", text_bytes(kernel.log_dropped));
    }
}

void cmd_log(int count, char **words)
{
    (void)count;
    (void)words;
    handle_t serial = qy_bootstrap_handle(BOOTSTRAP_SESSION, "serial");
    uint64_t position = 0;
    for (;;) {
        uint8_t line[QY_SERIAL_LINE_MAX];
        uint32_t length;
        int64_t status =
            qy_serial_log_read(serial, position, &position, line, &length, DEADLINE_NEVER);
        if (status != 0) {
            qy_printf("the log cannot be read: %s\n", qy_error_text(status));
            return;
        }
        if (length == 0) {
            return;
        }
        qy_printf("%.*s", (int)length, (const char *)line);
        position += length;
    }
}
