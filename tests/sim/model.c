/* SPDX-License-Identifier: MIT */
/*
 * The model: what the pages in docs/syscalls promise about handles, rights, events and calls, kept
 * in the plainest form: a list of handles with their parents, a list of events with their bits, a
 * list of calls that wait. It knows nothing of tables, slots, locks or queues.
 *
 * It runs with machines where one call is made at a time (other CPUs still do what follows from
 * it), so what a call must return is known:
 *
 * - each handle argument is looked up in the model: a call must fail with exactly the error of the
 *   first bad one (or complain of another argument), and may not complain of good ones;
 * - what creates, copies, moves, closes or revokes handles does so in the model;
 * - events are exact: bits before, bits found, who is woken with what;
 * - a call arrives once, at a receiver of its port, with its own words and badge; an answer arrives
 *   at the caller of its token with the server's words; a token answers once and only for its
 *   process.
 */
#include <string.h>
#include <quay/abi/exception.h>
#include "cap/handle.h"
#include "object/process.h"
#include "sched/thread.h"
#include "model.h"
#include "sim.h"

#define NODES            4096
#define EVENTS           1024
#define THREADS          256
#define TOKENS           256
#define HANDLE_ARGUMENTS 2

/* One handle. */
struct node {
    bool used, revoked;
    koid_t process;
    handle_t value;
    unsigned object; /* number in the model */
    uint8_t type;
    rights_t rights;
    unsigned parent; /* index + 1; 0: none */
};

struct event_state {
    unsigned object;
    uint64_t bits;
};

/* A thread with a call under way. */
struct model_thread {
    struct sim_thread *sim;
    koid_t process;
    bool active, early; /* early: its end was seen before it ran again */
    uint64_t number, argument[6], words[8];
    unsigned session; /* called */
    unsigned port;    /* received from, answered on: object number; 0: none */
    unsigned reply;   /* index + 1 of the token that it may answer */
    unsigned handle_count;
    struct message_handle handles[IPC_HANDLES_MAX];
    bool delivered;
    bool event_known; /* the event and its outcome */
    int64_t event_result;
    uint64_t event_bits;
    uint64_t order;       /* of event waiters */
    unsigned event_waits; /* object + 1 */
    unsigned event_object;
    koid_t target;                    /* process that handles are put into */
    koid_t source;                    /* whose handles are copied */
    const struct handle_table *table; /* the target's, for handle_fork, and where that begins */
    uint32_t first_index;
};

struct token_state {
    uint64_t token;
    unsigned port;
    koid_t owner;
    struct model_thread *caller; /* NULL: gone */
    bool answered;
    uint64_t header, words[8];
};

static struct {
    bool on;
    struct node nodes[NODES];
    unsigned node_end;
    struct event_state events[EVENTS];
    unsigned event_count;
    struct model_thread threads[THREADS];
    struct token_state tokens[TOKENS];
    unsigned objects;
    struct {
        unsigned session, port;
        uint64_t badge;
    } sessions[EVENTS];
    unsigned session_count;
    uint64_t order;
    uint64_t checked;
} model;

#define MODEL_FAIL(thread, ...)                                                                    \
    do {                                                                                           \
        log_note("%s(%lx, %lx, %lx, %lx) by t%u", table_call_name((thread)->number),               \
                 (unsigned long)(thread)->argument[0], (unsigned long)(thread)->argument[1],       \
                 (unsigned long)(thread)->argument[2], (unsigned long)(thread)->argument[3],       \
                 (thread)->sim->fake->id);                                                         \
        fake_fail(__VA_ARGS__);                                                                    \
    } while (0)

/* --- handles ---------------------------------------------------------------------------------- */

static struct node *node_find(koid_t process, handle_t value)
{
    for (unsigned i = 0; i < model.node_end && value != 0; i++) {
        struct node *node = &model.nodes[i];

        if (node->used && node->value == value && node->process == process) {
            return node;
        }
    }
    return NULL;
}

static struct node *node_new(koid_t process, handle_t value, unsigned object, uint8_t type,
                             rights_t rights, const struct node *parent)
{
    if (value == 0 || node_find(process, value) != NULL) {
        fake_fail("a new handle %lx is not new", (unsigned long)value);
    }
    for (unsigned i = 0; i < NODES; i++) {
        struct node *node = &model.nodes[i];

        if (!node->used) {
            *node = (struct node){
                .used = true,
                .process = process,
                .value = value,
                .object = object,
                .type = type,
                .rights = rights,
                .parent = parent == NULL ? 0 : (unsigned)(parent - model.nodes) + 1,
            };
            if (i >= model.node_end) {
                model.node_end = i + 1;
            }
            return node;
        }
    }
    fake_fail("the model is too small");
}

/* Its children become its parent's. */
static void node_close(struct node *node)
{
    unsigned self = (unsigned)(node - model.nodes) + 1;

    for (unsigned i = 0; i < model.node_end; i++) {
        if (model.nodes[i].used && model.nodes[i].parent == self) {
            model.nodes[i].parent = node->parent;
        }
    }
    node->used = false;
}

