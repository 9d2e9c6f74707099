/* SPDX-License-Identifier: MIT */
/*
 * What random threads do. Handles are picked from the thread's own handle table, most of them of
 * the right type, some of the wrong one, stale or made up; other arguments are sensible more often
 * than not, so that calls come through and meet interesting states.
 */
#include <quay/abi/trace.h>
#include <string.h>
#include "cap/handle.h"
#include "sched/thread.h"
#include "sim.h"

/* User memory that random threads know: slots of 64 KiB where memory may be mapped. */
#define SLOT_BASE  0x10000ul
#define SLOT_SIZE  0x10000ul
#define SLOT_COUNT 8u

static struct {
    uint64_t state;
    unsigned violence; /* per mille of calls that kill */
    bool plain_messages;
    struct {
        uint64_t token, header;
        struct process *process;
        handle_t port; /* it came by */
    } tokens[SIM_TOKENS];
    unsigned token_count;
} generator = {.violence = 4};

void sim_seed(uint64_t seed)
{
    generator.state = seed * 0x9e3779b97f4a7c15ul + 1;
}

uint64_t sim_random(uint64_t below)
{
    generator.state ^= generator.state << 13;
    generator.state ^= generator.state >> 7;
    generator.state ^= generator.state << 17;
    return below == 0 ? 0 : (generator.state >> 11) % below;
}

bool sim_chance(unsigned percent)
{
    return sim_random(100) < percent;
}

void generate_plain_messages(void)
{
    generator.plain_messages = true;
}

void generate_set_violence(unsigned per_mille)
{
    generator.violence = per_mille;
}

/* --- arguments -------------------------------------------------------------------------------- */

/* A handle of the thread's table: of the type, or any (OBJECT_NONE). 0 if none was met. */
static handle_t own_handle(const struct sim_thread *thread, unsigned type)
{
    const struct handle_table *table = thread->fake->thread->table;
    unsigned slots = table->chunk_count * HANDLE_CHUNK_SLOTS;
    unsigned start = (unsigned)sim_random(slots < 96 ? slots : 96);

    for (unsigned i = 0; i < 96 && slots != 0; i++) {
        unsigned index = (start + i) % slots;
        const struct handle_entry *entry =
            &table->chunks[index / HANDLE_CHUNK_SLOTS][index % HANDLE_CHUNK_SLOTS];

        if (entry->value != 0 && (type == OBJECT_NONE || entry->type == type)) {
            return entry->value;
        }
    }
    return 0;
}

static handle_t any_handle(const struct sim_thread *thread, unsigned type)
{
    uint64_t kind = sim_random(100);
    handle_t handle;

    if (kind < 94) {
        return own_handle(thread, type);
    }
    if (kind < 97) {
        return own_handle(thread, OBJECT_NONE);
    }
    handle = own_handle(thread, type);
    if (kind < 98) {
        return handle - (1ul << HANDLE_INDEX_BITS); /* an older generation */
    }
    return kind < 99 ? sim_random(UINT64_MAX) : (handle ^ (1ul << sim_random(64)));
}

static rights_t any_rights(void)
{
    return sim_chance(70) ? RIGHTS_SAME : (rights_t)sim_random(UINT32_MAX);
}

static uint64_t any_deadline(void)
{
    switch (sim_random(8)) {
    case 0:
        return (uint64_t)DEADLINE_POLL;
    case 1:
        return sim_chance(10) ? (uint64_t)fake_now() - 1 : (uint64_t)DEADLINE_POLL;
    case 2:
        return (uint64_t)DEADLINE_NEVER;
    default:
        return (uint64_t)fake_now() + sim_random(200000);
    }
}

static uint64_t any_slot(void)
{
    return SLOT_BASE + SLOT_SIZE * sim_random(SLOT_COUNT);
}

static uint64_t any_address(void)
{
    switch (sim_random(100)) {
    case 0:
        return sim_random(UINT64_MAX);
    case 1:
        return USER_LIMIT - PAGE_SIZE * sim_random(3);
    case 2:
        return 0;
    default:
        return any_slot() + PAGE_SIZE * sim_random(4);
    }
}

/* A word in the memory that all processes share at the first slot. */
static uint64_t any_word(void)
{
    if (sim_chance(2)) {
        return any_address() + sim_random(8);
    }
    return SLOT_BASE + PAGE_SIZE * sim_random(2) + 8 * sim_random(3);
}

