/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define BADGE      0x1234567890abcdef
#define METHOD_ADD 7u

/* A port with a session, and a client thread that makes one call. */
struct line {
    handle_t port, owner, session;
    struct qy_message message;
    time_ns_t deadline;
    int64_t status;
    struct qy_thread *thread;
};

static void line_open(struct line *line, uint32_t tokens)
{
    int64_t port = qy_port_create(qy_self_job(), tokens);
    struct qy_result session = qy_session_create((handle_t)port, BADGE, 0);
    *line = (struct line){.port = (handle_t)port,
                          .owner = (handle_t)session.status,
                          .session = session.second,
                          .deadline = qy_deadline_after(PATIENT)};
    tap_ok(port > 0 && session.status > 0, "a port and a session");
}

static void line_close(struct line *line)
{
    discard((int64_t)line->session);
    discard((int64_t)line->owner);
    discard((int64_t)line->port);
}

static void caller(void *argument)
{
    struct line *line = argument;
    line->status = qy_port_call(line->session, &line->message, line->deadline);
}

static void call_start(struct line *line, uint32_t method, uint32_t bytes)
{
    line->message.header = IPC_HEADER(method, bytes, 0);
    for (uint64_t i = 0; i < IPC_REGISTER_WORDS; i++) {
        line->message.words[i] = 100 + i;
    }
    if (qy_thread_create(caller, line, 0, &line->thread) < 0) {
        tap_ok(false, "a thread that calls");
    }
}

static void call_end(struct line *line, int64_t expected, const char *what)
{
    int error = qy_thread_join(line->thread, qy_deadline_after(PATIENT));
    tap_ok(error == 0, "the caller ends");
    tap_equal(line->status, expected, "%s", what);
}

static int64_t receive(struct line *line, struct qy_received *io)
{
    return qy_port_reply_receive(line->port, io, qy_deadline_after(PATIENT));
}

static void test_call(void)
{
    struct line line;
    line_open(&line, 4);
    call_start(&line, METHOD_ADD, 64);
    struct qy_received io = {0};
    tap_equal(receive(&line, &io), RECEIVED_CALL, "a call is received");
    tap_equal((int64_t)io.badge, (int64_t)BADGE, "with the session's badge");
    tap_ok(io.token != 0 && io.sender_job != 0, "a token and the sender's job");
    tap_ok(io.message.header == IPC_HEADER(METHOD_ADD, 64, 0), "its header");
    bool is_ok = true;
    for (uint64_t i = 0; i < IPC_REGISTER_WORDS; i++) {
        is_ok &= io.message.words[i] == 100 + i;
        io.message.words[i] += 1000;
    }
    tap_ok(is_ok, "and all eight words");
    io.message.header = IPC_HEADER(3, 64, 0);
    tap_equal(qy_port_reply(line.port, io.token, &io.message), 0, "port_reply");
    call_end(&line, 0, "the answer comes");
    is_ok = line.message.header == IPC_HEADER(3, 64, 0);
    for (uint64_t i = 0; i < IPC_REGISTER_WORDS; i++) {
        is_ok &= line.message.words[i] == 1100 + i;
    }
    tap_ok(is_ok, "with the server's header and words");
    tap_equal(qy_port_reply(line.port, io.token, &io.message), -ETOKEN_STALE,
              "a token is good once");
    tap_equal(qy_token_drop(line.port, io.token), -ETOKEN_STALE, "and cannot be dropped then");
    line_close(&line);
}

static void test_order(void)
{
    struct line line, second;
    line_open(&line, 4);
    second = line;
    call_start(&line, 1, 8);
    struct qy_received first_io = {0}, second_io = {0};
    tap_equal(receive(&line, &first_io), RECEIVED_CALL, "a first call");
    call_start(&second, 2, 8);
    tap_equal(receive(&line, &second_io), RECEIVED_CALL, "a second before its answer");
    second_io.message.words[0] = 22;
    tap_equal(qy_port_reply(line.port, second_io.token, &second_io.message), 0,
              "answered in another order");
    call_end(&second, 0, "the second has its answer");
    first_io.message.words[0] = 11;
    tap_equal(qy_port_reply(line.port, first_io.token, &first_io.message), 0, "then the first");
    call_end(&line, 0, "and it too");
    tap_ok(line.message.words[0] == 11 && second.message.words[0] == 22, "each its own");
    line_close(&line);
}

