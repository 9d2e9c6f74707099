/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include <quay/abi/ipc.h>
#include <string.h>
#include "mm/inject.h"
#include "sched/thread.h"

struct ends {
    handle_t sender, receiver;
};

static struct ends channel(struct fake_thread *t, uint64_t slots, uint64_t payload,
                           uint64_t handles)
{
    struct ends ends = {.sender = MAKE(t, SYS_channel_create, job(), slots, payload, handles)};

    ends.receiver = fake_result2(t);
    return ends;
}

static int64_t send_word(struct fake_thread *t, handle_t sender, uint64_t header, uint64_t word)
{
    const struct fake_registers registers = {
        .rax = SYS_channel_send, .rdi = sender, .rsi = header, .rbx = word, .r9 = ~word};

    fake_request_call(t, &registers);
    return fake_wait(t);
}

static int64_t receive(struct fake_thread *t, handle_t receiver)
{
    const struct fake_registers registers = {.rax = SYS_channel_receive, .rdi = receiver};

    fake_request_call(t, &registers);
    return fake_wait(t);
}

static signals_t signals_of(struct fake_thread *t, handle_t handle)
{
    int64_t result = fake_call(t, SYS_object_wait, handle, 0xffu, DEADLINE_POLL);

    return result < 0 ? 0 : (signals_t)result;
}

static struct message_buffer *buffer(struct fake_thread *t)
{
    if (t->thread->buffer == NULL) {
        (void)MAKE(t, SYS_thread_buffer, 0);
    }
    return t->thread->buffer;
}

static int64_t send_handle(struct fake_thread *t, handle_t sender, handle_t handle, rights_t rights,
                           uint16_t operation)
{
    buffer(t)->handles[0] = (struct message_handle){handle, rights, operation, 0};
    return send_word(t, sender, IPC_HEADER(1, 8, 1), 5);
}

static void test_channel_messages_arrive_in_order(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 3, 64, 0);

    (void)state;
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(send_word(t, ends.sender, IPC_HEADER(7 + i, 64, 0), round * 10 + i),
                             0);
        }
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(receive(t, ends.receiver), 0);
            assert_int_equal(t->registers.rbx, round * 10 + i);
            assert_int_equal(t->registers.r9, ~(round * 10 + i));
            assert_int_equal(t->registers.rsi, IPC_HEADER(7 + i, 64, 0));
            assert_int_equal(t->registers.rdx, t->thread->job_koid);
        }
    }
}

static void test_channel_full_and_empty_say_so(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 0);

    (void)state;
    assert_int_equal(signals_of(t, ends.sender), SIGNAL_WRITABLE);
    assert_int_equal(signals_of(t, ends.receiver), 0);
    assert_int_equal(receive(t, ends.receiver), -EAGAIN);
    assert_int_equal(send_word(t, ends.sender, 0, 1), 0);
    assert_int_equal(signals_of(t, ends.receiver), SIGNAL_READABLE);
    assert_int_equal(signals_of(t, ends.sender), SIGNAL_WRITABLE);
    assert_int_equal(send_word(t, ends.sender, 0, 2), 0);
    assert_int_equal(signals_of(t, ends.sender), 0);
    assert_int_equal(send_word(t, ends.sender, 0, 3), -EAGAIN);
    assert_int_equal(receive(t, ends.receiver), 0);
    assert_int_equal(signals_of(t, ends.sender), SIGNAL_WRITABLE);
    assert_int_equal(receive(t, ends.receiver), 0);
    assert_int_equal(t->registers.rbx, 2);
    assert_int_equal(signals_of(t, ends.receiver), 0);
}

