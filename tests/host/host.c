/* SPDX-License-Identifier: MIT */
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/host.h>
#include <quay/text.h>
#include <quay/thread.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS    256
#define CHANNELS 4
#define SIDES    4 /* calls within calls */
#define GIVEN    8
#define NOTICES  16

struct timer {
    time_ns_t deadline; /* DEADLINE_NEVER: not set */
    uint64_t period_ns;
    bool is_bound;
    uint64_t key;
};

struct slot {
    uint32_t type; /* OBJECT_NONE: free */
    uint32_t generation;
    rights_t rights;
    koid_t koid;
    koid_t port;              /* of a session; 0: one that is never closed */
    struct qy_server *server; /* of a session, or a port */
    uint64_t badge;
    qy_host_wire_fn *wire;
    void *context;
    struct channel *channel; /* of an end of one */
    struct timer timer;
};

/* A queue, and how many handles each end has. */
struct channel {
    struct qy_message messages[QY_EVENT_SLOTS];
    uint8_t payloads[QY_EVENT_SLOTS][IPC_PAYLOAD_MAX];
    uint32_t first, count, slots;
    bool has_sender, has_receiver;
    bool is_bound; /* the receiver */
    uint64_t key;
};

struct call {
    uint64_t token; /* 0: answered or dropped */
    bool is_dropped;
    struct qy_message answer;
    uint32_t lease_count;
    struct message_lease leases[IPC_LEASES_MAX];
};

/* In place of the bootstrap block. */
struct given {
    uint32_t kind;
    const char *name;
    handle_t handle;
};

/* What a server's loop would receive. */
struct notice {
    uint64_t key, signals;
};

static struct {
    struct slot slots[SLOTS];
    struct notice notices[NOTICES];
    uint32_t notice_count;
    struct given given[GIVEN];
    uint32_t given_count;
    struct channel channels[CHANNELS];
    koid_t next_koid;
    struct message_buffer buffers[SIDES]; /* of the caller, of the server it calls, ... */
    uint32_t side;
    uint64_t next_token;
    struct call calls[SIDES]; /* to this side; those below wait for it */
} host_state;

void (*qy_host_idle)(void);
time_ns_t qy_host_now;
time_ns_t qy_host_deadline;
uint32_t qy_host_lease_fault;

void qy_fatal(const char *what);
void qy_fatal(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

void qy_log(const char *format, ...)
{
    (void)format; /* what a program says to people is not looked at */
}

struct message_buffer *qy_buffer(void)
{
    return &host_state.buffers[host_state.side];
}

void *qy_alloc(size_t size)
{
    return malloc(size);
}

void *qy_alloc_zeroed(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *qy_realloc(void *block, size_t size)
{
    return realloc(block, size > 0 ? size : 1);
}

void qy_free(void *block)
{
    free(block);
}

/* --- handles ------------------------------------------------------------------------------- */

void qy_host_reset(void)
{
    host_state = (typeof(host_state)){.next_koid = 1, .next_token = 1};
    qy_host_idle = NULL;
    qy_host_lease_fault = 0;
    qy_host_now = 1;
}

static struct slot *slot_find(handle_t handle)
{
    uint32_t index = (uint32_t)handle - 1;
    if (index >= SLOTS || host_state.slots[index].type == OBJECT_NONE ||
        host_state.slots[index].generation != handle >> 32) {
        return NULL;
    }
    return &host_state.slots[index];
}

static handle_t slot_add(const struct slot *what)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &host_state.slots[i];
        if (slot->type == OBJECT_NONE) {
            uint32_t generation = slot->generation + 1;
            *slot = *what;
            slot->generation = generation;
            return (uint64_t)generation << 32 | (i + 1);
        }
    }
    abort();
}

handle_t qy_host_handle(uint32_t type, rights_t rights)
{
    return slot_add(&(struct slot){.type = type, .rights = rights, .koid = host_state.next_koid++});
}

uint32_t qy_host_handle_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOTS; i++) {
        count += host_state.slots[i].type != OBJECT_NONE;
    }
    return count;
}

handle_t qy_host_session(struct qy_server *server, uint64_t badge)
{
    return slot_add(&(struct slot){.type = OBJECT_SESSION,
                                   .rights = RIGHTS_SESSION,
                                   .koid = host_state.next_koid++,
                                   .server = server,
                                   .badge = badge});
}

handle_t qy_host_port(struct qy_server *server)
{
    return slot_add(&(struct slot){.type = OBJECT_PORT,
                                   .rights = RIGHTS_PORT,
                                   .koid = host_state.next_koid++,
                                   .server = server});
}