static uint64_t any_size(void)
{
    switch (sim_random(20)) {
    case 0:
        return 0;
    case 1:
        return sim_random(UINT64_MAX);
    case 2:
        return sim_random(PAGE_SIZE);
    default:
        return PAGE_SIZE * (1 + sim_random(4));
    }
}

static uint64_t any_map_flags(void)
{
    static const uint32_t usual[] = {MAP_READ | MAP_WRITE, MAP_READ, MAP_READ | MAP_EXEC,
                                     MAP_READ | MAP_WRITE};

    return (sim_chance(3) ? sim_random(16) : usual[sim_random(4)]) |
           (sim_chance(60) ? MAP_FIXED : 0) | (uint32_t)(sim_random(4) * MAP_FORK_SHARE) |
           (sim_chance(5) ? MAP_STABLE : 0);
}

static uint64_t any_bits(void)
{
    return 1ul << sim_random(4) | (sim_chance(20) ? 1ul << sim_random(64) : 0);
}

static uint64_t any_signals(void)
{
    return sim_chance(3) ? 0 : sim_random(128) | 1ul << sim_random(7);
}

void generate_note_token(struct sim_thread *thread, uint64_t token, uint64_t header)
{
    unsigned place = generator.token_count++ % SIM_TOKENS;

    generator.tokens[place].token = token;
    generator.tokens[place].header = header;
    generator.tokens[place].process = thread->fake->thread->process;
    generator.tokens[place].port = thread->argument[0];
}

/* Mostly a token that this process has received, and the port that it came by. Leases are looked
 * for in calls that have some, whose tokens stay. */
static uint64_t any_token(const struct sim_thread *thread, bool for_lease, uint64_t *ret_port)
{
    unsigned start = (unsigned)sim_random(SIM_TOKENS);

    *ret_port = any_handle(thread, OBJECT_PORT);
    for (unsigned i = 0; i < SIM_TOKENS; i++) {
        unsigned place = (start + i) % SIM_TOKENS;

        if (generator.tokens[place].token != 0 &&
            generator.tokens[place].process == thread->fake->thread->process &&
            (!for_lease || IPC_HEADER_LEASES(generator.tokens[place].header) != 0)) {
            uint64_t token = generator.tokens[place].token;

            if (sim_chance(90)) {
                *ret_port = generator.tokens[place].port;
                if (!for_lease) {
                    generator.tokens[place].token = 0;
                }
            }
            return token;
        }
    }
    return sim_chance(50) ? 0 : sim_random(UINT64_MAX);
}

/* Header of a message; writes what it carries into the message buffer, as the program would. */
static uint64_t any_message(struct sim_thread *thread)
{
    struct message_buffer *buffer = thread->fake->thread->buffer;
    unsigned handles = 0;
    uint64_t length = sim_chance(70) ? sim_random(65) : sim_random(IPC_PAYLOAD_MAX + 1);

    if (buffer != NULL && !generator.plain_messages && sim_chance(25)) {
        handles = (unsigned)sim_random(4);
        for (unsigned i = 0; i < handles; i++) {
            buffer->handles[i] = (struct message_handle){
                .handle = any_handle(thread, OBJECT_NONE),
                .rights = any_rights(),
                .operation = sim_chance(97) ? (uint16_t)sim_random(2) : 7,
            };
        }
    } else if (buffer == NULL && sim_chance(90)) {
        length = sim_random(65);
    }
    if (sim_chance(1) && !generator.plain_messages) {
        return sim_random(UINT64_MAX);
    }
    return IPC_HEADER(sim_random(sim_chance(10) ? 3 : 1000), length, handles);
}

