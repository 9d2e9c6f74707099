/* SPDX-License-Identifier: MIT */
#include "object/system_info.h"

#include "arch/boot_info.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "object/channel.h"
#include "object/channel.h"
#include "object/job.h"
#include "object/process.h"
#include "object/trace.h"
#include "sched/sched.h"
#include "vm/aspace.h"
#include "vm/memory.h"
#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <quay/abi/system_info.h>

#define PROCESSES_MAX  16u  /* records per call */
#define THREADS_LOOKED 256u /* threads per call whose time is added up */

/* Cursor of SYSTEM_THREADS: koid of the process, and how many of its threads were told already. */
#define CURSOR_INDEX_BITS 20u
#define CURSOR_INDEX_MASK ((1ul << CURSOR_INDEX_BITS) - 1)

static const struct boot_info *system_boot_info;

void system_info_init(const struct boot_info *info)
{
    system_boot_info = info;
}

static int64_t write_memory(struct system_memory *record)
{
    struct frame_stats stats;
    uint64_t user_bytes = memory_committed_bytes();

    frame_stats(&stats);
    *record = (struct system_memory){
        .total_bytes = stats.total_count * PAGE_SIZE,
        .free_bytes = stats.free_count * PAGE_SIZE,
        .kernel_bytes = (stats.total_count - stats.free_count) * PAGE_SIZE - user_bytes,
        .user_bytes = user_bytes,
    };
    return 1;
}

static int64_t write_cpus(struct system_cpu *records)
{
    uint32_t count = cpu_count();

    for (uint32_t i = 0; i < count; i++) {
        const struct cpu *cpu = cpu_get(i);
        const struct thread *current = __atomic_load_n(&cpu->current, __ATOMIC_RELAXED);
        struct sched_figures figures;

        sched_figures(i, &figures);
        records[i] = (struct system_cpu){
            .id = i,
            .apic_id = cpu->hardware_id,
            .idle_ns = figures.idle_ns,
            .switches = figures.switches,
            .interrupts = cpu->interrupt_count,
            .current_thread = current->flags & THREAD_IDLE ? 0 : current->object.koid,
        };
    }
    return count;
}

static int64_t write_objects(struct system_object_count *records)
{
    static const uint32_t others[OBJECT_TYPE_COUNT] = {
        [OBJECT_RESOURCE] = sizeof(struct object),
        [OBJECT_CHANNEL_SENDER] = sizeof(struct channel), /* which has both ends */
        [OBJECT_CHANNEL_RECEIVER] = sizeof(struct object),
    };
    unsigned count = 0;

    for (enum object_type type = OBJECT_NONE + 1; type < OBJECT_TYPE_COUNT; type++) {
        records[count++] = (struct system_object_count){
            .type = type,
            .object_size = others[type] != 0 ? others[type] : object_record_size(type),
            .count = object_count(type),
        };
    }
    return count;
}

static int64_t write_kernel(struct system_kernel *record)
{
    *record = (struct system_kernel){
        .text_bytes = system_boot_info == NULL ? 0 : system_boot_info->kernel_text_bytes,
        .data_bytes = system_boot_info == NULL ? 0 : system_boot_info->kernel_data_bytes,
        .log_dropped = log_dropped(),
        .uptime_ns = (uint64_t)arch_time_now(),
        .cpu_count = cpu_count(),
        .debug = QUAY_DEBUG,
        .lock_waits = QUAY_DEBUG ? lock_waits() : 0,
    };
    return 1;
}

/* --- Lists --- */

struct list_visit {
    void *records;
    uint32_t count, capacity;
    uint32_t looked;
    uint64_t skip; /* threads of the first process that were told before */
    uint64_t next; /* cursor */
};

static uint64_t cpu_time_locked(struct process *process, struct list_visit *visit)
    REQUIRES(&process->lock)
{
    uint64_t sum = process->dead_cpu_ns;

    LIST_FOREACH (each, &process->threads) {
        if (visit->looked++ >= THREADS_LOOKED) {
            break;
        }
        sum += CONTAINER_OF(each, struct thread, process_link)->cpu_ns;
    }
    return sum;
}

static bool visit_process(struct process *process, void *context)
{
    struct list_visit *visit = context;
    struct system_process *record = (struct system_process *)visit->records + visit->count;

    if (visit->count == visit->capacity) {
        visit->next = process->object.koid;
        return false;
    }
    visit->count++;
    *record = (struct system_process){
        .koid = process->object.koid,
        .job = process->job->object.koid,
        .memory_bytes = aspace_present_bytes(process->aspace),
        .handle_count = process->table.live_count,
    };
    memcpy(record->name, process->name, SYSTEM_NAME_MAX);
    spin_lock(&process->lock);
    record->thread_count = process->thread_count;
    record->cpu_ns = cpu_time_locked(process, visit);
    spin_unlock(&process->lock);
    return true;
}

/* What a thread waits for may change while we look: the word tells. What is followed stays an
 * object of that type until we leave the kernel. */