static bool node_descends(const struct node *node, unsigned root)
{
    for (unsigned parent = node->parent; parent != 0; parent = model.nodes[parent - 1].parent) {
        if (parent == root) {
            return true;
        }
    }
    return false;
}

static void node_revoke(const struct node *root)
{
    unsigned self = (unsigned)(root - model.nodes) + 1;
    static bool hit[NODES];

    for (unsigned i = 0; i < model.node_end; i++) {
        hit[i] =
            model.nodes[i].used && !model.nodes[i].revoked && node_descends(&model.nodes[i], self);
    }
    for (unsigned i = 0; i < model.node_end; i++) {
        if (hit[i]) {
            model.nodes[i].revoked = true;
            model.nodes[i].parent = 0;
        }
    }
}

/* 0, or the error that a look-up must give. */
static int64_t node_check(koid_t process, handle_t value, uint8_t type, rights_t rights,
                          struct node **ret_node)
{
    struct node *node = node_find(process, value);

    *ret_node = node;
    if (node == NULL) {
        return -EBADF;
    }
    if (node->revoked) {
        return -EREVOKED;
    }
    if (type != OBJECT_NONE && node->type != type) {
        return -EWRONG_TYPE;
    }
    return (node->rights & rights) == rights ? 0 : -EACCES;
}

/* --- what each call looks up -------------------------------------------------------------------
 */

