/* SPDX-License-Identifier: MIT */
#include "object/trace.h"

#include "arch/mmu.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "object/port.h"
#include "object/process.h"
#include <quay/abi/errno.h>

#define PAGE_RECORDS (PAGE_SIZE / sizeof(struct trace_record))

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

/* The payload of a message that the thread sends, from its registers or its buffer. */
static COLD NOINLINE uint32_t put_data(const struct thread *thread, uint64_t next, uint32_t length)
{
    uint64_t words[IPC_REGISTER_WORDS];
    const uint8_t *payload = (const uint8_t *)words;
    uint32_t count = 0;

    if (thread->fault.level != 0) {
        return 0; /* an exception is put together where it is received */
    }
    if (length > IPC_REGISTER_BYTES) {
        payload = thread->buffer_payload;
    } else {
        frame_ipc_save_words(&thread->frame, words);
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
    return count;
}

/* The next record of this CPU, with what all kinds have. It counts once it is finished. */
static struct trace_record *begin(enum trace_kind kind, const struct thread *thread, uint64_t flow,
                                  uint64_t header)
{
    const struct cpu *cpu = cpu_self();
    struct trace_record *record = record_at(cpu->id, x_trace.head->written[cpu->id]);

    record->kind = (uint8_t)kind;
    record->cpu = (uint8_t)cpu->id;
    record->data_count = 0;
    record->handle_count = (uint8_t)IPC_HEADER_HANDLES(header);
    record->time = arch_time_now();
    record->thread = thread->object.koid;
    record->flow = flow;
    record->length = IPC_HEADER_LENGTH(header);
    return record;
}

static void finish(struct trace_record *record, const struct thread *thread)
{
    uint64_t *written = &x_trace.head->written[record->cpu];
    uint64_t next = *written + 1;

    if (UNLIKELY(x_trace.filter_count != 0) && !fits(record, thread)) {
        return;
    }
    if (trace_on(TRACE_KIND(TRACE_DATA)) && (TRACE_KIND(record->kind) & KINDS_DATA)) {
        record->data_count = (uint8_t)put_data(thread, next, record->length);
        next += record->data_count;
    }
    __atomic_store_n(written, next, __ATOMIC_RELEASE);
}

void trace_note(enum trace_kind kind, const struct thread *thread, koid_t object, uint64_t badge,
                uint64_t header, uint64_t value)
{
    struct trace_record *record = begin(kind, thread, thread->flow_id, header);

    record->method = IPC_HEADER_METHOD(header);
    record->object = object;
    record->badge = badge;
    record->status = TRACE_KIND(kind) & KINDS_STATUS ? (int32_t)badge : 0;
    record->value = value;
    finish(record, thread);
}

void trace_message(enum trace_kind kind, const struct thread *thread, const struct thread *caller,
                   int64_t header)
{
    const struct session *session = caller->session;
    struct trace_record *record;

    if (!trace_on(TRACE_KIND(kind))) {
        return;
    }
    record = begin(kind, thread, caller->flow_id, header < 0 ? 0 : (uint64_t)header);
    record->method = IPC_HEADER_METHOD(caller->call_header);
    record->object = session->port->object.koid;
    record->badge = session->badge;
    record->status = kind >= TRACE_REPLY ? (int32_t)IPC_HEADER_METHOD(header) : 0;
    record->value = kind == TRACE_CALL ? (uint64_t)caller->deadline : caller->object.koid;
    finish(record, thread);
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
        trace_note(TRACE_SWITCH, to, from->object.koid, 0, 0, state);
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

static void fast_message(enum trace_kind sent, const struct thread *from, const struct thread *to,
                         const struct thread *caller)
{
    trace_message(sent, from, caller, (int64_t)from->call_header);
    trace_message(sent + 1, to, caller, (int64_t)from->call_header);
}

PRESERVE_MOST void trace_fast_call(void)
{
    struct thread *caller = thread_current();

    fast_message(TRACE_CALL, caller, cpu_self()->peer, caller);
    note_switch(cpu_self()->peer, caller, THREAD_STATE_WAIT_REPLY);
}

PRESERVE_MOST void trace_fast_reply(void)
{
    fast_message(TRACE_REPLY, thread_current(), cpu_self()->peer, cpu_self()->peer);
    note_switch(cpu_self()->peer, thread_current(), THREAD_STATE_WAIT_RECEIVE);
}

/* --- Making the rings, and control --- */

static uint64_t memory_bytes(uint64_t records)
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

int trace_open(struct account *account, uint64_t records, struct memory **ret_memory)
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

int64_t trace_control(uint64_t kinds)
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

int trace_filter(uint64_t which, uint64_t index, uint64_t value)
{
    uint64_t before;

    if (which >= TRACE_FILTER_COUNT || index >= TRACE_FILTER_VALUES) {
        return -EINVAL;
    }
    before = __atomic_exchange_n(&x_trace.filters[which][index], value, __ATOMIC_ACQ_REL);
    __atomic_fetch_add(&x_trace.filter_count, (value != 0) - (before != 0), __ATOMIC_RELAXED);
    return 0;
}
