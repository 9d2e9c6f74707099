/* SPDX-License-Identifier: MIT */
#include "object/trace.h"

#include "arch/mmu.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "object/port.h"
#include "object/process.h"
#include "sched/sched.h"
#include <quay/abi/errno.h>

#define PRINT_RECORDS 100u
#define PAGE_RECORDS  (PAGE_SIZE / sizeof(struct trace_record))

/* Kinds in groups: whose badge is a status, which have a payload, a port, a method of a protocol.
 */
#define KINDS_STATUS (TRACE_REPLIES | TRACE_KIND(TRACE_FAULT))
#define KINDS_DATA                                                                                 \
    (TRACE_KIND(TRACE_CALL) | TRACE_KIND(TRACE_REPLY) | TRACE_KIND(TRACE_CHANNEL_SEND))
#define KINDS_CHANNEL (TRACE_KIND(TRACE_CHANNEL_SEND) | TRACE_KIND(TRACE_CHANNEL_RECEIVE))

/* The kinds that have what a filter looks at. */
static const uint32_t filter_kinds[TRACE_FILTER_COUNT] = {
    [TRACE_BY_PROCESS] = TRACE_ALL,
    [TRACE_BY_PORT] = TRACE_CALLS | TRACE_KIND(TRACE_NOTICE),
    [TRACE_BY_PROTOCOL] = TRACE_CALLS | KINDS_CHANNEL,
    [TRACE_BY_FLOW] = TRACE_ALL,
};

uint32_t trace_kinds;
bool trace_fast;

static struct {
    struct spinlock lock;

    /* Made under the lock; fixed once kinds can be switched on. */
    struct trace_head *head; /* in front of the rings */
    struct memory *memory;   /* of them; NULL: they are not made yet */
    uint32_t capacity;
    unsigned order;
    uint64_t zeroed; /* pages; under the lock */

    /* Atomic. */
    uint64_t filters[TRACE_FILTER_COUNT][TRACE_FILTER_VALUES];
    uint32_t filter_count; /* values that are not 0 */
} x_trace = {.lock = SPINLOCK_INIT(LOCK_RANK_TRACE)};

/* --- Noting --- */

static struct trace_record *record_at(uint32_t cpu, uint64_t index)
{
    struct trace_record *first = (void *)((uint8_t *)x_trace.head + PAGE_SIZE);

    return &first[(uint64_t)cpu * x_trace.capacity + (index & (x_trace.capacity - 1))];
}

/* Whether one of each filter's values is the record's, where there are any. */
static COLD NOINLINE bool fits(const struct trace_record *record, const struct thread *thread)
{
    const koid_t process = thread->process == NULL ? 0 : thread->process->object.koid;
    const uint64_t has[TRACE_FILTER_COUNT] = {process, record->object, record->method >> 16,
                                              (uint32_t)record->flow};

    for (unsigned i = 0; i < TRACE_FILTER_COUNT; i++) {
        const uint64_t *values = x_trace.filters[i];
        bool is_set = false, is_met = !(TRACE_KIND(record->kind) & filter_kinds[i]);

        for (unsigned j = 0; j < TRACE_FILTER_VALUES; j++) {
            is_set |= values[j] != 0;
            is_met |= values[j] != 0 && values[j] == has[i];
        }
        if (is_set && !is_met) {
            return false;
        }
    }
    return true;
}

/* Puts data behind a record, or (NULL) the payload of the message that the thread sends, which is
 * in its registers or its buffer. */