static const struct {
    uint16_t number;
    struct {
        uint8_t argument, type;
        rights_t rights;
    } handles[HANDLE_ARGUMENTS];
    uint8_t makes; /* type of the handle that it returns */
} lookups[] = {
    {SYS_handle_dup, {{1, OBJECT_NONE, RIGHT_DUP}}, 0},
    {SYS_handle_info, {{1, OBJECT_NONE, 0}}, 0},
    {SYS_handle_revoke, {{1, OBJECT_NONE, 0}}, 0},
    {SYS_handle_grant, {{1, OBJECT_PROCESS, RIGHT_MANAGE}, {2, OBJECT_NONE, RIGHT_TRANSFER}}, 0},
    {SYS_handle_fork, {{1, OBJECT_PROCESS, RIGHT_MANAGE}, {2, OBJECT_PROCESS, RIGHT_MANAGE}}, 0},
    {SYS_object_wait, {{1, OBJECT_NONE, RIGHT_WAIT}}, 0},
    {SYS_memory_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_MEMORY},
    {SYS_memory_info, {{1, OBJECT_MEMORY, RIGHT_INSPECT}}, 0},
    {SYS_memory_resize, {{1, OBJECT_MEMORY, RIGHT_RESIZE}}, 0},
    {SYS_memory_decommit, {{1, OBJECT_MEMORY, RIGHT_WRITE}}, 0},
    {SYS_memory_clone,
     {{1, OBJECT_JOB, RIGHT_CREATE}, {2, OBJECT_MEMORY, RIGHT_READ}},
     OBJECT_MEMORY},
    {SYS_memory_supply, {{1, OBJECT_MEMORY, RIGHT_WRITE}, {3, OBJECT_MEMORY, RIGHT_READ}}, 0},
    {SYS_memory_pager,
     {{1, OBJECT_JOB, RIGHT_CREATE}, {3, OBJECT_PORT, RIGHT_BIND}},
     OBJECT_MEMORY},
    {SYS_memory_physical,
     {{1, OBJECT_RESOURCE, RIGHT_MINT_MEMORY}, {2, OBJECT_JOB, RIGHT_CREATE}},
     OBJECT_MEMORY},
    {SYS_aspace_map, {{1, OBJECT_ASPACE, RIGHT_MAP}, {2, OBJECT_MEMORY, 0}}, 0},
    {SYS_aspace_unmap, {{1, OBJECT_ASPACE, RIGHT_MAP}}, 0},
    {SYS_aspace_protect, {{1, OBJECT_ASPACE, RIGHT_MAP}}, 0},
    {SYS_aspace_fork, {{1, OBJECT_ASPACE, RIGHT_MAP}, {2, OBJECT_ASPACE, RIGHT_MAP}}, 0},
    {SYS_port_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_PORT},
    {SYS_port_call, {{1, OBJECT_SESSION, RIGHT_CALL}}, 0},
    {SYS_port_reply_receive, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_port_reply, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_token_drop, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_session_create, {{1, OBJECT_PORT, RIGHT_MINT}}, 0},
    {SYS_port_bind, {{1, OBJECT_PORT, RIGHT_BIND}, {2, OBJECT_NONE, RIGHT_WAIT}}, 0},
    {SYS_port_unbind, {{1, OBJECT_PORT, RIGHT_BIND}, {2, OBJECT_NONE, 0}}, 0},
    {SYS_port_notify, {{1, OBJECT_PORT, RIGHT_NOTIFY}}, 0},
    {SYS_lease_read, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_lease_write, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_lease_info, {{1, OBJECT_PORT, RIGHT_RECV}}, 0},
    {SYS_channel_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_CHANNEL_SENDER},
    {SYS_channel_send, {{1, OBJECT_CHANNEL_SENDER, RIGHT_SEND}}, 0},
    {SYS_channel_receive, {{1, OBJECT_CHANNEL_RECEIVER, RIGHT_RECV}}, 0},
    {SYS_event_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_EVENT},
    {SYS_event_signal, {{1, OBJECT_EVENT, RIGHT_SIGNAL}}, 0},
    {SYS_event_wait, {{1, OBJECT_EVENT, RIGHT_WAIT}}, 0},
    {SYS_timer_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_TIMER},
    {SYS_timer_set, {{1, OBJECT_TIMER, RIGHT_SET}}, 0},
    {SYS_irq_create,
     {{1, OBJECT_RESOURCE, RIGHT_MINT_IRQ}, {2, OBJECT_JOB, RIGHT_CREATE}},
     OBJECT_IRQ},
    {SYS_irq_ack, {{1, OBJECT_IRQ, RIGHT_ACK}}, 0},
    {SYS_io_create,
     {{1, OBJECT_RESOURCE, RIGHT_MINT_IO}, {2, OBJECT_JOB, RIGHT_CREATE}},
     OBJECT_IO},
    {SYS_io_read, {{1, OBJECT_IO, RIGHT_USE}}, 0},
    {SYS_io_write, {{1, OBJECT_IO, RIGHT_USE}}, 0},
    {SYS_process_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_PROCESS},
    {SYS_process_kill, {{1, OBJECT_PROCESS, RIGHT_MANAGE}}, 0},
    {SYS_process_info, {{1, OBJECT_PROCESS, RIGHT_INSPECT}}, 0},
    {SYS_thread_create, {{1, OBJECT_PROCESS, RIGHT_MANAGE}}, OBJECT_THREAD},
    {SYS_thread_start, {{1, OBJECT_THREAD, RIGHT_MANAGE}}, 0},
    {SYS_thread_kill, {{1, OBJECT_THREAD, RIGHT_MANAGE}}, 0},
    {SYS_thread_kick, {{1, OBJECT_THREAD, RIGHT_MANAGE}}, 0},
    {SYS_thread_set_priority, {{1, OBJECT_THREAD, RIGHT_MANAGE}}, 0},
    {SYS_thread_set_affinity, {{1, OBJECT_THREAD, RIGHT_MANAGE}}, 0},
    {SYS_exception_bind, {{1, OBJECT_NONE, RIGHT_MANAGE}, {2, OBJECT_PORT, RIGHT_BIND}}, 0},
    {SYS_exception_thread, {{1, OBJECT_PORT, RIGHT_RECV}}, OBJECT_THREAD},
    {SYS_exception_process, {{1, OBJECT_PORT, RIGHT_RECV}}, OBJECT_PROCESS},
    {SYS_process_thread, {{1, OBJECT_PROCESS, RIGHT_MANAGE | RIGHT_READ_STATE}}, OBJECT_THREAD},
    {SYS_thread_suspend, {{1, OBJECT_THREAD, RIGHT_WRITE_STATE}}, 0},
    {SYS_thread_read_state, {{1, OBJECT_THREAD, RIGHT_READ_STATE}}, 0},
    {SYS_thread_write_state, {{1, OBJECT_THREAD, RIGHT_WRITE_STATE}}, 0},
    {SYS_thread_read_fpu, {{1, OBJECT_THREAD, RIGHT_READ_STATE}}, 0},
    {SYS_thread_write_fpu, {{1, OBJECT_THREAD, RIGHT_WRITE_STATE}}, 0},
    {SYS_thread_set_breakpoint, {{1, OBJECT_THREAD, RIGHT_WRITE_STATE}}, 0},
    {SYS_process_mapping, {{1, OBJECT_PROCESS, RIGHT_READ_STATE}}, 0},
    {SYS_process_read, {{1, OBJECT_PROCESS, RIGHT_READ_STATE}}, 0},
    {SYS_process_write, {{1, OBJECT_PROCESS, RIGHT_WRITE_STATE}}, 0},
    {SYS_job_create, {{1, OBJECT_JOB, RIGHT_CREATE}}, OBJECT_JOB},
    {SYS_job_set_limit, {{1, OBJECT_JOB, RIGHT_MANAGE}}, 0},
    {SYS_job_info, {{1, OBJECT_JOB, RIGHT_INSPECT}}, 0},
    {SYS_job_kill, {{1, OBJECT_JOB, RIGHT_MANAGE}}, 0},
    {SYS_log_read, {{1, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}}, 0},
    {SYS_log_bind, {{1, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}, {2, OBJECT_PORT, RIGHT_BIND}}, 0},
    {SYS_trace_open,
     {{1, OBJECT_RESOURCE, RIGHT_TRACE}, {2, OBJECT_JOB, RIGHT_CREATE}},
     OBJECT_MEMORY},
    {SYS_trace_control, {{1, OBJECT_RESOURCE, RIGHT_TRACE}}, 0},
    {SYS_trace_filter, {{1, OBJECT_RESOURCE, RIGHT_TRACE}}, 0},
    {SYS_system_info, {{1, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}}, 0},
    {SYS_system_halt, {{1, OBJECT_RESOURCE, RIGHT_POWER}}, 0},
};