/* Lends memory that is there, mostly: all of them have the shared words. */
static uint64_t any_leases(struct sim_thread *thread)
{
    struct message_buffer *buffer = thread->fake->thread->buffer;
    unsigned count = (unsigned)sim_random(sim_chance(98) ? IPC_LEASES_MAX + 1 : 8);

    if (buffer == NULL && sim_chance(90)) {
        return 0;
    }
    for (unsigned i = 0; buffer != NULL && i < count && i < IPC_LEASES_MAX; i++) {
        buffer->leases[i] = (struct message_lease){
            .address = sim_chance(90) ? SLOT_BASE + sim_random(SLOT_SIZE) : sim_random(UINT64_MAX),
            .size = sim_chance(90) ? sim_random(0x4000) : sim_random(UINT64_MAX),
            .flags = (uint32_t)sim_random(sim_chance(90) ? 4 : 8),
        };
    }
    return IPC_LEASES(count);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Fills the arguments of one kind of call. */
typedef void fill_fn(struct sim_thread *thread, struct fake_registers *r);

#define FILL(name) static void fill_##name(struct sim_thread *t, struct fake_registers *r)

FILL(handle)
{
    r->rdi = any_handle(t, OBJECT_NONE);
}

FILL(handle_dup)
{
    r->rdi = any_handle(t, sim_chance(30) ? OBJECT_PORT + (unsigned)sim_random(3) : OBJECT_NONE);
    r->rsi = any_rights();
}

FILL(handle_grant)
{
    r->rdi = any_handle(t, OBJECT_PROCESS);
    r->rsi = any_handle(t, OBJECT_NONE);
    r->rdx = any_rights();
    r->r10 = sim_chance(97) ? sim_random(2) : 9;
}

FILL(handle_fork)
{
    r->rdi = any_handle(t, OBJECT_PROCESS);
    r->rsi = any_handle(t, OBJECT_PROCESS);
}

FILL(aspace_fork)
{
    r->rdi = any_handle(t, OBJECT_ASPACE);
    r->rsi = any_handle(t, OBJECT_ASPACE);
}

FILL(object_wait)
{
    r->rdi = any_handle(t, sim_chance(70) ? OBJECT_EVENT + (unsigned)sim_random(2) : OBJECT_NONE);
    r->rsi = any_signals();
    r->rdx = any_deadline();
}

FILL(memory_create)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = any_size();
    r->rdx = sim_chance(97) ? MEMORY_RESIZABLE * sim_random(2) : sim_random(9);
    if (sim_chance(5)) {
        r->rsi = LARGE_SIZE * (1 + sim_random(2));
        r->rdx = MEMORY_LARGE;
    }
}

FILL(memory)
{
    r->rdi = any_handle(t, OBJECT_MEMORY);
}

FILL(memory_resize)
{
    r->rdi = any_handle(t, OBJECT_MEMORY);
    r->rsi = any_size();
}

FILL(memory_decommit)
{
    r->rdi = any_handle(t, OBJECT_MEMORY);
    r->rsi = sim_chance(70) ? 0 : PAGE_SIZE * sim_random(3) + sim_chance(5);
    r->rdx = any_size();
    if (sim_chance(5)) {
        r->rsi = PAGE_SIZE * sim_random(LARGE_PAGES);
    }
}

FILL(memory_clone)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = any_handle(t, OBJECT_MEMORY);
    r->rdx = sim_chance(70) ? 0 : PAGE_SIZE * sim_random(3) + sim_chance(5);
    r->r10 = any_size();
}

FILL(memory_supply)
{
    r->rdi = any_handle(t, OBJECT_MEMORY);
    r->rsi = sim_chance(70) ? 0 : PAGE_SIZE * sim_random(3) + sim_chance(5);
    r->rdx = any_handle(t, OBJECT_MEMORY);
    r->r10 = sim_chance(70) ? 0 : PAGE_SIZE * sim_random(3) + sim_chance(5);
    r->r8 = any_size();
}

FILL(memory_pager)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = any_size();
    r->rdx = any_handle(t, OBJECT_PORT);
    r->r10 = sim_random(1000);
    r->r8 = sim_chance(5) ? sim_random(2) - 1 : 1 + sim_random(100000);
}

FILL(memory_physical)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = any_handle(t, OBJECT_JOB);
    r->rdx = sim_chance(80) ? 0xfe000000ul + PAGE_SIZE * sim_random(4) : sim_random(1ul << 40);
    r->r10 = any_size();
}

FILL(aspace_map)
{
    r->rdi = any_handle(t, OBJECT_ASPACE);
    r->rsi = any_handle(t, OBJECT_MEMORY);
    r->rdx = sim_chance(70) ? 0 : PAGE_SIZE * sim_random(3) + sim_chance(5);
    r->r10 = sim_chance(20) ? 0 : any_address();
    r->r8 = any_size();
    r->r9 = any_map_flags();
    if (r->r10 == SLOT_BASE) {
        r->r10 += SLOT_SIZE; /* the shared words stay */
    }
}