static void describe_wait(const struct thread *thread, struct system_thread *record)
{
    uint64_t seen = wait_seen(thread);
    const struct wait_ops *ops = thread->wait_ops;
    struct system_thread before = *record;

    if (!(seen & THREAD_WAITING)) {
        return;
    }
    record->state = (uint8_t)ops->state;
    record->waits_for = ops->waits_for == NULL ? 0 : ops->waits_for(thread);
    record->waits_process = ops->waits_process == NULL ? 0 : ops->waits_process(thread);
    if (ops->state == THREAD_STATE_WAIT_SEND || ops->state == THREAD_STATE_WAIT_REPLY) {
        record->method = IPC_HEADER_METHOD(thread->call_header);
    }
    if (wait_seen(thread) != seen) {
        *record = before;
    }
}

static enum thread_state state_of(const struct thread *thread)
{
    uint32_t flags = __atomic_load_n(&thread->flags, __ATOMIC_RELAXED);

    if (flags & THREAD_DEAD) {
        return THREAD_STATE_DEAD;
    }
    if (!(flags & THREAD_STARTED)) {
        return THREAD_STATE_NEW;
    }
    if (flags & THREAD_STOPPED) {
        return THREAD_STATE_SUSPENDED;
    }
    return __atomic_load_n(&thread->on_cpu, __ATOMIC_RELAXED) ? THREAD_STATE_RUNNING
                                                              : THREAD_STATE_READY;
}

static void describe_thread(const struct thread *thread, const struct process *process,
                            struct system_thread *record)
{
    /* Put together here: the buffer's other readers may write there. */
    struct system_thread whole = {
        .koid = thread->object.koid,
        .process = process->object.koid,
        .cpu_ns = thread->cpu_ns,
        .state = (uint8_t)state_of(thread),
        .base_priority = thread->base_priority,
        .priority = thread->priority,
        .cpu = thread->cpu,
    };
    time_ns_t since = thread->switched_at;

    describe_wait(thread, &whole);
    if (whole.state >= THREAD_STATE_WAIT_RECEIVE && whole.state != THREAD_STATE_DEAD &&
        since != 0) {
        whole.waiting_ns = (uint64_t)(arch_time_now() - since);
    }
    memcpy(whole.name, process->name, SYSTEM_NAME_MAX);
    *record = whole;
}

static bool visit_threads(struct process *process, void *context)
{
    struct list_visit *visit = context;
    struct system_thread *records = visit->records;
    uint64_t index = 0;
    bool is_full = false;

    spin_lock(&process->lock);
    LIST_FOREACH (each, &process->threads) {
        if (index >= visit->skip) {
            is_full = visit->count == visit->capacity;
            if (is_full) {
                break;
            }
            describe_thread(CONTAINER_OF(each, struct thread, process_link), process,
                            &records[visit->count++]);
        }
        index++;
    }
    spin_unlock(&process->lock);
    if (is_full) {
        visit->next = process->object.koid << CURSOR_INDEX_BITS | (index & CURSOR_INDEX_MASK);
    }
    visit->skip = 0;
    return !is_full;
}

int64_t system_info_write(uint32_t topic, uint64_t cursor, void *buffer, uint64_t *ret_cursor)
{
    struct list_visit visit = {.records = buffer};

    *ret_cursor = 0;
    switch (topic) {
    case SYSTEM_MEMORY:
        return write_memory(buffer);
    case SYSTEM_CPUS:
        return write_cpus(buffer);
    case SYSTEM_OBJECTS:
        return write_objects(buffer);
    case SYSTEM_KERNEL:
        return write_kernel(buffer);
    case SYSTEM_PROCESSES:
        visit.capacity = PROCESSES_MAX;
        job_visit_processes(cursor, visit_process, &visit);
        break;
    case SYSTEM_THREADS:
        visit.capacity = SYSTEM_INFO_CAPACITY / sizeof(struct system_thread);
        visit.skip = cursor & CURSOR_INDEX_MASK;
        job_visit_processes(cursor >> CURSOR_INDEX_BITS, visit_threads, &visit);
        break;
    default:
        return -EINVAL;
    }
    *ret_cursor = visit.next;
    return visit.count;
}

/* --- In a panic: no lock can be had, and nobody else runs --- */

static bool print_waits(struct process *process, void *context) NO_THREAD_SAFETY_ANALYSIS
{
    struct system_thread wait;

    (void)context;
    LIST_FOREACH (each, &process->threads) {
        describe_thread(CONTAINER_OF(each, struct thread, process_link), process, &wait);
        log_info("  %s thread %lu state %u waits for %lx of process %lu, method %lx, %lu ms",
                 wait.name, wait.koid, wait.state, wait.waits_for, wait.waits_process, wait.method,
                 wait.waiting_ns / 1000000);
    }
    return true;
}

void panic_report(void)
{
    log_info("trace:");
    trace_print();
    log_info("threads:");
    job_visit_processes(0, print_waits, NULL);
}