static bool is_lookup_error(int64_t result)
{
    return result == -EBADF || result == -EREVOKED || result == -EWRONG_TYPE || result == -EACCES;
}

static rights_t rights_needed(const struct model_thread *t, size_t entry, unsigned i)
{
    rights_t rights = lookups[entry].handles[i].rights;

    if (t->number == SYS_handle_grant && i == 1 && t->argument[3] == HANDLE_COPY) {
        rights |= RIGHT_DUP;
    } else if (t->number == SYS_event_wait && t->argument[2] == 1) {
        rights |= RIGHT_SIGNAL;
    } else if (t->number == SYS_aspace_map && i == 1) {
        rights |= (t->argument[5] & MAP_READ ? RIGHT_READ : 0) |
                  (t->argument[5] & MAP_WRITE ? RIGHT_WRITE : 0) |
                  (t->argument[5] & MAP_EXEC ? RIGHT_EXEC : 0);
    }
    return rights;
}

/* The first error that the handles given must lead to; 0 if all are good. */
static int64_t lookup_error(const struct model_thread *t, struct node *nodes[HANDLE_ARGUMENTS],
                            size_t *ret_entry)
{
    int64_t error = 0;

    *ret_entry = SIZE_MAX;
    for (size_t entry = 0; entry < sizeof(lookups) / sizeof(lookups[0]); entry++) {
        if (lookups[entry].number != t->number) {
            continue;
        }
        *ret_entry = entry;
        for (unsigned i = 0; i < HANDLE_ARGUMENTS && error == 0; i++) {
            bool is_none = t->number == SYS_exception_bind && i == 1 && t->argument[1] == 0;

            if (lookups[entry].handles[i].argument != 0 && !is_none) {
                error = node_check(t->process, t->argument[lookups[entry].handles[i].argument - 1],
                                   lookups[entry].handles[i].type, rights_needed(t, entry, i),
                                   &nodes[i]);
            }
        }
    }
    if (error == 0 && t->number == SYS_exception_bind && nodes[0]->type != OBJECT_JOB &&
        nodes[0]->type != OBJECT_PROCESS && nodes[0]->type != OBJECT_THREAD) {
        error = -EWRONG_TYPE;
    }
    return error;
}

/* Calls whose EACCES may be about something else than their handles: W^X, a device's RAM. */
static bool may_deny(uint64_t number)
{
    return number == SYS_aspace_map || number == SYS_aspace_protect ||
           number == SYS_memory_physical || number == SYS_lease_read || number == SYS_lease_write;
}

/* --- events ----------------------------------------------------------------------------------- */

static struct event_state *event_of_object(unsigned object)
{
    for (unsigned i = 0; i < model.event_count; i++) {
        if (model.events[i].object == object) {
            return &model.events[i];
        }
    }
    return NULL;
}

/* Those who wait are served in order. */
static void event_serve(struct event_state *event)
{
    for (;;) {
        struct model_thread *first = NULL;

        for (unsigned i = 0; i < THREADS; i++) {
            struct model_thread *t = &model.threads[i];

            if (t->active && t->event_waits == event->object + 1 &&
                (event->bits & t->argument[1]) != 0 && (first == NULL || t->order < first->order)) {
                first = t;
            }
        }
        if (first == NULL) {
            return;
        }
        first->event_waits = 0;
        first->event_known = true;
        first->event_result = 0;
        first->event_bits = event->bits & first->argument[1];
        if (first->argument[2] == 1) {
            event->bits &= ~first->event_bits;
        }
    }
}

static void event_issue(struct model_thread *t)
{
    struct node *nodes[HANDLE_ARGUMENTS] = {NULL};
    size_t entry;
    struct event_state *event;

    if (lookup_error(t, nodes, &entry) != 0 || nodes[0] == NULL) {
        return;
    }
    event = event_of_object(nodes[0]->object);
    if (event == NULL) {
        return;
    }
    t->event_object = event->object;
    if (t->number == SYS_event_signal) {
        t->event_known = true;
        t->event_bits = event->bits;
        event->bits = (event->bits & ~t->argument[1]) | t->argument[2];
        event_serve(event);
    } else if (t->argument[1] != 0 && t->argument[2] <= 1 && (int64_t)t->argument[3] >= 0) {
        t->order = model.order++;
        t->event_waits = event->object + 1;
        event_serve(event);
    }
}

/* --- calls ------------------------------------------------------------------------------------ */

static void words_of(const struct fake_registers *r, uint64_t words[8])
{
    const uint64_t values[8] = {r->rbx, r->rbp, r->r12, r->r13, r->r14, r->r15, r->r8, r->r9};

    memcpy(words, values, sizeof(values));
}

static struct token_state *token_find(uint64_t token, unsigned port)
{
    for (unsigned i = 0; i < TOKENS; i++) {
        if (model.tokens[i].token == token && model.tokens[i].port == port && token != 0) {
            return &model.tokens[i];
        }
    }
    return NULL;
}

static unsigned session_port(unsigned session, uint64_t *ret_badge)
{
    for (unsigned i = 0; i < model.session_count; i++) {
        if (model.sessions[i].session == session) {
            *ret_badge = model.sessions[i].badge;
            return model.sessions[i].port;
        }
    }
    return 0;
}