FILL(aspace_range)
{
    r->rdi = any_handle(t, OBJECT_ASPACE);
    r->rsi = sim_chance(5) ? SIM_LARGE + PAGE_SIZE * sim_random(LARGE_PAGES) : any_address();
    r->rdx = any_size();
    r->r10 = any_map_flags() & ~(uint64_t)MAP_FIXED;
    if (r->rsi >= SLOT_BASE && r->rsi < SLOT_BASE + SLOT_SIZE && sim_chance(99)) {
        r->rsi += SLOT_SIZE;
    }
    if (r->rdx > 0x100000 && r->rsi < SLOT_BASE + SLOT_SIZE) {
        r->rdx = PAGE_SIZE;
    }
}

FILL(futex_wait)
{
    (void)t;
    r->rdi = any_word();
    r->rsi = sim_chance(70) ? 0 : sim_random(3);
    r->rdx = any_deadline();
}

FILL(futex_wake)
{
    (void)t;
    r->rdi = any_word();
    r->rsi = sim_random(4);
}

FILL(futex_requeue)
{
    (void)t;
    r->rdi = any_word();
    r->rsi = sim_random(2);
    r->rdx = sim_chance(70) ? 0 : sim_random(3);
    r->r10 = any_word();
    r->r8 = sim_random(3);
}

FILL(port_create)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = sim_chance(95) ? 1 + sim_random(4) : sim_random(2) * 100000;
}

static void fill_words(struct fake_registers *r)
{
    uint64_t base = sim_random(1ul << 32) << 8;

    r->rbx = base;
    r->rbp = base + 1;
    r->r12 = base + 2;
    r->r13 = base + 3;
    r->r14 = base + 4;
    r->r15 = base + 5;
    r->r8 = base + 6;
    r->r9 = base + 7;
}

FILL(port_call)
{
    fill_words(r);
    r->rdi = any_handle(t, OBJECT_SESSION);
    r->rsi = any_message(t);
    if (sim_chance(25)) {
        r->rsi |= any_leases(t);
    }
    if (sim_chance(10)) {
        r->rsi |= IPC_CANCEL_FIRST;
    }
    r->rdx = sim_chance(50) ? any_deadline() : (uint64_t)fake_now() + 1000000 + sim_random(1000000);
    r->r10 = sim_chance(99) ? 0 : 1;
}

FILL(port_reply_receive)
{
    fill_words(r);
    r->rsi = any_message(t);
    r->rdx = any_deadline();
    if (sim_chance(70)) {
        r->r10 = any_token(t, false, &r->rdi);
    } else {
        r->rdi = any_handle(t, OBJECT_PORT);
        r->rsi = sim_chance(90) ? 0 : r->rsi;
    }
}

FILL(port_reply)
{
    fill_words(r);
    r->rsi = any_token(t, false, &r->rdi);
    r->rdx = any_message(t);
}

FILL(token_drop)
{
    r->rsi = any_token(t, false, &r->rdi);
}

FILL(session_create)
{
    r->rdi = any_handle(t, OBJECT_PORT);
    r->rsi = sim_random(1000);
    r->rdx = sim_chance(99) ? sim_random(4) : UINT64_MAX;
}

FILL(port_bind)
{
    r->rdi = any_handle(t, OBJECT_PORT);
    r->rsi = any_handle(t, OBJECT_NONE);
    r->rdx = sim_chance(98) ? any_signals() : UINT64_MAX;
    r->r10 = sim_random(1000);
}

FILL(port_notify)
{
    r->rdi = any_handle(t, OBJECT_PORT);
    r->rsi = any_bits();
}

FILL(job)
{
    r->rdi = any_handle(t, OBJECT_JOB);
}

FILL(lease)
{
    r->rsi = any_token(t, true, &r->rdi);
    r->rdx = sim_random(sim_chance(97) ? 2 : 9);
    r->r10 = sim_chance(70) ? sim_random(0x1000) : sim_random(0x5000);
    r->r8 = sim_chance(95) ? SLOT_BASE + sim_random(0x3000) : any_address();
    r->r9 = sim_chance(95) ? sim_random(0x2000) : any_size();
}