void qy_host_give(uint32_t kind, const char *name, handle_t handle)
{
    if (host_state.given_count == GIVEN) {
        abort();
    }
    host_state.given[host_state.given_count++] = (struct given){kind, name, handle};
}

handle_t qy_bootstrap_handle(uint32_t kind, const char *name)
{
    for (uint32_t i = 0; i < host_state.given_count; i++) {
        const struct given *given = &host_state.given[i];
        if (given->kind == kind && (name == NULL || qy_streq(given->name, name))) {
            return given->handle;
        }
    }
    return HANDLE_INVALID;
}

handle_t qy_host_wire(qy_host_wire_fn *wire, void *context)
{
    return slot_add(&(struct slot){
        .type = OBJECT_SESSION, .rights = RIGHTS_SESSION, .wire = wire, .context = context});
}

/* --- system calls -------------------------------------------------------------------------- */

static struct qy_result handle_dup(handle_t handle, rights_t rights)
{
    struct slot *slot = slot_find(handle);
    if (slot == NULL) {
        return (struct qy_result){.status = -EBADF};
    }
    struct slot copy = *slot;
    copy.rights &= rights;
    return (struct qy_result){.status = (int64_t)slot_add(&copy)};
}

static struct qy_result handle_info(handle_t handle)
{
    struct slot *slot = slot_find(handle);
    if (slot == NULL) {
        return (struct qy_result){.status = -EBADF};
    }
    return (struct qy_result){slot->type, slot->rights, slot->koid};
}

static void notice_add(uint64_t key, uint64_t signals)
{
    if (host_state.notice_count == NOTICES) {
        abort();
    }
    host_state.notices[host_state.notice_count++] = (struct notice){key, signals};
}

/* The last handle that could call is closed. */
static void session_closed(const struct slot *session)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &host_state.slots[i];
        if (slot->type == OBJECT_SESSION && slot->koid == session->koid &&
            (slot->rights & RIGHT_CALL) != 0) {
            return;
        }
    }
    notice_add(session->badge, NOTICE_SESSION_CLOSED);
}

static int64_t object_bind(handle_t handle, bool is_bound, uint64_t key)
{
    struct slot *slot = slot_find(handle);
    if (slot != NULL && slot->type == OBJECT_TIMER) {
        slot->timer.is_bound = is_bound;
        slot->timer.key = key;
        return 0;
    }
    if (slot == NULL || slot->type != OBJECT_CHANNEL_RECEIVER) {
        return slot == NULL ? -EBADF : -ENOSYS;
    }
    slot->channel->is_bound = is_bound;
    slot->channel->key = key;
    if (is_bound && slot->channel->count > 0) {
        notice_add(key, SIGNAL_READABLE);
    }
    return 0;
}

static struct qy_result timer_make(void)
{
    return (struct qy_result){
        .status = (int64_t)slot_add(&(struct slot){
            .type = OBJECT_TIMER, .rights = RIGHTS_TIMER, .timer = {.deadline = DEADLINE_NEVER}})};
}

static int64_t timer_set(handle_t handle, time_ns_t deadline, uint64_t period_ns)
{
    struct slot *slot = slot_find(handle);
    if (slot == NULL || slot->type != OBJECT_TIMER) {
        return slot == NULL ? -EBADF : -EWRONG_TYPE;
    }
    slot->timer.deadline = deadline;
    slot->timer.period_ns = period_ns;
    return 0;
}

/* Tells of the timers whose time has come. */
static void timers_run(void)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct timer *timer = &host_state.slots[i].timer;
        if (host_state.slots[i].type == OBJECT_TIMER && timer->is_bound &&
            timer->deadline <= qy_host_now) {
            timer->deadline =
                timer->period_ns == 0 ? DEADLINE_NEVER : qy_host_now + (time_ns_t)timer->period_ns;
            notice_add(timer->key, SIGNAL_FIRED);
        }
    }
}

static int64_t handle_close(handle_t handle)
{
    struct slot *slot = slot_find(handle);
    if (slot == NULL) {
        return -EBADF;
    }
    if (slot->type == OBJECT_CHANNEL_SENDER) {
        slot->channel->has_sender = false;
        if (slot->channel->is_bound) {
            notice_add(slot->channel->key, SIGNAL_PEER_CLOSED);
        }
    } else if (slot->type == OBJECT_CHANNEL_RECEIVER) {
        slot->channel->has_receiver = slot->channel->is_bound = false;
    }
    bool is_session = slot->type == OBJECT_SESSION && slot->server != NULL;
    slot->type = OBJECT_NONE;
    if (is_session && (slot->rights & RIGHT_CALL) != 0) {
        session_closed(slot);
    }
    return 0;
}