/* The answer that a thread is about to give, or the call that it gives up (header UINT64_MAX). */
static void reply_issue(struct model_thread *t, uint64_t token, uint64_t header)
{
    struct node *nodes[HANDLE_ARGUMENTS] = {NULL};
    struct token_state *state;
    size_t entry;

    if (lookup_error(t, nodes, &entry) != 0) {
        return;
    }
    t->port = nodes[0]->object;
    state = token_find(token, t->port);
    if (state == NULL || state->owner != t->process || state->answered) {
        return;
    }
    t->reply = (unsigned)(state - model.tokens) + 1;
    if (header != UINT64_MAX) {
        state->answered = true;
        state->header = header;
        memcpy(state->words, t->words, sizeof(state->words));
    }
}

static void call_received(struct model_thread *t, const struct fake_registers *r, unsigned port)
{
    uint64_t words[8];
    struct model_thread *caller = NULL;
    uint64_t badge = 0;
    const struct message_buffer *buffer = t->sim->fake->thread->buffer;
    bool is_exception = r->rsi == IPC_HEADER(EXCEPTION_METHOD, sizeof(struct exception_message), 0);

    words_of(r, words);
    for (unsigned i = 0; i < THREADS && !is_exception; i++) {
        struct model_thread *c = &model.threads[i];

        /* It may have given up just after it was received. */
        if (c->number == SYS_port_call && !c->delivered &&
            (c->argument[1] & ~IPC_CANCEL_FIRST) == r->rsi && c->session != 0 &&
            session_port(c->session, &badge) == port && badge == r->rdi &&
            (IPC_HEADER_LENGTH(r->rsi) > IPC_REGISTER_BYTES ||
             memcmp(c->words, words, sizeof(words)) == 0)) {
            caller = c;
            break;
        }
    }
    if (caller == NULL && !is_exception) {
        MODEL_FAIL(t, "a call was received that nobody made, or twice, or changed");
    }
    if (caller != NULL) {
        caller->delivered = true;
    }
    for (unsigned i = 0; i < IPC_HEADER_HANDLES(r->rsi); i++) {
        struct message_handle sent = caller->handles[i];
        const struct message_handle *got = &buffer->handles[i];
        struct node *source = node_find(caller->process, sent.handle);
        rights_t needed = RIGHT_TRANSFER | (sent.operation == HANDLE_COPY ? RIGHT_DUP : 0);

        if (source == NULL || source->revoked || (source->rights & needed) != needed) {
            MODEL_FAIL(t, "a handle came with a message that the sender could not send");
        }
        if (got->rights != (source->rights & sent.rights) || got->type != source->type) {
            MODEL_FAIL(t, "a handle came with rights %x, type %u", got->rights, got->type);
        }
        if (sent.operation == HANDLE_COPY) {
            (void)node_new(t->process, got->handle, source->object, source->type, got->rights,
                           source);
        } else {
            source->process = t->process;
            source->value = got->handle;
            source->rights = got->rights;
        }
    }
    for (unsigned i = 0; i < TOKENS; i++) {
        struct token_state *state = &model.tokens[i];

        if (state->token == 0) {
            *state =
                (struct token_state){.token = r->r10,
                                     .port = port,
                                     .owner = t->process,
                                     .caller = caller != NULL && caller->active ? caller : NULL};
            return;
        }
    }
    fake_fail("the model is too small for the tokens");
}

static void call_returned(struct model_thread *t, const struct fake_registers *r)
{
    int64_t result = (int64_t)r->rax;
    uint64_t words[8];

    for (unsigned i = 0; i < TOKENS; i++) {
        struct token_state *state = &model.tokens[i];

        if (state->token == 0 || state->caller != t) {
            continue;
        }
        state->caller = NULL;
        if (state->owner == 0) {
            state->token = 0; /* the server has heard of it already */
        }
        if (result != 0) {
            return; /* the server's token stays until it answers or drops it */
        }
        words_of(r, words);
        if (!state->answered) {
            MODEL_FAIL(t, "a call returned that nobody answered");
        }
        if (r->rsi != state->header || (IPC_HEADER_LENGTH(r->rsi) <= IPC_REGISTER_BYTES &&
                                        memcmp(words, state->words, sizeof(words)) != 0)) {
            MODEL_FAIL(t, "an answer arrived changed");
        }
        if (r->rdi != 0 || r->rdx != 0 || r->r10 != 0) {
            MODEL_FAIL(t, "registers carry something out that ipc.h does not name");
        }
        return;
    }
    if (result == 0) {
        MODEL_FAIL(t, "a call returned that was never received");
    }
}

static bool caller_waits(const struct token_state *state)
{
    return state->caller != NULL && state->caller->active &&
           (state->caller->sim->fake->thread->wait & THREAD_WAITING);
}