FILL(channel_create)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = sim_chance(97) ? 1 + sim_random(4) : 0;
    r->rdx = sim_chance(97) ? sim_random(200) : 5000;
    r->r10 = 0;
}

FILL(channel_send)
{
    r->rdi = any_handle(t, OBJECT_CHANNEL_SENDER);
    r->rsi = IPC_HEADER(sim_random(1000), sim_random(sim_chance(90) ? 65 : 5000), 0);
    if (sim_chance(2)) {
        r->rsi |= 1ul << 60;
    }
}

FILL(channel_receive)
{
    r->rdi = any_handle(t, OBJECT_CHANNEL_RECEIVER);
}

FILL(event_signal)
{
    r->rdi = any_handle(t, OBJECT_EVENT);
    r->rsi = sim_chance(50) ? 0 : any_bits();
    r->rdx = any_bits();
}

FILL(event_wait)
{
    r->rdi = any_handle(t, OBJECT_EVENT);
    r->rsi = sim_chance(98) ? any_bits() : 0;
    r->rdx = sim_random(2);
    r->r10 = any_deadline();
}

FILL(timer_set)
{
    r->rdi = any_handle(t, OBJECT_TIMER);
    r->rsi = sim_chance(3) ? sim_random(UINT64_MAX) | 1ul << 63 : any_deadline();
    r->rdx = sim_chance(70) ? 0 : 20000 + sim_random(100000);
    r->r10 = sim_chance(70) ? 0 : sim_random(10000);
    if (sim_chance(2)) {
        r->rdx = 1;
    }
}

FILL(irq_create)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = any_handle(t, OBJECT_JOB);
    r->rdx = sim_random(30);
}

FILL(irq)
{
    r->rdi = any_handle(t, OBJECT_IRQ);
    if (sim_chance(50)) {
        fake_irq_raise((uint32_t)sim_random(24));
    }
}

FILL(io_create)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = any_handle(t, OBJECT_JOB);
    r->rdx = 0x100 + 4 * sim_random(16);
    r->r10 = sim_chance(97) ? 1 + sim_random(8) : sim_random(100000);
}

FILL(io)
{
    r->rdi = any_handle(t, OBJECT_IO);
    r->rsi = sim_random(9);
    r->rdx = sim_chance(97) ? 1ul << sim_random(3) : sim_random(9);
    r->r10 = sim_random(UINT32_MAX);
}

FILL(process_create)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = sim_chance(98) ? SLOT_BASE + sim_random(64) : sim_random(UINT64_MAX);
    r->rdx = sim_chance(98) ? sim_random(30) : sim_random(1000);
}

FILL(process_exit)
{
    (void)t;
    r->rdi = sim_random(100);
}

FILL(process)
{
    r->rdi = any_handle(t, OBJECT_PROCESS);
}

FILL(process_thread)
{
    r->rdi = any_handle(t, OBJECT_PROCESS);
    r->rsi = sim_random(200);
}

FILL(thread_start)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
    r->rsi = sim_chance(98) ? FAKE_CODE : sim_random(UINT64_MAX);
    r->rdx = sim_chance(98) ? 0x20000 : sim_random(UINT64_MAX);
    r->r10 = sim_random(100);
}

FILL(thread)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
}

FILL(exception_bind)
{
    r->rdi = any_handle(t, sim_chance(10)   ? OBJECT_NONE
                           : sim_chance(60) ? OBJECT_PROCESS
                           : sim_chance(50) ? OBJECT_THREAD
                                            : OBJECT_JOB);
    r->rsi = any_handle(t, OBJECT_PORT);
    r->rdx = sim_random(1000);
}

FILL(thread_suspend)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
    /* One at a time, all would wait for a call that was stopped in the middle. */
    r->rsi = !sim_chance(98) ? 2 : !generator.plain_messages && sim_chance(30);
}

FILL(thread_set_breakpoint)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
    r->rsi = sim_random(5);
    r->rdx = sim_chance(90) ? SLOT_BASE : sim_random(UINT64_MAX);
    r->r10 = sim_random(5);
    r->r8 = 1ul << sim_random(5);
}