static COLD NOINLINE uint32_t put_data(const struct thread *thread, struct trace_record *record,
                                       uint64_t next, const void *data_from)
{
    uint64_t words[IPC_REGISTER_WORDS];
    const uint8_t *payload = data_from;
    const uint32_t length = record->length;
    uint32_t count = 0;

    /* An exception is put together where it is received. */
    if (payload == NULL && (thread->fault.level != 0 || !(TRACE_KIND(record->kind) & KINDS_DATA))) {
        return 0;
    }
    if (payload == NULL) {
        frame_ipc_save_words(&thread->frame, words);
        payload = length > IPC_REGISTER_BYTES ? thread->buffer_payload : (const void *)words;
    }
    for (uint32_t offset = 0; offset < length && count < TRACE_DATA_MAX; count++) {
        struct trace_data *data = (void *)record_at(cpu_id(), next + count);
        uint32_t left = length - offset;

        data->kind = TRACE_DATA;
        data->cpu = (uint8_t)cpu_id();
        data->offset = (uint16_t)offset;
        data->count = left < TRACE_DATA_BYTES ? left : TRACE_DATA_BYTES;
        memcpy(data->bytes, payload + offset, data->count);
        offset += TRACE_DATA_BYTES;
    }
    record->data_count = (uint8_t)count;
    return count;
}

/* What the two ends of a message have in common; words that are written together. */
struct half {
    uint64_t head; /* kind to method */
    time_ns_t time;
    uint64_t flow, object, badge;
    uint64_t tail; /* length, status */
};

#define HEAD(kind, header)                                                                         \
    ((kind) | IPC_HEADER_HANDLES(header) << 24 | (uint64_t)IPC_HEADER_METHOD(header) << 32)
#define TAIL(header, status) (IPC_HEADER_LENGTH(header) | (uint64_t)(uint32_t)(status) << 32)

static ALWAYS_INLINE void write(struct trace_record *record, const struct half *half,
                                const struct thread *thread, uint64_t value)
{
    uint64_t *words = (uint64_t *)record;

    words[0] = half->head;
    words[1] = (uint64_t)half->time;
    words[2] = thread->object.koid;
    words[3] = half->flow;
    words[4] = half->object;
    words[5] = half->badge;
    words[6] = half->tail;
    words[7] = value;
}

/* Behind the record comes the data, or (NULL) the payload of what the thread sends. */
static COLD NOINLINE void put(const struct half *half, const struct thread *thread, uint64_t value,
                              const void *data)
{
    uint64_t *written = &x_trace.head->written[cpu_id()];
    uint64_t next = *written;
    struct trace_record *record = record_at(cpu_id(), next++);

    write(record, half, thread, value);
    record->cpu = (uint8_t)cpu_id();
    if (x_trace.filter_count == 0 || fits(record, thread)) {
        if (data != NULL || trace_on(TRACE_KIND(TRACE_DATA))) {
            next += put_data(thread, record, next, data);
        }
        __atomic_store_n(written, next, __ATOMIC_RELEASE);
    }
}

static COLD NOINLINE void note(enum trace_kind kind, const struct thread *thread, koid_t object,
                               uint64_t badge, uint64_t header, uint64_t value, const void *data)
{
    const struct half half = {
        .head = HEAD(kind, header),
        .time = arch_time_now(),
        .flow = thread->flow_id,
        .object = object,
        .badge = badge,
        .tail = TAIL(header, TRACE_KIND(kind) & KINDS_STATUS ? badge : 0),
    };

    put(&half, thread, value, data);
}

PRESERVE_MOST void trace_note(enum trace_kind kind, const struct thread *thread, koid_t object,
                              uint64_t badge, uint64_t header, uint64_t value)
{
    note(kind, thread, object, badge, header, value, NULL);
}

PRESERVE_MOST void trace_current(enum trace_kind kind, koid_t object, uint64_t header,
                                 uint64_t value)
{
    note(kind, thread_current(), object, 0, header, value, NULL);
}

COLD void trace_process(const struct process *process)
{
    note(TRACE_PROCESS_START, thread_current(), process->object.koid, process->job->object.koid,
         IPC_HEADER(0, PROCESS_NAME_MAX, 0), 0, process->name);
}

/* Of a call, or answer, whose length and status are these. */
static ALWAYS_INLINE struct half half_of(enum trace_kind kind, const struct thread *caller,
                                         uint64_t tail)
{
    return (struct half){
        .head = kind | (uint64_t)IPC_HEADER_METHOD(caller->call_header) << 32,
        .time = arch_time_now(),
        .flow = caller->flow_id,
        .object = caller->session->port->object.koid,
        .badge = caller->session->badge,
        .tail = tail,
    };
}