/* What became of the token that a call answered or gave up. */
static void token_used(struct model_thread *t, uint64_t token, int64_t result)
{
    struct token_state *state = t->reply == 0 ? NULL : &model.tokens[t->reply - 1];

    if (state == NULL || state->token != token) {
        if (result >= 0 && (t->number != SYS_port_reply_receive || t->reply == 0)) {
            MODEL_FAIL(t, "a token was accepted that is not this process's, or was used before");
        }
        return;
    }
    switch (-result) {
    case EINVAL:
    case EMSGSIZE:
    case ENO_BUFFER:
    case ENOMEM:
    case EBADF:
    case EREVOKED:
    case EWRONG_TYPE:
    case EACCES:
        state->answered = false; /* it is still good */
        return;
    case ETOKEN_STALE:
        /* Its deadline may just have come, on another CPU. */
        if (caller_waits(state)) {
            MODEL_FAIL(t, "a good token was refused");
        }
        state->token = 0;
        return;
    case EINTR: /* before the answer was sent, or after: if the caller has gone, who knows */
        if (state->caller == NULL || caller_waits(state)) {
            state->answered = false;
            return;
        }
        __attribute__((fallthrough));
    default:
        state->owner = 0;
        if (state->caller == NULL) {
            state->token = 0; /* the caller has compared the answer */
        }
        return;
    }
}

static const rights_t type_rights[OBJECT_TYPE_COUNT] = {
    [OBJECT_JOB] = RIGHTS_JOB,
    [OBJECT_PROCESS] = RIGHTS_PROCESS,
    [OBJECT_THREAD] = RIGHTS_THREAD,
    [OBJECT_ASPACE] = RIGHTS_ASPACE,
    [OBJECT_MEMORY] = RIGHTS_MEMORY,
    [OBJECT_PORT] = RIGHTS_PORT,
    [OBJECT_SESSION] = RIGHTS_SESSION,
    [OBJECT_EVENT] = RIGHTS_EVENT,
    [OBJECT_TIMER] = RIGHTS_TIMER,
    [OBJECT_IRQ] = RIGHTS_IRQ,
    [OBJECT_IO] = RIGHTS_IO,
    [OBJECT_RESOURCE] = RIGHTS_RESOURCE,
    [OBJECT_CHANNEL_SENDER] = RIGHTS_CHANNEL_SENDER,
};

/* --- ends of calls ---------------------------------------------------------------------------- */

static void made_handle(struct model_thread *t, const struct fake_registers *r, uint8_t type)
{
    unsigned object = ++model.objects;
    rights_t rights = type_rights[type];

    if ((t->number == SYS_memory_create && t->argument[2] != MEMORY_RESIZABLE) ||
        t->number == SYS_memory_clone || t->number == SYS_memory_pager) {
        rights &= ~RIGHT_RESIZE; /* its size is fixed */
    } else if (t->number == SYS_trace_open) {
        rights = RIGHTS_BASIC | RIGHT_READ;
    } else if (t->number == SYS_memory_physical) {
        rights &= ~(RIGHT_RESIZE | RIGHT_EXEC);
    }
    (void)node_new(t->process, r->rax, object, type, rights, NULL);
    if (type == OBJECT_EVENT) {
        if (model.event_count == EVENTS) {
            model.event_count = 0;
        }
        model.events[model.event_count++] = (struct event_state){.object = object};
    }
    if (t->number == SYS_process_create) {
        (void)node_new(t->process, r->rdx, ++model.objects, OBJECT_ASPACE, RIGHTS_ASPACE, NULL);
    }
    if (type == OBJECT_CHANNEL_SENDER) {
        (void)node_new(t->process, r->rdx, ++model.objects, OBJECT_CHANNEL_RECEIVER,
                       RIGHTS_CHANNEL_RECEIVER, NULL);
    }
}

static void granted(struct model_thread *t, const struct fake_registers *r, struct node *nodes[2])
{
    koid_t target = t->target;

    if (t->argument[3] == HANDLE_COPY) {
        (void)node_new(target, r->rax, nodes[1]->object, nodes[1]->type,
                       nodes[1]->rights & (rights_t)t->argument[2], nodes[1]);
    } else {
        nodes[1]->process = target;
        nodes[1]->value = r->rax;
        nodes[1]->rights &= (rights_t)t->argument[2];
    }
}

/* Handles that may be copied and sent have siblings in the other process, as far as it came. */
static void forked(struct model_thread *t)
{
    for (unsigned i = 0, end = model.node_end; i < end; i++) {
        const struct node *node = &model.nodes[i];
        uint64_t index = node->value & ((1ul << HANDLE_INDEX_BITS) - 1);

        if (node->used && !node->revoked && node->process == t->source &&
            (node->rights & RIGHT_DUP) && (node->rights & RIGHT_TRANSFER) &&
            index >= t->first_index && index < t->table->fork_index) {
            (void)node_new(t->target, node->value, node->object, node->type, node->rights,
                           node->parent == 0 ? NULL : &model.nodes[node->parent - 1]);
        }
    }
}

static void succeeded(struct model_thread *t, const struct fake_registers *r, size_t entry,
                      struct node *nodes[HANDLE_ARGUMENTS])
{
    struct node *node;