static void test_channel_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 16, 1);

    (void)state;
    assert_int_equal(fake_call(t, SYS_channel_create, job(), 0, 8, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_channel_create, job(), 4097, 8, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_channel_create, job(), 1, 4097, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_channel_create, job(), 1, 8, 17), -EINVAL);
    assert_int_equal(fake_call(t, SYS_channel_create, job(), 64, 4096, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_channel_create, ends.sender, 1, 8, 0), -EWRONG_TYPE);
    assert_int_equal(send_word(t, ends.receiver, 0, 0), -EWRONG_TYPE);
    assert_int_equal(receive(t, ends.sender), -EWRONG_TYPE);
    assert_int_equal(send_word(t, with_rights(t, ends.sender, RIGHTS_BASIC), 0, 0), -EACCES);
    assert_int_equal(receive(t, with_rights(t, ends.receiver, RIGHTS_BASIC)), -EACCES);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 17, 0), 0), -EMSGSIZE);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 0, 1), 0), -ENO_BUFFER);
    (void)buffer(t);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 0, 2), 0), -EMSGSIZE);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 0, 1), 0), -EBADF);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 0, 0) | 1ul << 60, 0), -EINVAL);
    assert_int_equal(send_word(t, stale(t), 0, 0), -EBADF);
    assert_int_equal(receive(t, ends.receiver), -EAGAIN);
}

static void test_channel_long_payload_goes_through_the_buffer(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 4096, 0);

    (void)state;
    (void)buffer(t);
    memset(t->thread->buffer_payload, 0x5a, 4096);
    assert_int_equal(send_word(t, ends.sender, IPC_HEADER(1, 4096, 0), 0), 0);
    memset(t->thread->buffer_payload, 0, 4096);
    assert_int_equal(receive(t, ends.receiver), 0);
    for (unsigned i = 0; i < 4096; i++) {
        assert_int_equal(((uint8_t *)t->thread->buffer_payload)[i], 0x5a);
    }
    assert_int_equal(t->registers.rbx, 0);
}

static void test_channel_moves_a_handle_with_reduced_rights(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 1);
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(send_handle(t, ends.sender, event, RIGHT_WAIT, HANDLE_MOVE), 0);
    assert_int_equal(fake_call(t, SYS_handle_info, event), -EBADF);
    assert_int_equal(receive(t, ends.receiver), 0);
    assert_int_equal(buffer(t)->handles[0].type, OBJECT_EVENT);
    assert_int_equal(buffer(t)->handles[0].rights, RIGHT_WAIT);
    assert_int_equal(fake_call(t, SYS_handle_info, buffer(t)->handles[0].handle), OBJECT_EVENT);
    assert_int_equal(fake_result2(t), RIGHT_WAIT);
}

static void test_channel_handle_revoked_on_the_way_arrives_empty(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 1);
    handle_t event = MAKE(t, SYS_event_create, job());

    (void)state;
    assert_int_equal(send_handle(t, ends.sender, event, RIGHTS_SAME, HANDLE_COPY), 0);
    assert_int_equal(fake_call(t, SYS_handle_revoke, event), 0);
    assert_int_equal(receive(t, ends.receiver), 0);
    assert_int_equal(t->registers.rbx, 5);
    assert_int_equal(buffer(t)->handles[0].handle, HANDLE_INVALID);
    assert_int_equal(buffer(t)->handles[0].type, OBJECT_NONE);
}

static void test_channel_carries_no_channels_jobs_and_receive_rights(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 1), other = channel(t, 1, 64, 0);
    handle_t port = MAKE(t, SYS_port_create, job(), 2);

    (void)state;
    assert_int_equal(send_handle(t, ends.sender, ends.sender, RIGHTS_SAME, HANDLE_COPY), -EPERM);
    assert_int_equal(send_handle(t, ends.sender, other.receiver, RIGHTS_SAME, HANDLE_MOVE), -EPERM);
    assert_int_equal(send_handle(t, ends.sender, job(), RIGHTS_SAME, HANDLE_COPY), -EPERM);
    assert_int_equal(send_handle(t, ends.sender, port, RIGHTS_SAME, HANDLE_COPY), -EPERM);
    assert_int_equal(send_handle(t, ends.sender, port, ~RIGHT_RECV, HANDLE_COPY), 0);
    assert_int_equal(fake_call(t, SYS_handle_info, other.receiver), OBJECT_CHANNEL_RECEIVER);
}