static void test_drop_and_deadline(void)
{
    struct line line;
    line_open(&line, 4);
    call_start(&line, 1, 0);
    struct qy_received io = {0};
    tap_equal(receive(&line, &io), RECEIVED_CALL, "a call");
    tap_equal(qy_token_drop(line.port, io.token), 0, "token_drop");
    call_end(&line, -ETOKEN_DROPPED, "its caller is told");

    line.deadline = qy_deadline_after(SHORTLY);
    call_start(&line, 1, 0);
    call_end(&line, -ETIMEDOUT, "a call that nobody receives ends at its deadline");
    io = (struct qy_received){0};
    tap_equal(qy_port_reply_receive(line.port, &io, DEADLINE_POLL), -ETIMEDOUT,
              "and is not received after it");

    line.deadline = qy_deadline_after(SHORTLY);
    call_start(&line, 1, 0);
    io = (struct qy_received){0};
    tap_equal(receive(&line, &io), RECEIVED_CALL, "a call that is received");
    uint64_t token = io.token;
    call_end(&line, -ETIMEDOUT, "and not answered ends at its deadline too");
    io = (struct qy_received){0};
    tap_equal(receive(&line, &io), RECEIVED_NOTICE, "the server is told");
    tap_ok(io.badge == token && (io.message.words[0] & NOTICE_CALL_CANCELLED) != 0,
           "which token has lost its caller");
    tap_equal(qy_port_reply(line.port, token, &io.message), -ETOKEN_STALE, "the answer is late");
    line_close(&line);
}

static void test_notices(void)
{
    struct line line;
    line_open(&line, 4);
    struct qy_received io = {0};
    tap_equal(qy_port_notify(line.port, 5), 0, "port_notify");
    tap_equal(qy_port_notify(line.port, 8), 0, "twice");
    tap_equal(receive(&line, &io), RECEIVED_NOTICE, "is one notice");
    tap_ok(io.badge == 0 && io.message.words[0] == 13, "with the bits of both");

    int64_t event = qy_event_create(qy_self_job());
    tap_equal(qy_port_bind(line.port, (handle_t)event, SIGNAL_USER, 77), 0, "port_bind");
    tap_equal(qy_port_bind(line.port, (handle_t)event, SIGNAL_USER, 78), -EEXIST, "once");
    (void)qy_event_signal((handle_t)event, 0, 1);
    io = (struct qy_received){0};
    tap_equal(receive(&line, &io), RECEIVED_NOTICE, "a signal is a notice");
    tap_ok(io.badge == 77 && (io.message.words[0] & SIGNAL_USER) != 0, "with the key given");
    tap_equal(qy_port_unbind(line.port, (handle_t)event), 0, "port_unbind");
    (void)qy_event_signal((handle_t)event, 1, 0);
    (void)qy_event_signal((handle_t)event, 0, 1);
    io = (struct qy_received){0};
    tap_equal(qy_port_reply_receive(line.port, &io, DEADLINE_POLL), -ETIMEDOUT, "no more notices");
    discard(event);

    int64_t timer = qy_timer_create(qy_self_job());
    tap_equal(qy_port_bind(line.port, (handle_t)timer, SIGNAL_FIRED, 5), 0, "a timer bound");
    (void)qy_timer_set((handle_t)timer, qy_deadline_after(QY_MILLISECOND), 0, 0);
    tap_equal(receive(&line, &io), RECEIVED_NOTICE, "fires into the port");
    tap_equal((int64_t)io.badge, 5, "with its key");
    discard(timer);
    line_close(&line);
}

static void test_session_end(void)
{
    struct line line;
    line_open(&line, 4);
    int64_t copy = qy_handle_dup(line.session, RIGHTS_SAME);
    discard((int64_t)line.session);
    struct qy_received io = {0};
    tap_equal(qy_port_reply_receive(line.port, &io, DEADLINE_POLL), -ETIMEDOUT,
              "a session lives while there is a client's handle");
    discard(copy);
    discard((int64_t)line.owner);
    tap_equal(receive(&line, &io), RECEIVED_NOTICE, "its end is a notice");
    tap_ok(io.badge == BADGE && (io.message.words[0] & NOTICE_SESSION_CLOSED) != 0,
           "with its badge");
    tap_equal(qy_port_reply_receive(line.port, &io, DEADLINE_POLL), -ETIMEDOUT, "exactly once");

    struct qy_result session = qy_session_create(line.port, 9, 0);
    tap_equal(qy_handle_revoke((handle_t)session.status), 0, "the server ends a session");
    struct qy_message message = {.header = IPC_HEADER(1, 0, 0)};
    tap_equal(qy_port_call(session.second, &message, DEADLINE_NEVER), -EREVOKED,
              "the client is told");
    discard((int64_t)session.second);
    discard(session.status);
    discard((int64_t)line.port);
}