COLD void trace_message(enum trace_kind kind, const struct thread *thread,
                        const struct thread *caller, int64_t header)
{
    struct half half;

    if (trace_on(TRACE_KIND(kind))) {
        half = half_of(kind, caller,
                       header < 0 ? (uint64_t)header << 32
                                  : TAIL(header, kind < TRACE_REPLY ? 0 : header));
        half.head |= header < 0 ? 0 : IPC_HEADER_HANDLES(header) << 24;
        put(&half, thread, kind == TRACE_CALL ? (uint64_t)caller->deadline : caller->object.koid,
            NULL);
    }
}

void trace_wait_failed(const struct thread *thread, int64_t error)
{
    const enum thread_state state = thread->wait_ops->state;

    if (state == THREAD_STATE_WAIT_SEND || state == THREAD_STATE_WAIT_REPLY) {
        trace_message(TRACE_REPLY_RECEIVED, thread, thread, error);
    }
}

static void note_switch(const struct thread *to, const struct thread *from, enum thread_state state)
{
    if (trace_on(TRACE_KIND(TRACE_SWITCH))) {
        note(TRACE_SWITCH, to, from->object.koid, 0, 0, state, NULL);
    }
}

PRESERVE_MOST void trace_switch(const struct thread *to, const struct thread *from)
{
    const uint32_t flags = from->flags;

    note_switch(to, from,
                wait_seen(from) & THREAD_WAITING ? from->wait_ops->state
                : flags & THREAD_DEAD            ? THREAD_STATE_DEAD
                                                 : THREAD_STATE_READY);
}

/* There are no handles on the fast path, and nothing is above the length. */
struct thread *trace_fast_switch(enum trace_kind sent, struct thread *from, struct thread *to,
                                 uint64_t tail)
{
    const bool is_call = sent == TRACE_CALL;
    const struct thread *caller = is_call ? from : to;
    struct cpu *cpu = cpu_self();

    if (UNLIKELY(x_trace.filter_count != 0)) {
        trace_message(sent, from, caller, (int64_t)from->call_header);
        trace_message(sent + 1, to, caller, (int64_t)from->call_header);
    } else {
        struct half half = half_of(sent, caller, tail);
        struct trace_record *ring = record_at(cpu->id, 0);
        uint64_t *written = &x_trace.head->written[cpu->id], next = *written;
        uint32_t kinds = trace_kinds >> sent;

        half.head |= cpu->id << 8;

        if (kinds & 1) {
            write(&ring[next++ & (x_trace.capacity - 1)], &half, from,
                  is_call ? (uint64_t)caller->deadline : caller->object.koid);
        }
        if (kinds & 2) {
            half.head++;
            write(&ring[next++ & (x_trace.capacity - 1)], &half, to, caller->object.koid);
        }
        __atomic_store_n(written, next, __ATOMIC_RELEASE);
    }
    note_switch(to, from, is_call ? THREAD_STATE_WAIT_REPLY : THREAD_STATE_WAIT_RECEIVE);
    sched_switch(cpu, from, to);
    return thread_current(); /* `to`; but if the compiler knew, it would keep it over the call */
}

/* --- Making the rings, and control --- */

static COLD uint64_t memory_bytes(uint64_t records)
{
    return PAGE_SIZE + cpu_count() * records * sizeof(struct trace_record);
}