static struct call *call_find(uint64_t token)
{
    for (uint32_t i = 1; token != 0 && i <= host_state.side; i++) {
        if (host_state.calls[i].token == token) {
            return &host_state.calls[i];
        }
    }
    return NULL;
}

static int64_t token_drop(uint64_t token)
{
    struct call *call = call_find(token);
    if (call == NULL) {
        return -ETOKEN_STALE;
    }
    call->token = 0;
    call->is_dropped = true;
    return 0;
}

/* --- ports --------------------------------------------------------------------------------- */

/* Whether anybody can receive from it. */
static bool port_is_open(koid_t koid)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &host_state.slots[i];
        if (slot->type == OBJECT_PORT && slot->koid == koid && (slot->rights & RIGHT_RECV) != 0) {
            return true;
        }
    }
    return false;
}

static struct qy_result session_create(handle_t port, uint64_t badge)
{
    struct slot *slot = slot_find(port);
    if (slot == NULL || (slot->rights & RIGHT_MINT) == 0) {
        return (struct qy_result){.status = slot == NULL ? -EBADF : -EACCES};
    }
    if (!port_is_open(slot->koid)) {
        return (struct qy_result){.status = -EPEER_DIED};
    }
    struct slot session = {.type = OBJECT_SESSION,
                           .rights = RIGHTS_SESSION & ~RIGHT_CALL,
                           .koid = host_state.next_koid++,
                           .port = slot->koid,
                           .server = slot->server,
                           .badge = badge};
    handle_t owner = slot_add(&session);
    session.rights = RIGHTS_SESSION;
    return (struct qy_result){.status = (int64_t)owner, .second = slot_add(&session)};
}

static int64_t object_wait(handle_t handle, uint64_t signals)
{
    const struct slot *slot = slot_find(handle);
    if (slot == NULL) {
        return -EBADF;
    }
    if (slot->type == OBJECT_SESSION && slot->port != 0 && !port_is_open(slot->port) &&
        (signals & SIGNAL_PEER_CLOSED) != 0) {
        return SIGNAL_PEER_CLOSED;
    }
    bool is_unheard = slot->type == OBJECT_CHANNEL_SENDER && !slot->channel->has_receiver;
    return is_unheard && (signals & SIGNAL_PEER_CLOSED) != 0 ? (int64_t)SIGNAL_PEER_CLOSED
                                                             : -ETIMEDOUT;
}

/* --- channels ------------------------------------------------------------------------------ */

handle_t qy_self_job(void)
{
    return HANDLE_INVALID;
}

static struct qy_result channel_create(uint64_t slots)
{
    for (uint32_t i = 0; i < CHANNELS && slots <= QY_EVENT_SLOTS; i++) {
        struct channel *channel = &host_state.channels[i];
        if (!channel->has_sender && !channel->has_receiver) {
            *channel = (struct channel){
                .slots = (uint32_t)slots, .has_sender = true, .has_receiver = true};
            struct slot sender = {
                .type = OBJECT_CHANNEL_SENDER, .rights = RIGHTS_CHANNEL_SENDER, .channel = channel};
            struct slot receiver = {.type = OBJECT_CHANNEL_RECEIVER,
                                    .rights = RIGHTS_CHANNEL_RECEIVER,
                                    .channel = channel};
            return (struct qy_result){(int64_t)slot_add(&sender), slot_add(&receiver), 0};
        }
    }
    return (struct qy_result){.status = -ENOMEM};
}

int64_t qy_channel_send(handle_t sender, const struct qy_message *message)
{
    struct slot *slot = slot_find(sender);
    if (slot == NULL || slot->type != OBJECT_CHANNEL_SENDER) {
        return -EBADF;
    }
    struct channel *channel = slot->channel;
    if (!channel->has_receiver || channel->count == channel->slots) {
        return channel->has_receiver ? -EAGAIN : -EPEER_DIED;
    }
    uint32_t place = (channel->first + channel->count++) % channel->slots;
    channel->messages[place] = *message;
    memcpy(channel->payloads[place], qy_buffer()->payload, IPC_PAYLOAD_MAX);
    if (channel->is_bound && channel->count == 1) {
        notice_add(channel->key, SIGNAL_READABLE);
    }
    return 0;
}