FILL(process_copy)
{
    r->rdi = any_handle(t, OBJECT_PROCESS);
    r->rsi = sim_chance(90) ? SLOT_BASE + sim_random(0x3000) : sim_random(UINT64_MAX);
    r->rdx = sim_chance(90) ? SLOT_BASE + sim_random(0x3000) : any_address();
    r->r10 = sim_chance(95) ? sim_random(0x2000) : any_size();
}

FILL(thread_set_priority)
{
    /* None is below init, which may have to wait for a call that has to run again. */
    static const uint8_t usual[] = {100, 100, 110, 120};

    r->rdi = any_handle(t, OBJECT_THREAD);
    r->rsi = sim_chance(98) ? usual[sim_random(4)] : 256 + sim_random(100);
}

FILL(thread_kick)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
    r->rsi = any_deadline();
}

FILL(thread_set_affinity)
{
    r->rdi = any_handle(t, OBJECT_THREAD);
    r->rsi = sim_chance(95) ? 1 + sim_random(15) : sim_random(2) << 20;
}

FILL(thread_buffer)
{
    (void)t;
    r->rdi = sim_chance(80) ? 0 : any_address();
}

FILL(thread_set_base)
{
    (void)t;
    r->rdi = sim_random(3);
    r->rsi = sim_chance(90) ? any_address() : sim_random(UINT64_MAX);
}

/* The calls of the fake machine are the library's; what is elsewhere is the guest. */
static void redirect_fill(struct sim_thread *t)
{
    struct message_buffer *buffer = t->fake->thread->buffer;

    if (buffer != NULL) {
        buffer->redirect = (struct redirect){
            .registers = {.rip = sim_chance(95) ? 0x5000000 + sim_random(64) : any_address(),
                          .rflags = sim_random(UINT64_MAX)},
            .kicked = sim_chance(10),
            .start = FAKE_CODE,
            .end = FAKE_CODE + PAGE_SIZE,
            .entry = sim_chance(95) ? FAKE_CODE + 0x800 : sim_random(UINT64_MAX),
            .stack = sim_random(UINT64_MAX),
            .exit_start = FAKE_CODE + 0x900,
            .exit_end = FAKE_CODE + 0x940,
        };
    }
}

FILL(thread_redirect)
{
    redirect_fill(t);
    r->rdi = sim_chance(70) ? 1 : sim_random(3);
}

FILL(thread_resume)
{
    (void)r;
    redirect_fill(t);
}

FILL(thread_sleep)
{
    (void)t;
    r->rdi = (uint64_t)fake_now() + sim_random(50000);
}

FILL(job_set_limit)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = sim_random(JOB_RESOURCE_COUNT + 1);
    r->rdx = sim_chance(50)           ? JOB_UNLIMITED
             : r->rsi == JOB_MEMORY   ? sim_random(1ul << 20)
             : r->rsi == JOB_PRIORITY ? 100 + sim_random(25)
             : r->rsi == JOB_CPU_TIME ? (20 + sim_random(40)) * 1000000
                                      : sim_random(10);
}

FILL(job_info)
{
    r->rdi = any_handle(t, OBJECT_JOB);
    r->rsi = sim_random(JOB_RESOURCE_COUNT + 1);
}

FILL(none)
{
    (void)t;
    (void)r;
}

FILL(debug_log)
{
    (void)t;
    r->rdi = sim_chance(95) ? SLOT_BASE : sim_random(UINT64_MAX);
    r->rsi = sim_chance(95) ? sim_random(20) : sim_random(100000);
}

FILL(resource)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
}

FILL(system_info)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = sim_random(8);
    r->rdx = sim_chance(70) ? 0 : sim_random(500);
}

FILL(trace_open)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = any_handle(t, OBJECT_JOB);
    r->rdx = sim_random(200);
}

/* Mostly without payloads, which close the fast path. */
FILL(trace_control)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = sim_chance(95) ? sim_random(TRACE_ALL + 1) & ~(sim_chance(80) ? 1ul : 0)
                            : sim_random(UINT64_MAX);
}

FILL(trace_filter)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = sim_random(TRACE_FILTER_COUNT + 1);
    r->rdx = sim_random(TRACE_FILTER_VALUES + 1);
    r->r10 = sim_chance(70) ? 0 : sim_random(1000);
}

FILL(trace_emit)
{
    (void)t;
    r->rdi = sim_random(sim_chance(90) ? UINT32_MAX : UINT64_MAX);
    r->rsi = sim_random(100);
    r->rdx = sim_random(100);
}