static COLD NOINLINE int make_step(struct account *account, uint64_t records)
    REQUIRES(&x_trace.lock)
{
    if (x_trace.head == NULL) {
        if (records < PAGE_RECORDS || (records & (records - 1)) != 0) {
            return -EINVAL;
        }
        if (records > UINT32_MAX || memory_bytes(records) > PAGE_SIZE << FRAME_ORDER_MAX) {
            return -E2BIG;
        }
        x_trace.order = frame_order(memory_bytes(records));
        x_trace.head = account_pages_alloc(account, x_trace.order);
        if (x_trace.head == NULL) {
            return -ENOMEM;
        }
        x_trace.capacity = (uint32_t)records;
    }
    if (x_trace.zeroed >> x_trace.order == 0) {
        memset((uint8_t *)x_trace.head + x_trace.zeroed++ * PAGE_SIZE, 0, PAGE_SIZE);
        return -ERETRY;
    }
    x_trace.head->capacity = x_trace.capacity;
    x_trace.head->cpu_count = cpu_count();
    return memory_create_from_frames(account, arch_direct_map_reverse(x_trace.head),
                                     memory_bytes(x_trace.capacity), &x_trace.memory);
}

COLD int trace_open(struct account *account, uint64_t records, struct memory **ret_memory)
{
    int status;

    spin_lock(&x_trace.lock);
    status = x_trace.memory != NULL ? 0 : make_step(account, records);
    spin_unlock(&x_trace.lock);
    if (status == 0) {
        object_ref(&x_trace.memory->object);
        *ret_memory = x_trace.memory;
    }
    return status;
}

COLD int64_t trace_control(uint64_t kinds)
{
    if (kinds & ~(uint64_t)TRACE_ALL) {
        return -EINVAL;
    }
    if (__atomic_load_n(&x_trace.memory, __ATOMIC_ACQUIRE) == NULL) {
        return -ENOENT;
    }
    x_trace.head->kinds = (uint32_t)kinds;
    trace_fast = (kinds & (TRACE_CALLS | TRACE_KIND(TRACE_SWITCH))) != 0;
    for (uint32_t i = 0; i < cpu_count(); i++) {
        cpu_get(i)->fast_bit = kinds & TRACE_KIND(TRACE_DATA) ? 0 : cpu_get(i)->bit;
    }
    return __atomic_exchange_n(&trace_kinds, (uint32_t)kinds, __ATOMIC_ACQ_REL);
}

COLD int trace_filter(uint64_t which, uint64_t index, uint64_t value)
{
    uint64_t before;

    if (which >= TRACE_FILTER_COUNT || index >= TRACE_FILTER_VALUES) {
        return -EINVAL;
    }
    before = __atomic_exchange_n(&x_trace.filters[which][index], value, __ATOMIC_ACQ_REL);
    __atomic_fetch_add(&x_trace.filter_count, (value != 0) - (before != 0), __ATOMIC_RELAXED);
    return 0;
}

/* --- In a panic --- */

/* Takes the youngest record that is left, by time; NULL: there is none. Data belongs to the record
 * that it stands behind. */
static COLD const struct trace_record *take_last(uint64_t *left)
{
    const struct trace_record *best = NULL;
    uint32_t best_cpu = 0;

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        const uint64_t written = x_trace.head->written[cpu];
        const struct trace_record *record;

        do {
            record = record_at(cpu, --left[cpu]);
        } while (record->kind == TRACE_DATA && left[cpu] < written);
        left[cpu]++;
        if (left[cpu] - 1 < written && written - left[cpu] < x_trace.capacity &&
            (best == NULL || record->time > best->time)) {
            best = record;
            best_cpu = cpu;
        }
    }
    left[best_cpu] -= best != NULL;
    return best;
}

COLD void trace_print(void)
{
    const struct trace_record *last[PRINT_RECORDS];
    uint64_t left[MAX_CPUS];
    unsigned count = 0;

    if (x_trace.memory == NULL) {
        return;
    }
    memcpy(left, x_trace.head->written, sizeof(left));
    while (count < PRINT_RECORDS && (last[count] = take_last(left)) != NULL) {
        count++;
    }
    while (count-- != 0) {
        const struct trace_record *record = last[count];

        log_info(
            "  %lu us CPU %u kind %u thread %lu object %lx method %x badge %lx status %d value "
            "%lx",
            record->time / 1000, record->cpu, record->kind, record->thread, record->object,
            record->method, record->badge, record->status, record->value);
    }
}