int64_t qy_channel_receive(handle_t receiver, struct qy_message *message)
{
    struct slot *slot = slot_find(receiver);
    if (slot == NULL || slot->type != OBJECT_CHANNEL_RECEIVER) {
        return -EBADF;
    }
    struct channel *channel = slot->channel;
    if (channel->count == 0) {
        return channel->has_sender ? -EAGAIN : -EPEER_DIED;
    }
    *message = channel->messages[channel->first];
    memcpy(qy_buffer()->payload, channel->payloads[channel->first], IPC_PAYLOAD_MAX);
    channel->first = (channel->first + 1) % channel->slots;
    channel->count--;
    return 0;
}

const struct message_lease *qy_host_lent(uint32_t index)
{
    return &host_state.calls[host_state.side].leases[index];
}

static struct qy_result lease_info(uint64_t token, uint64_t index)
{
    const struct call *call = call_find(token);
    if (call == NULL) {
        return (struct qy_result){.status = -ETOKEN_STALE};
    }
    if (index >= call->lease_count) {
        return (struct qy_result){.status = -EINVAL};
    }
    const struct message_lease *lease = &call->leases[index];
    return (struct qy_result){0, lease->size, lease->flags};
}

/* Caller and server share their memory. */
static int64_t lease_copy(uint64_t number, uint64_t token, uint64_t index, uint64_t offset,
                          uint64_t address, uint64_t size)
{
    struct qy_result info = lease_info(token, index);
    if (info.status < 0) {
        return info.status;
    }
    if ((info.third & (number == SYS_lease_read ? LEASE_READ : LEASE_WRITE)) == 0) {
        return -EACCES;
    }
    if (offset > info.second || size > info.second - offset) {
        return -ERANGE;
    }
    if (qy_host_lease_fault > 0 && --qy_host_lease_fault == 0) {
        return -EPAGER;
    }
    void *ours = (void *)(uintptr_t)address;
    void *lent = (void *)(uintptr_t)(call_find(token)->leases[index].address + offset);
    memcpy(number == SYS_lease_read ? ours : lent, number == SYS_lease_read ? lent : ours, size);
    return (int64_t)size;
}

struct qy_result qy_syscall_full(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                 uint64_t e, uint64_t f)
{
    switch (number) {
    case SYS_handle_close:
        return (struct qy_result){.status = handle_close(a)};
    case SYS_handle_dup:
        return handle_dup(a, (rights_t)b);
    case SYS_handle_info:
        return handle_info(a);
    case SYS_token_drop:
        return (struct qy_result){.status = token_drop(b)};
    case SYS_channel_create:
        return channel_create(b);
    case SYS_port_notify:
        notice_add(0, b);
        return (struct qy_result){0};
    case SYS_timer_create:
        return timer_make();
    case SYS_timer_set:
        return (struct qy_result){.status = timer_set(a, (time_ns_t)b, c)};
    case SYS_port_bind:
        return (struct qy_result){.status = object_bind(b, true, d)};
    case SYS_port_unbind:
        return (struct qy_result){.status = object_bind(b, false, 0)};
    case SYS_session_create:
        return session_create(a, b);
    case SYS_object_wait:
        return (struct qy_result){.status = object_wait(a, b)};
    case SYS_lease_info:
        return lease_info(b, c);
    case SYS_lease_read:
    case SYS_lease_write:
        return (struct qy_result){.status = lease_copy(number, b, c, d, e, f)};
    case SYS_clock_read:
        return (struct qy_result){.status = qy_host_now};
    default:
        return (struct qy_result){.status = -ENOSYS};
    }
}

/* --- the transport ------------------------------------------------------------------------- */