FILL(log_bind)
{
    r->rdi = any_handle(t, OBJECT_RESOURCE);
    r->rsi = any_handle(t, OBJECT_PORT);
    r->rdx = sim_random(100);
}

static const struct {
    uint16_t number, weight;
    fill_fn *fill;
} calls[] = {
    {SYS_handle_close, 60, fill_handle},
    {SYS_handle_dup, 60, fill_handle_dup},
    {SYS_handle_revoke, 14, fill_handle},
    {SYS_handle_info, 20, fill_handle},
    {SYS_handle_grant, 30, fill_handle_grant},
    {SYS_handle_fork, 15, fill_handle_fork},
    {SYS_aspace_fork, 30, fill_aspace_fork},
    {SYS_object_wait, 30, fill_object_wait},
    {SYS_memory_create, 15, fill_memory_create},
    {SYS_memory_info, 8, fill_memory},
    {SYS_memory_resize, 15, fill_memory_resize},
    {SYS_memory_decommit, 20, fill_memory_decommit},
    {SYS_memory_clone, 8, fill_memory_clone},
    {SYS_memory_supply, 25, fill_memory_supply},
    {SYS_memory_pager, 6, fill_memory_pager},
    {SYS_memory_physical, 3, fill_memory_physical},
    {SYS_aspace_map, 40, fill_aspace_map},
    {SYS_aspace_unmap, 25, fill_aspace_range},
    {SYS_aspace_protect, 20, fill_aspace_range},
    {SYS_futex_wait, 30, fill_futex_wait},
    {SYS_futex_wake, 30, fill_futex_wake},
    {SYS_futex_requeue, 12, fill_futex_requeue},
    {SYS_port_create, 10, fill_port_create},
    {SYS_port_call, 120, fill_port_call},
    {SYS_port_reply_receive, 130, fill_port_reply_receive},
    {SYS_port_reply, 25, fill_port_reply},
    {SYS_token_drop, 8, fill_token_drop},
    {SYS_session_create, 16, fill_session_create},
    {SYS_port_bind, 16, fill_port_bind},
    {SYS_port_unbind, 8, fill_port_bind},
    {SYS_port_notify, 20, fill_port_notify},
    {SYS_lease_read, 15, fill_lease},
    {SYS_lease_write, 15, fill_lease},
    {SYS_lease_info, 5, fill_lease},
    {SYS_channel_create, 8, fill_channel_create},
    {SYS_channel_send, 30, fill_channel_send},
    {SYS_channel_receive, 30, fill_channel_receive},
    {SYS_event_create, 8, fill_job},
    {SYS_event_signal, 40, fill_event_signal},
    {SYS_event_wait, 30, fill_event_wait},
    {SYS_timer_create, 8, fill_job},
    {SYS_timer_set, 20, fill_timer_set},
    {SYS_irq_create, 5, fill_irq_create},
    {SYS_irq_ack, 5, fill_irq},
    {SYS_io_create, 5, fill_io_create},
    {SYS_io_read, 5, fill_io},
    {SYS_io_write, 5, fill_io},
    {SYS_process_create, 8, fill_process_create},
    {SYS_process_info, 8, fill_process},
    {SYS_thread_create, 16, fill_process},
    {SYS_thread_start, 20, fill_thread_start},
    {SYS_thread_yield, 20, fill_none},
    {SYS_thread_set_priority, 8, fill_thread_set_priority},
    {SYS_thread_set_affinity, 8, fill_thread_set_affinity},
    {SYS_thread_buffer, 8, fill_thread_buffer},
    {SYS_thread_set_base, 4, fill_thread_set_base},
    {SYS_thread_redirect, 4, fill_thread_redirect},
    {SYS_thread_resume, 6, fill_thread_resume},
    {SYS_thread_sleep, 16, fill_thread_sleep},
    {SYS_exception_bind, 20, fill_exception_bind},
    {SYS_exception_thread, 10, fill_token_drop},
    {SYS_exception_process, 4, fill_token_drop},
    {SYS_process_thread, 6, fill_process_thread},
    {SYS_thread_suspend, 10, fill_thread_suspend},
    {SYS_thread_read_state, 6, fill_thread},
    {SYS_thread_set_breakpoint, 8, fill_thread_set_breakpoint},
    {SYS_thread_read_fpu, 4, fill_thread},
    {SYS_thread_write_fpu, 4, fill_thread},
    {SYS_process_mapping, 4, fill_process_copy},
    {SYS_process_read, 8, fill_process_copy},
    {SYS_process_write, 8, fill_process_copy},
    {SYS_job_create, 6, fill_job},
    {SYS_job_set_limit, 4, fill_job_set_limit},
    {SYS_job_info, 8, fill_job_info},
    {SYS_clock_read, 4, fill_none},
    {SYS_debug_log, 2, fill_debug_log},
    {SYS_log_read, 3, fill_resource},
    {SYS_log_bind, 2, fill_log_bind},
    {SYS_trace_open, 2, fill_trace_open},
    {SYS_trace_control, 6, fill_trace_control},
    {SYS_trace_filter, 4, fill_trace_filter},
    {SYS_trace_emit, 4, fill_trace_emit},
    {SYS_system_info, 4, fill_system_info},
    {SYS_abi_version, 3, fill_none},
};