static void test_channel_sender_gone_shows_after_the_last_message(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 0);

    (void)state;
    assert_int_equal(send_word(t, ends.sender, 0, 1), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, ends.sender), 0);
    assert_int_equal(signals_of(t, ends.receiver), SIGNAL_READABLE | SIGNAL_PEER_CLOSED);
    assert_int_equal(receive(t, ends.receiver), 0);
    assert_int_equal(receive(t, ends.receiver), -EPEER_DIED);
    assert_int_equal(signals_of(t, ends.receiver), SIGNAL_PEER_CLOSED);
}

static void test_channel_receiver_gone_closes_what_is_queued(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 1);
    handle_t port = MAKE(t, SYS_port_create, job(), 2);
    handle_t owner = MAKE(t, SYS_session_create, port, 77, 0);
    handle_t session = fake_result2(t);
    uint64_t words[8] = {0};

    (void)state;
    (void)owner;
    assert_int_equal(send_handle(t, ends.sender, session, RIGHTS_SAME, HANDLE_MOVE), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, ends.receiver), 0);
    fake_settle();
    assert_int_equal(signals_of(t, ends.sender), SIGNAL_PEER_CLOSED);
    assert_int_equal(send_word(t, ends.sender, 0, 1), -EPEER_DIED);
    /* The session's last handle went with the queue, and its server is told. */
    assert_int_equal(fake_reply_receive(t, port, 0, DEADLINE_POLL, 0, words), RECEIVED_NOTICE);
    assert_int_equal(t->registers.rdi, 77);
}

static void test_channel_wakes_who_waits_for_a_message(void **state)
{
    struct fake_thread *t = start();
    struct ends ends = channel(t, 2, 64, 0);
    struct fake_process process;
    handle_t own;

    (void)state;
    fake_process_new(job(), &process);
    own = fake_grant(&process, ends.receiver, RIGHTS_SAME);
    fake_process_start(&process);
    assert_int_equal(fake_call(process.main, SYS_object_wait, own, SIGNAL_READABLE, DEADLINE_NEVER),
                     FAKE_BLOCKED);
    assert_int_equal(send_word(t, ends.sender, 0, 9), 0);
    assert_int_equal(fake_wait(process.main), SIGNAL_READABLE);
    assert_int_equal(receive(process.main, own), 0);
    assert_int_equal(process.main->registers.rbx, 9);
}

static void test_channel_gives_everything_back(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;
    struct ends ends;
    handle_t event;

    (void)state;
    (void)buffer(t);
    ends = channel(t, 8, 200, 2); /* the tables grow before we count */
    (void)fake_call(t, SYS_handle_close, ends.sender);
    (void)fake_call(t, SYS_handle_close, ends.receiver);
    fake_settle();
    fake_balance(&before);
    ends = channel(t, 8, 200, 2);
    event = MAKE(t, SYS_event_create, job());
    assert_int_equal(send_handle(t, ends.sender, event, RIGHTS_SAME, HANDLE_MOVE), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, ends.receiver), 0);
    assert_int_equal(fake_call(t, SYS_handle_close, ends.sender), 0);
    fake_settle();
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_channel_messages_arrive_in_order),
    FAKE_TEST(test_channel_full_and_empty_say_so),
    FAKE_TEST(test_channel_refuses_what_is_wrong),
    FAKE_TEST(test_channel_long_payload_goes_through_the_buffer),
    FAKE_TEST(test_channel_moves_a_handle_with_reduced_rights),
    FAKE_TEST(test_channel_handle_revoked_on_the_way_arrives_empty),
    FAKE_TEST(test_channel_carries_no_channels_jobs_and_receive_rights),
    FAKE_TEST(test_channel_sender_gone_shows_after_the_last_message),
    FAKE_TEST(test_channel_receiver_gone_closes_what_is_queued),
    FAKE_TEST(test_channel_wakes_who_waits_for_a_message),
    FAKE_TEST(test_channel_gives_everything_back),
};

FAKE_TEST_MAIN(tests)
