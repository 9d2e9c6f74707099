/* SPDX-License-Identifier: MIT */
/* What runs in the children, by role. */
#include "systest.h"
#include <idl/probe.h>
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/server.h>
#include <quay/thread.h>

static int futex_child(void)
{
    void *view;
    if (qy_memory_map(qy_bootstrap_handle(BOOTSTRAP_MEMORY, "shared"), 0, PAGE_SIZE,
                      MAP_READ | MAP_WRITE, &view) < 0) {
        return 1;
    }
    return (int)qy_futex_wait(view, 0, qy_deadline_after(PATIENT));
}

static void spin(void *argument)
{
    for (;;) {
        __asm__ volatile("" : : "r"(argument));
    }
}

/* Computes in this thread and in as many others. */
static int spin_child(uint64_t others)
{
    while (others-- > 0) {
        struct qy_thread *thread;
        if (qy_thread_create(spin, NULL, 0, &thread) != 0) {
            return 1;
        }
    }
    spin(NULL);
    return 0;
}

static __attribute__((noinline)) int descend(uint64_t depth)
{
    volatile uint8_t room[512];
    room[0] = (uint8_t)depth;
    return depth == 0 ? 0 : descend(depth - 1) + room[0];
}

/* Sends 4096 bytes and two handles of one event; gets 4096 bytes and one of them back. */
static int sender_child(void)
{
    struct message_buffer *buffer = qy_buffer();
    int64_t event = qy_event_create(qy_self_job());
    int64_t second = qy_handle_dup((handle_t)event, RIGHTS_SAME);
    if (buffer == NULL || event < 0 || second < 0) {
        return 1;
    }
    for (uint32_t i = 0; i < IPC_PAYLOAD_MAX; i++) {
        buffer->payload[i] = (uint8_t)(i * 7);
    }
    buffer->handles[0] = (struct message_handle){
        .handle = (handle_t)second, .rights = RIGHTS_SAME, .operation = HANDLE_MOVE};
    buffer->handles[1] = (struct message_handle){
        .handle = (handle_t)event, .rights = RIGHT_WAIT | RIGHT_TRANSFER, .operation = HANDLE_COPY};
    struct qy_message message = {.header = IPC_HEADER(1, IPC_PAYLOAD_MAX, 2)};
    if (qy_port_call(qy_bootstrap_handle(BOOTSTRAP_SESSION, NULL), &message,
                     qy_deadline_after(PATIENT)) != 0) {
        return 2;
    }
    if (qy_handle_info((handle_t)second).status != -EBADF) {
        return 3; /* moved, so no longer ours */
    }
    if (IPC_HEADER_HANDLES(message.header) != 1 ||
        qy_handle_info(buffer->handles[0].handle).status != OBJECT_EVENT) {
        return 4;
    }
    if (qy_event_wait((handle_t)event, 64, 1, DEADLINE_POLL).second != 64) {
        return 5; /* signalled through what we sent */
    }
    for (uint32_t i = 0; i < IPC_PAYLOAD_MAX; i++) {
        if (buffer->payload[i] != (uint8_t)(i * 3)) {
            return 6;
        }
    }
    return 0;
}

/* --- a server ------------------------------------------------------------------------------ */

static struct qy_pending deferred;
static uint64_t noted_sum;

static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    (void)request;
    if (__builtin_add_overflow(a, b, ret_sum)) {
        return QY_PROBE_FAILURE_TOO_ODD;
    }
    return 0;
}

static int64_t later(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    (void)qy_port_notify(request->server->port, 1); /* ours, with all rights */
    return qy_defer(request, &deferred);
}

static int64_t total(struct qy_request *request, const uint8_t *data, uint32_t data_count,
                     uint64_t *ret_sum)
{
    (void)request;
    for (uint32_t i = 0; i < data_count; i++) {
        *ret_sum += data[i];
    }
    return 0;
}

