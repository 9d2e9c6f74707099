/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/device.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/system.h>
#include <quay/thread.h>
#include <quay/trace.h>

static handle_t resource(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
}

static void test_info(void)
{
    const uint8_t *payload = qy_buffer()->payload;
    struct system_memory memory;
    tap_equal(qy_system_info(resource(), SYSTEM_MEMORY, 0).status, 1, "system_info of memory");
    memcpy(&memory, payload, sizeof memory);
    tap_ok(memory.total_bytes > 16ul << 20 && memory.free_bytes < memory.total_bytes,
           "tells sizes that can be true");
    struct qy_result result = qy_system_info(resource(), SYSTEM_CPUS, 0);
    tap_ok(result.status >= 1 && result.second == 0, "of CPUs");
    result = qy_system_info(resource(), SYSTEM_PROCESSES, 0);
    struct system_process process;
    memcpy(&process, payload, sizeof process);
    tap_ok(result.status >= 1 && qy_streq(process.name, "init"), "of processes: init is the first");
    result = qy_system_info(resource(), SYSTEM_THREADS, 0);
    tap_ok(result.status >= 1, "of threads");
    tap_ok(qy_system_info(resource(), SYSTEM_OBJECTS, 0).status >= 10, "of objects");
    tap_equal(qy_system_info(resource(), SYSTEM_KERNEL, 0).status, 1, "of the kernel");
    tap_equal(qy_system_info(resource(), 99, 0).status, -EINVAL, "there is no topic 99");
}

/* A record of every kind that this thread alone can bring about. */
static void test_trace(void)
{
    static struct trace_record records[4096];
    const uint64_t capacity = sizeof records / sizeof records[0];
    uint32_t seen = 0;
    void *rings;
    int64_t memory = qy_trace_open(resource(), qy_self_job(), capacity);
    tap_ok(memory > 0, "trace_open");
    qy_system_info(resource(), SYSTEM_KERNEL, 0);
    struct system_kernel kernel;
    memcpy(&kernel, qy_buffer()->payload, sizeof kernel);
    uint64_t bytes = PAGE_SIZE + kernel.cpu_count * sizeof records;
    tap_equal(qy_memory_map((handle_t)memory, 0, bytes, MAP_READ, &rings), 0,
              "the rings are mapped");
    const volatile struct trace_head *head = rings;
    tap_equal(head->capacity, (int64_t)capacity, "of the size that was asked for");
    tap_equal(qy_trace_control(resource(), TRACE_ALL), 0, "trace_control");
    tap_equal(qy_trace_emit(77, 78, 79), 0, "trace_emit");
    int64_t event = qy_event_create(qy_self_job());
    (void)qy_handle_close((handle_t)event);
    (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND));
    tap_equal(qy_trace_control(resource(), 0), TRACE_ALL, "trace_control tells what was noted");
    const uint8_t *first = (const uint8_t *)rings + PAGE_SIZE;
    for (uint32_t cpu = 0; cpu < kernel.cpu_count; cpu++, first += sizeof records) {
        memcpy(records, first, sizeof records);
        for (uint64_t i = 0; i < head->written[cpu] && i < capacity; i++) {
            seen |= TRACE_KIND(records[i].kind);
            if (records[i].kind == TRACE_USER) {
                tap_ok(records[i].method == 77 && records[i].badge == 78 && records[i].value == 79,
                       "a record of our own");
            }
        }
    }
    uint32_t wanted = TRACE_KIND(TRACE_USER) | TRACE_KIND(TRACE_HANDLE) | TRACE_KIND(TRACE_SWITCH) |
                      TRACE_KIND(TRACE_INTERRUPT);
    tap_equal(seen & wanted, wanted, "of handles, switches and interrupts");
    qy_pages_unmap(rings, bytes);
    (void)qy_handle_close((handle_t)memory);
}

static void test_io(void)
{
    /* Port 0x80 takes the BIOS's progress codes and does nothing. */
    int64_t io = qy_io_create(resource(), qy_self_job(), 0x80, 2);
    tap_ok(io > 0, "io_create");
    tap_equal(qy_io_write((handle_t)io, 0, 1, 0x42), 0, "io_write");
    tap_ok(qy_io_read((handle_t)io, 0, 1) >= 0, "io_read");
    tap_ok(qy_io_read((handle_t)io, 1, 2) < 0, "not past the end");
    tap_ok(qy_io_read((handle_t)io, 2, 1) < 0, "not outside");
    tap_equal(qy_io_read((handle_t)io, 0, 3), -EINVAL, "no width of 3");
    discard(io);
    tap_ok(qy_io_create(resource(), qy_self_job(), 0xffff, 2) < 0, "no port above 65535");
    tap_ok(qy_io_create(resource(), qy_self_job(), 0x80, 0) < 0, "not no port");
}

static void test_irq(void)
{
    int64_t irq = qy_irq_create(resource(), qy_self_job(), 7);
    tap_ok(irq > 0, "irq_create");
    tap_ok(qy_irq_create(resource(), qy_self_job(), 7) < 0, "a line has one owner");
    tap_equal(qy_object_wait((handle_t)irq, SIGNAL_FIRED, DEADLINE_POLL), -ETIMEDOUT,
              "it has not fired");
    tap_equal(qy_irq_ack((handle_t)irq), 0, "irq_ack");
    discard(irq);
    irq = qy_irq_create(resource(), qy_self_job(), 7);
    tap_ok(irq > 0, "and may have another later");
    discard(irq);
    tap_ok(qy_irq_create(resource(), qy_self_job(), 100000) < 0, "there is no line 100000");
}

static void test_physical(void)
{
    tap_equal(qy_memory_physical(resource(), qy_self_job(), 2ul << 20, PAGE_SIZE), -EACCES,
              "RAM is not handed out");
    tap_ok(qy_memory_physical(resource(), qy_self_job(), 0xfec00001, PAGE_SIZE) < 0,
           "nor an odd address");
    int64_t memory = qy_memory_physical(resource(), qy_self_job(), 0xf0000, 0x10000);
    void *view;
    tap_ok(memory > 0, "memory_physical of the BIOS");
    tap_equal(qy_memory_map((handle_t)memory, 0, 0x10000, MAP_READ, &view), 0, "maps");
    tap_equal(((const uint8_t *)view)[0xfff0], 0xea, "and shows the jump at the reset vector");
    qy_pages_unmap(view, 0x10000);
    discard(memory);
}

static void test_rest(void)
{
    tap_equal(qy_abi_version(), (int64_t)ABI_VERSION, "abi_version");
    tap_equal(qy_debug_log("# debug_log\n", 12), 0, "debug_log");
    tap_equal(qy_debug_log("", 0), 0, "of nothing");
    tap_equal(qy_syscall0(899), -ENOSYS, "a call that there is not");
    tap_equal(qy_syscall0(UINT64_MAX), -ENOSYS, "nor this one");
    tap_equal(qy_syscall0(0), -ENOSYS, "nor 0");
    tap_equal(qy_system_halt(resource(), 1), -EINVAL, "system_halt knows one way only");
}

void test_system(void)
{
    test_info();
    test_trace();
    test_io();
    test_irq();
    test_physical();
    test_rest();
}