    switch (t->number) {
    case SYS_handle_close:
        node = node_find(t->process, t->argument[0]);
        if (node == NULL) {
            MODEL_FAIL(t, "a handle was closed that is none");
        }
        node_close(node);
        return;
    case SYS_handle_dup:
        (void)node_new(t->process, r->rax, nodes[0]->object, nodes[0]->type,
                       nodes[0]->rights & (rights_t)t->argument[1], nodes[0]);
        return;
    case SYS_handle_revoke:
        node_revoke(nodes[0]);
        return;
    case SYS_handle_info:
        if (r->rax != nodes[0]->type || r->rdx != nodes[0]->rights) {
            MODEL_FAIL(t, "handle_info: type %lu rights %lx, the model has %u %x",
                       (unsigned long)r->rax, (unsigned long)r->rdx, nodes[0]->type,
                       nodes[0]->rights);
        }
        return;
    case SYS_handle_grant:
        granted(t, r, nodes);
        return;
    case SYS_session_create:
        node = node_new(t->process, r->rax, ++model.objects, OBJECT_SESSION, RIGHTS_BASIC, NULL);
        (void)node_new(t->process, r->rdx, node->object, OBJECT_SESSION, RIGHTS_SESSION, node);
        if (model.session_count == EVENTS) {
            model.session_count = 0;
        }
        model.sessions[model.session_count].session = node->object;
        model.sessions[model.session_count].port = nodes[0]->object;
        model.sessions[model.session_count++].badge = t->argument[1];
        return;
    default:
        if (lookups[entry].makes != 0) {
            made_handle(t, r, lookups[entry].makes);
        }
        return;
    }
}

static void check_event(struct model_thread *t, const struct fake_registers *r)
{
    int64_t result = (int64_t)r->rax;

    t->event_waits = 0;
    if (t->event_known) {
        if ((result == -ETIMEDOUT && (time_ns_t)t->argument[3] <= fake_now()) || result == -EINTR) {
            /* Its time, or a kick, came on another CPU while the signal was on its way: who knows
             * the bits. */
            for (unsigned i = 0; i < model.event_count; i++) {
                if (model.events[i].object == t->event_object) {
                    model.events[i].object = 0;
                }
            }
            return;
        }
        if (result != t->event_result || r->rdx != t->event_bits) {
            MODEL_FAIL(t, "returned %ld (bits %lx), the model says %ld (bits %lx)", (long)result,
                       (unsigned long)r->rdx, (long)t->event_result, (unsigned long)t->event_bits);
        }
    } else if (t->number == SYS_event_wait && result == 0 && t->event_object != 0 &&
               event_of_object(t->event_object) != NULL) {
        MODEL_FAIL(t, "event_wait returned without bits");
    }
}

static void finished(struct model_thread *t, const struct fake_registers *r)
{
    struct node *nodes[HANDLE_ARGUMENTS] = {NULL};
    int64_t result = (int64_t)r->rax;
    int64_t error;
    size_t entry;
    bool waited = t->number == SYS_port_call || t->number == SYS_port_reply_receive ||
                  t->number == SYS_event_wait || t->number == SYS_object_wait;

    model.checked++;
    error = lookup_error(t, nodes, &entry);
    if (t->number == SYS_event_signal || t->number == SYS_event_wait) {
        check_event(t, r);
    }
    if (t->number == SYS_port_call && t->session != 0) {
        call_returned(t, r);
    }
    if (t->port != 0 && (t->number == SYS_port_reply || t->number == SYS_token_drop)) {
        token_used(t, t->argument[1], result);
    }
    if (t->port != 0 && t->number == SYS_port_reply_receive) {
        if (t->argument[3] != 0) {
            token_used(t, t->argument[3], result);
        }
        if (result == RECEIVED_CALL) {
            call_received(t, r, t->port);
        }
    }
    t->active = false;
    if (t->number == SYS_handle_close && result == 0) {
        succeeded(t, r, 0, nodes);
        return;
    }
    if (t->number == SYS_handle_close &&
        (node_find(t->process, t->argument[0]) != NULL) != (result == 0)) {
        MODEL_FAIL(t, "handle_close returned %ld", (long)result);
    }
    if (entry == SIZE_MAX || waited) {
        return; /* handles may have gone while it waited */
    }
    if (error != 0 && result >= 0) {
        MODEL_FAIL(t, "succeeded; the model says %s", table_error_name(error));
    }
    if (is_lookup_error(result) && result != error && !(result == -EACCES && may_deny(t->number))) {
        MODEL_FAIL(t, "returned %s; the model says %s", table_error_name(result),
                   error == 0 ? "that its handles are good" : table_error_name(error));
    }
    if (t->number == SYS_handle_fork && !is_lookup_error(result)) {
        forked(t); /* what it came to before an error, too */
    } else if (result >= 0) {
        succeeded(t, r, entry, nodes);
    }
}

/* --- the simulator's side --------------------------------------------------------------------- */

static struct model_thread *thread_slot(struct sim_thread *sim)
{
    struct model_thread *empty = NULL;

    for (unsigned i = 0; i < THREADS; i++) {
        struct model_thread *t = &model.threads[i];

        if (t->sim == sim) {
            return t;
        }
        if (empty == NULL && (t->sim == NULL || t->sim->fake->thread == NULL)) {
            empty = t;
        }
    }
    FAKE_CHECK(empty != NULL);
    *empty = (struct model_thread){.sim = sim};
    return empty;
}