/* Signals the event that it was given, and keeps nothing. */
static int64_t give(struct qy_request *request, handle_t *event, bool keep, handle_t *spare,
                    bool *ret_has_spare)
{
    (void)request;
    (void)keep;
    *ret_has_spare = *spare != HANDLE_INVALID;
    (void)qy_event_signal(*event, 0, 4); /* the test looks */
    return 0;
}

/* Gives it back, with what rights the interface lets it have. */
static int64_t lend(struct qy_request *request, handle_t *event, handle_t *ret_event)
{
    (void)request;
    *ret_event = qy_take(event);
    return 0;
}

static int64_t copy(struct qy_request *request, const struct qy_lease *source, uint64_t offset,
                    const struct qy_lease *target, uint64_t *ret_size)
{
    (void)request;
    static uint8_t bytes[16384];
    if (offset > source->size || source->size - offset > sizeof bytes) {
        return QY_PROBE_FAILURE_MISSING;
    }
    *ret_size = source->size - offset;
    bool is_copied = qy_lease_get(source, offset, bytes, *ret_size) == 0 &&
                     qy_lease_put(target, 0, bytes, *ret_size) == 0;
    return is_copied ? 0 : QY_PROBE_FAILURE_TOO_ODD;
}

static void note(struct qy_request *request, uint32_t number)
{
    noted_sum += number;
    qy_probe_changed_send(request->server, number);
}

static int64_t slow(struct qy_request *request)
{
    if (qy_is_pending(&deferred)) {
        return qy_pending_refuse(request->server, &deferred, EBAD_MESSAGE);
    }
    return qy_defer(request, &deferred); /* for ever: its caller has a deadline */
}

static int64_t greet(struct qy_request *request, const char *name, qy_probe_color_t color,
                     char *ret_text)
{
    (void)request;
    (void)qy_snprintf(ret_text, 41, "%s %u %lu", name, color, noted_sum); /* fits */
    return 0;
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)key;
    (void)signals;
    (void)qy_probe_later_answer(server, &deferred, 77);
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    (void)qy_pending_cancel(server, &deferred, token);
}

static int server_child(void)
{
    static const struct qy_probe_handlers handlers = {
        .add = add,
        .later = later,
        .total = total,
        .give = give,
        .lend = lend,
        .note = note,
        .slow = slow,
        .copy = copy,
        .greet = greet,
    };
    static struct qy_subscriber subscribers[2];
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_probe_dispatch,
        .handlers = &handlers,
        .subscribers = subscribers,
        .subscriber_max = 2,
        .notice = notice,
        .cancelled = cancelled,
    };
    (void)qy_buffer(); /* or long calls are refused, which the test sees */
    return (int)qy_server_run(&server);
}

int child_main(const char *role, uint64_t number)
{
    if (qy_streq(role, "exit")) {
        return (int)number;
    }
    if (qy_streq(role, "spin")) {
        for (;;) {
            __asm__ volatile("pause");
        }
    }
    if (qy_streq(role, "sleep")) {
        return (int)qy_thread_sleep(DEADLINE_NEVER);
    }
    if (qy_streq(role, "spin")) {
        return spin_child(number);
    }
    if (qy_streq(role, "debugged")) {
        return debugged_child();
    }
    if (qy_streq(role, "fault")) {
        *(volatile uint8_t *)0x20 = 1; /* SAFETY: meant to fault */
        return 0;
    }
    if (qy_streq(role, "stack")) {
        return descend(1000000);
    }
    if (qy_streq(role, "futex")) {
        return futex_child();
    }
    if (qy_streq(role, "sender")) {
        return sender_child();
    }
    if (qy_streq(role, "server")) {
        return server_child();
    }
    if (qy_streq(role, "pair")) {
        return pair_child(number);
    }
    if (qy_streq(role, "fpu")) {
        return fpu_child(number);
    }
    if (qy_streq(role, "fpu-pays")) {
        return fpu_paying_child();
    }
    if (qy_streq(role, "fpu-poor")) {
        return fpu_poor_child();
    }
    return 99;
}