static const struct {
    uint16_t number, weight;
    fill_fn *fill;
} violent_calls[] = {
    {SYS_process_exit, 1, fill_process_exit}, {SYS_process_kill, 4, fill_process},
    {SYS_thread_exit, 2, fill_none},          {SYS_thread_kill, 6, fill_thread},
    {SYS_thread_kick, 20, fill_thread_kick},  {SYS_job_kill, 1, fill_job},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void generate_access(struct sim_thread *thread)
{
    uint64_t address = (any_slot() + PAGE_SIZE * sim_random(4) + 8 * sim_random(8)) & ~7ul;

    /* An access that nothing answers ends the process: mostly to the words that all share. */
    if (sim_chance(98)) {
        address = SLOT_BASE + PAGE_SIZE * sim_random(4) + 64 + 8 * sim_random(64);
    }
    if (sim_chance(3)) {
        address = SIM_LARGE + PAGE_SIZE * sim_random(LARGE_PAGES);
    }
    if (sim_chance(8)) {
        fake_request_exception(thread->fake, 3, 0);
        thread->number = UINT64_MAX;
        return;
    }
    fake_request_access(thread->fake, sim_chance(50) ? FAKE_READ : FAKE_WRITE, address,
                        sim_random(UINT64_MAX));
    thread->number = UINT64_MAX;
}

static bool table_is_crowded(const struct sim_thread *thread)
{
    return thread->fake->thread->table->live_count > 48;
}

void generate_request(struct sim_thread *thread)
{
    static unsigned total, violent_total;
    struct fake_registers r = {0};
    fill_fn *fill = fill_none;
    uint64_t pick;

    if (total == 0) {
        for (size_t i = 0; i < COUNT(calls); i++) {
            total += calls[i].weight;
        }
        for (size_t i = 0; i < COUNT(violent_calls); i++) {
            violent_total += violent_calls[i].weight;
        }
    }
    if (sim_chance(5)) {
        generate_access(thread);
        return;
    }
    if (sim_random(1000) < generator.violence) {
        pick = sim_random(violent_total);
        for (size_t i = 0; i < COUNT(violent_calls); i++) {
            if (pick < violent_calls[i].weight) {
                r.rax = violent_calls[i].number;
                fill = violent_calls[i].fill;
                break;
            }
            pick -= violent_calls[i].weight;
        }
    } else if (table_is_crowded(thread) && sim_chance(50)) {
        r.rax = sim_chance(80) ? SYS_handle_close : SYS_handle_revoke;
        fill = fill_handle;
    } else {
        pick = sim_random(total);
        for (size_t i = 0; i < COUNT(calls); i++) {
            if (pick < calls[i].weight) {
                r.rax = calls[i].number;
                fill = calls[i].fill;
                break;
            }
            pick -= calls[i].weight;
        }
    }
    fill(thread, &r);
    if (sim_random(2000) == 0) {
        r.rax = sim_random(1000); /* there may be no such call */
    }
    thread->number = r.rax;
    thread->argument[0] = r.rdi;
    thread->argument[1] = r.rsi;
    thread->argument[2] = r.rdx;
    thread->argument[3] = r.r10;
    thread->argument[4] = r.r8;
    thread->argument[5] = r.r9;
    fake_request_call(thread->fake, &r);
}