static void test_handle_transfer(void)
{
    struct message_buffer *buffer = qy_buffer();
    tap_ok(buffer != NULL, "a message buffer");
    int64_t port = qy_port_create(qy_self_job(), 4);
    struct qy_result session = qy_session_create((handle_t)port, BADGE, 0);
    const struct qy_spawn_handle handles[] = {
        {session.second, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_SESSION, 0, NULL}};
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("sender", 0, qy_self_job(), handles, 1, &child), 0, "a child that sends");

    struct qy_received io = {0};
    time_ns_t deadline = qy_deadline_after(PATIENT);
    tap_equal(qy_port_reply_receive((handle_t)port, &io, deadline), RECEIVED_CALL, "its call");
    tap_equal(IPC_HEADER_LENGTH(io.message.header), 4096, "with 4096 bytes");
    bool is_ok = true;
    for (uint32_t i = 0; i < IPC_PAYLOAD_MAX; i++) {
        is_ok &= buffer->payload[i] == (uint8_t)(i * 7);
        buffer->payload[i] = (uint8_t)(i * 3);
    }
    tap_ok(is_ok, "all of them right");
    tap_equal(IPC_HEADER_HANDLES(io.message.header), 2, "and two handles");
    struct message_handle moved = buffer->handles[0], copied = buffer->handles[1];
    tap_ok(moved.type == OBJECT_EVENT && moved.operation == HANDLE_MOVE &&
               copied.operation == HANDLE_COPY,
           "the kernel says what they are");
    tap_equal(copied.rights, RIGHT_WAIT | RIGHT_TRANSFER, "the rights asked for");
    tap_equal((int64_t)qy_handle_info(copied.handle).second, RIGHT_WAIT | RIGHT_TRANSFER,
              "and no more");
    tap_equal((int64_t)qy_handle_info(moved.handle).third,
              (int64_t)qy_handle_info(copied.handle).third, "of one object");
    (void)qy_event_signal(moved.handle, 0, 64);
    buffer->handles[0] = (struct message_handle){.handle = moved.handle, .rights = RIGHTS_SAME};
    io.message.header = IPC_HEADER(0, 4096, 1);
    tap_equal(qy_port_reply((handle_t)port, io.token, &io.message), 0, "one goes back");
    tap_equal(qy_handle_info(moved.handle).status, -EBADF, "and is no longer ours");
    tap_equal(qy_object_wait(child, SIGNAL_EXITED, deadline), SIGNAL_EXITED, "the child ends");
    tap_equal((int64_t)qy_process_info(child).second, 0, "content with what it got");
    discard((int64_t)copied.handle);
    discard((int64_t)child);
    discard((int64_t)session.second);
    discard(session.status);
    discard(port);
}

/* Serves one call, by calling `session`; answers with what came of that. */
static void relay(void *argument)
{
    struct line *line = argument;
    struct qy_received io = {0};
    if (qy_port_reply_receive(line->port, &io, line->deadline) == RECEIVED_CALL) {
        struct qy_message message = {.header = IPC_HEADER(METHOD_ADD, 8, 0)};
        io.message.words[0] = (uint64_t)qy_port_call(line->session, &message, line->deadline);
        (void)qy_port_reply(line->port, io.token, &io.message);
    }
}

static void test_ring(void)
{
    struct line ours;
    struct line theirs;
    line_open(&ours, 4);
    line_open(&theirs, 4);
    struct qy_received io = {0};
    (void)qy_port_reply_receive(ours.port, &io, DEADLINE_POLL); /* now we serve it */
    struct qy_message message = {.header = IPC_HEADER(METHOD_ADD, 8, 0)};
    tap_equal(qy_port_call(ours.session, &message, ours.deadline), -EDEADLK,
              "a call to a port that only the caller serves");
    struct line line = theirs;
    line.session = ours.session;
    tap_equal(qy_thread_create(relay, &line, 0, &line.thread), 0, "a server that calls back");
    tap_equal(qy_port_call(theirs.session, &message, ours.deadline), 0, "answers");
    tap_equal((int64_t)message.words[0], -EDEADLK, "that it could not");
    tap_equal(qy_thread_join(line.thread, line.deadline), 0, "and ends");
    line_close(&theirs);
    line_close(&ours);
}

void test_ports(void)
{
    test_call();
    test_order();
    test_drop_and_deadline();
    test_notices();
    test_session_end();
    test_ring();
    test_handle_transfer();
}