/* Checks a message's handles, then moves them and its payload from one side to the other. */
static int64_t transfer(const struct qy_message *message, uint32_t from, uint32_t to)
{
    const struct message_buffer *source = &host_state.buffers[from];
    struct message_buffer *target = &host_state.buffers[to];
    uint32_t count = IPC_HEADER_HANDLES(message->header);
    uint32_t length = IPC_HEADER_LENGTH(message->header);
    if (count > IPC_HANDLES_MAX || length > IPC_PAYLOAD_MAX) {
        return -EMSGSIZE;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (slot_find(source->handles[i].handle) == NULL) {
            return -EBADF;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct message_handle sent = source->handles[i];
        struct slot slot = *slot_find(sent.handle);
        if (sent.operation == HANDLE_MOVE) {
            slot_find(sent.handle)->type = OBJECT_NONE;
        }
        slot.rights &= sent.rights;
        target->handles[i] = (struct message_handle){
            .handle = slot_add(&slot), .rights = slot.rights, .type = (uint16_t)slot.type};
    }
    if (length > IPC_REGISTER_BYTES) {
        memcpy(target->payload, source->payload, length);
    }
    return 0;
}

/* What the server's loop does with a call, until it is answered or given up. */
static int64_t server_run(const struct slot *session, struct qy_message *message, uint64_t token)
{
    struct qy_request request = {
        .in = {.badge = session->badge, .sender_job = 1, .token = token, .message = *message},
        .server = session->server,
        .handlers = session->server->handlers,
    };
    int64_t status = qy_server_dispatch(session->server)(&request);
    if (status != 0) {
        qy_request_fail(&request, status);
    }
    if (request.in.token != 0) {
        return qy_port_reply(session->server->port, token, &request.in.message);
    }
    struct call *call = &host_state.calls[host_state.side];
    if (call->token != 0 && qy_host_idle != NULL) {
        qy_host_idle();
    }
    if (call->token != 0) {
        uint32_t before = session->server->deferred;
        if (session->server->cancelled != NULL) {
            session->server->cancelled(session->server, token);
        }
        if (session->server->deferred == before) {
            qy_fatal("a call that was put off was forgotten");
        }
        call->token = 0;
        return -ETIMEDOUT;
    }
    return 0;
}

int64_t qy_port_call(handle_t handle, struct qy_message *message, time_ns_t deadline)
{
    struct slot *found = slot_find(handle);
    qy_host_deadline = deadline;
    if (found == NULL || found->type != OBJECT_SESSION) {
        return found == NULL ? -EBADF : -EWRONG_TYPE;
    }
    if (host_state.side + 1 == SIDES) {
        abort(); /* servers that call each other without end */
    }
    if (deadline <= qy_host_now) {
        return -ETIMEDOUT;
    }
    struct slot session = *found;
    if (session.port != 0 && !port_is_open(session.port)) {
        return -EPEER_DIED;
    }
    int64_t status = transfer(message, host_state.side, host_state.side + 1);
    if (status < 0) {
        return status;
    }
    host_state.side++;
    uint64_t token = host_state.next_token++;
    struct call *call = &host_state.calls[host_state.side];
    *call = (struct call){.token = token, .lease_count = IPC_HEADER_LEASES(message->header)};
    memcpy(call->leases, host_state.buffers[host_state.side - 1].leases, sizeof call->leases);
    if (session.wire != NULL) {
        session.wire(session.context, message);
        status = qy_port_reply(0, token, message);
    } else {
        status = server_run(&session, message, token);
    }
    host_state.side--;
    if (status >= 0 && call->is_dropped) {
        status = -ETOKEN_DROPPED;
    }
    *message = call->answer;
    return status;
}

int64_t qy_syscall_call(handle_t session, uint64_t header, time_ns_t deadline, uint64_t words[8])
{
    struct qy_message message = {.header = header};
    memcpy(message.words, words, sizeof message.words);
    int64_t status = qy_port_call(session, &message, deadline);
    memcpy(words, message.words, sizeof message.words);
    return status < 0 ? status : (int64_t)message.header;
}

struct qy_short_answer qy_port_call_short(handle_t session, uint64_t word_0, uint64_t word_1,
                                          time_ns_t deadline, uint64_t header)
{
    struct qy_message message = {.header = header, .words = {word_0, word_1}};
    int64_t status = qy_port_call(session, &message, deadline);
    return (struct qy_short_answer){status < 0 ? status : (int64_t)message.header,
                                    message.words[0]};
}

int64_t qy_port_reply(handle_t port, uint64_t token, const struct qy_message *message)
{
    (void)port;
    struct call *call = call_find(token);
    if (call == NULL) {
        return -ETOKEN_STALE;
    }
    uint32_t caller = (uint32_t)(call - host_state.calls) - 1;
    int64_t status = transfer(message, host_state.side, caller);
    if (status < 0) {
        return status;
    }
    call->token = 0;
    call->answer = *message;
    return 0;
}

int64_t qy_port_serve(handle_t port, struct qy_request *io, time_ns_t deadline,
                      int64_t (*dispatch)(struct qy_request *io))
{
    (void)port;
    (void)dispatch;
    timers_run();
    if (host_state.notice_count == 0) {
        return deadline == 0 ? -ETIMEDOUT : -ENOSYS; /* for calls the test is the loop */
    }
    struct notice notice = host_state.notices[0];
    host_state.notice_count--;
    memmove(host_state.notices, host_state.notices + 1,
            host_state.notice_count * sizeof host_state.notices[0]);
    io->in = (struct qy_received){.badge = notice.key};
    io->in.message.words[0] = notice.signals;
    return RECEIVED_NOTICE;
}
