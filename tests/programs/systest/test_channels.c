/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/thread.h>

#define STREAM 2000u

static void test_queue(void)
{
    struct qy_result made = qy_channel_create(qy_self_job(), 2, 64, 0);
    tap_ok(made.status > 0, "channel_create");
    handle_t sender = (handle_t)made.status, receiver = made.second;
    struct qy_message message = {.header = IPC_HEADER(3, 64, 0), .words = {1, 2, 3, 4, 5, 6, 7, 8}};
    tap_equal(qy_channel_receive(receiver, &message), -EAGAIN, "nothing in it yet");
    message =
        (struct qy_message){.header = IPC_HEADER(3, 64, 0), .words = {1, 2, 3, 4, 5, 6, 7, 8}};
    tap_equal(qy_channel_send(sender, &message), 0, "channel_send");
    tap_equal(qy_channel_send(sender, &message), 0, "twice");
    tap_equal(qy_channel_send(sender, &message), -EAGAIN, "then it is full");
    struct qy_message got = {0};
    tap_equal(qy_channel_receive(receiver, &got), 0, "channel_receive");
    bool is_same = got.header == message.header;
    for (unsigned i = 0; i < IPC_REGISTER_WORDS; i++) {
        is_same &= got.words[i] == message.words[i];
    }
    tap_ok(is_same, "gives what was sent");
    discard((int64_t)sender);
    tap_equal(qy_channel_receive(receiver, &got), 0, "the last message outlives the sender");
    tap_equal(qy_channel_receive(receiver, &got), -EPEER_DIED, "and then there are no more");
    discard((int64_t)receiver);
}

static void streamer(void *argument)
{
    handle_t sender = *(const handle_t *)argument;

    for (uint64_t i = 0; i < STREAM; i++) {
        struct qy_message message = {.header = IPC_HEADER(1, 8, 0), .words = {i}};
        while (qy_channel_send(sender, &message) == -EAGAIN) {
            (void)qy_object_wait(sender, SIGNAL_WRITABLE, qy_deadline_after(PATIENT));
        }
    }
    discard((int64_t)sender);
}

/* One thread fills, the other empties, on as many CPUs as there are. */
static void test_stream(void)
{
    struct qy_result made = qy_channel_create(qy_self_job(), 7, 8, 0);
    handle_t sender = (handle_t)made.status;
    struct qy_thread *thread;
    tap_equal(qy_thread_create(streamer, &sender, 0, &thread), 0, "a thread that streams");
    struct qy_message message;
    uint64_t expected = 0;
    time_ns_t deadline = qy_deadline_after(PATIENT);
    int64_t status;
    while ((status = qy_channel_receive_wait(made.second, &message, deadline)) == 0 &&
           message.words[0] == expected) {
        expected++;
    }
    tap_equal((int64_t)expected, STREAM, "all messages, in order");
    tap_equal(status, -EPEER_DIED, "then the end");
    tap_equal(qy_thread_join(thread, deadline), 0, "it ends");
    discard((int64_t)made.second);
}

static void test_channel_handles(void)
{
    struct message_buffer *buffer = qy_buffer();
    struct qy_result made = qy_channel_create(qy_self_job(), 2, 4096, 2);
    handle_t sender = (handle_t)made.status;
    int64_t event = qy_event_create(qy_self_job());
    for (unsigned i = 0; i < IPC_PAYLOAD_MAX; i++) {
        buffer->payload[i] = (uint8_t)(i * 5);
    }
    buffer->handles[0] = (struct message_handle){
        .handle = (handle_t)event, .rights = RIGHT_WAIT | RIGHT_SIGNAL, .operation = HANDLE_COPY};
    buffer->handles[1] =
        (struct message_handle){.handle = sender, .rights = RIGHTS_SAME, .operation = HANDLE_COPY};
    struct qy_message message = {.header = IPC_HEADER(1, 4096, 2)};
    tap_equal(qy_channel_send(sender, &message), -EPERM, "a channel carries no channels");
    message.header = IPC_HEADER(1, 4096, 1);
    tap_equal(qy_channel_send(sender, &message), 0, "but events");
    memset(buffer->payload, 0, IPC_PAYLOAD_MAX);
    tap_equal(qy_channel_receive(made.second, &message), 0, "they arrive");
    bool is_same = true;
    for (unsigned i = 0; i < IPC_PAYLOAD_MAX; i++) {
        is_same &= buffer->payload[i] == (uint8_t)(i * 5);
    }
    tap_ok(is_same, "with 4096 bytes");
    tap_equal((int64_t)qy_handle_info(buffer->handles[0].handle).second, RIGHT_WAIT | RIGHT_SIGNAL,
              "and the rights asked for");
    discard((int64_t)buffer->handles[0].handle);
    discard(event);
    discard((int64_t)sender);
    discard((int64_t)made.second);
}

void test_channels(void)
{
    test_queue();
    test_stream();
    test_channel_handles();
}