void model_begin(struct fake_thread *init)
{
    const struct handle_table *table = init->thread->table;

    model.on = true;
    for (unsigned i = 0; i < table->chunk_count * HANDLE_CHUNK_SLOTS; i++) {
        const struct handle_entry *entry =
            &table->chunks[i / HANDLE_CHUNK_SLOTS][i % HANDLE_CHUNK_SLOTS];

        if (entry->value != 0) {
            (void)node_new(init->thread->process->object.koid, entry->value, ++model.objects,
                           (uint8_t)entry->type, entry->rights, NULL);
        }
    }
}

/* Processes that have ended hold nothing any more; threads that have ended wait for nothing. */
static void bury(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct model_thread *t = &model.threads[i];

        if (t->active &&
            (t->sim->fake->thread == NULL || (t->sim->fake->thread->flags & THREAD_DEAD))) {
            t->active = false;
            t->event_waits = 0;
            for (unsigned j = 0; j < TOKENS; j++) {
                if (model.tokens[j].caller == t) {
                    model.tokens[j].caller = NULL;
                    if (model.tokens[j].owner == 0) {
                        model.tokens[j].token = 0;
                    }
                }
            }
        }
    }
}

void model_process_ended(koid_t koid)
{
    log_note("process %lu has ended", (unsigned long)koid);
    for (unsigned i = 0; model.on && i < model.node_end; i++) {
        if (model.nodes[i].used && model.nodes[i].process == koid) {
            node_close(&model.nodes[i]);
        }
    }
    for (unsigned i = 0; model.on && i < TOKENS; i++) {
        if (model.tokens[i].token != 0 && model.tokens[i].owner == koid) {
            model.tokens[i].owner = 0; /* it may have answered just before */
            if (model.tokens[i].caller == NULL) {
                model.tokens[i].token = 0;
            }
        }
    }
}

/* Those whose call has ended but who have not run since. */
static void look_ahead(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct model_thread *t = &model.threads[i];
        const struct thread *thread = t->active ? t->sim->fake->thread : NULL;
        const struct user_frame *f;
        struct fake_registers r;

        if (thread == NULL || t->sim->fake->state != FAKE_CALL || (thread->wait & THREAD_WAITING) ||
            (thread->flags & THREAD_KILLED) || thread->frame.rip != FAKE_SYSCALL_IP + 2) {
            continue;
        }
        f = &thread->frame;
        r = (struct fake_registers){f->rax, f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9,
                                    f->rbx, f->rbp, f->r12, f->r13, f->r14, f->r15};
        t->early = true;
        finished(t, &r);
    }
}

/* Which process a handle names: the model does not keep koids. */
static const struct process *process_named(const struct sim_thread *sim, handle_t handle)
{
    static const struct process none;
    struct object *process;

    return handle_lookup(sim->fake->thread->table, handle, OBJECT_PROCESS, 0, &process) == 0
               ? process_of(process)
               : &none;
}

void model_issue(struct sim_thread *sim)
{
    struct model_thread *t;
    struct node *nodes[HANDLE_ARGUMENTS] = {NULL};
    size_t entry;

    if (!model.on) {
        return;
    }
    bury();
    look_ahead();
    t = thread_slot(sim);
    *t = (struct model_thread){
        .sim = sim,
        .active = true,
        .process = sim->fake->thread->process->object.koid,
        .number = sim->number,
    };
    memcpy(t->argument, sim->argument, sizeof(t->argument));
    words_of(&sim->fake->registers, t->words);
    switch (t->number) {
    case SYS_event_signal:
    case SYS_event_wait:
        event_issue(t);
        break;
    case SYS_port_call:
        if (lookup_error(t, nodes, &entry) == 0) {
            t->session = nodes[0]->object;
        }
        if (IPC_HEADER_HANDLES(t->argument[1]) <= IPC_HANDLES_MAX &&
            sim->fake->thread->buffer != NULL) {
            memcpy(t->handles, sim->fake->thread->buffer->handles, sizeof(t->handles));
        }
        break;
    case SYS_port_reply:
        reply_issue(t, t->argument[1], t->argument[2]);
        break;
    case SYS_handle_fork:
        t->table = &process_named(sim, t->argument[0])->table;
        t->source = process_named(sim, t->argument[1])->object.koid;
        t->first_index = t->table->fork_index;
        t->target = process_named(sim, t->argument[0])->object.koid;
        break;
    case SYS_handle_grant:
        t->target = process_named(sim, t->argument[0])->object.koid;
        break;
    case SYS_token_drop:
        reply_issue(t, t->argument[1], UINT64_MAX);
        break;
    case SYS_port_reply_receive:
        reply_issue(t, t->argument[3], t->argument[1]);
        break;
    default:
        break;
    }
}

void model_done(struct sim_thread *sim)
{
    struct model_thread *t;

    if (!model.on) {
        return;
    }
    bury(); /* a place may be free again */
    t = thread_slot(sim);
    if (t->active) {
        finished(t, &sim->fake->registers);
    }
}

uint64_t model_checked(void)
{
    return model.checked;
}
