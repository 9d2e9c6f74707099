/* SPDX-License-Identifier: MIT */
/* Handles in messages: which may travel, with which rights, and what remains when it fails. */
#include "unit/object/server.h"

#include "sched/thread.h"

static struct {
    struct server init;
    struct client client;
    handle_t event; /* in the client's table, with all rights */
} world;

static void begin(void)
{
    world.init = server(4);
    world.client = client(&world.init, 7, 0);
    (void)MAKE(world.init.thread, SYS_thread_buffer, 0);
    (void)MAKE(world.client.thread, SYS_thread_buffer, 0);
    world.event = 0;
}

/* A handle of the client's, made from one of init's. */
static handle_t give(rights_t rights)
{
    struct fake_thread *t = world.init.thread;
    handle_t event = MAKE(t, SYS_event_create, job());

    t->thread->buffer->handles[0] =
        (struct message_handle){.handle = event, .rights = rights, .operation = HANDLE_MOVE};
    call_begin(world.client.thread, world.client.session, 0);
    assert_int_equal(fake_call(t, SYS_port_reply, world.init.port,
                               take(t, world.init.port, 0, 0).token, IPC_HEADER(0, 0, 1)),
                     0);
    assert_int_equal(fake_wait(world.client.thread), 0);
    return world.client.thread->thread->buffer->handles[0].handle;
}

static void set(unsigned index, handle_t handle, rights_t rights, uint16_t operation)
{
    world.client.thread->thread->buffer->handles[index] =
        (struct message_handle){.handle = handle, .rights = rights, .operation = operation};
}

static int64_t send(unsigned count)
{
    return fake_port_call(world.client.thread, world.client.session, IPC_HEADER(1, 0, count),
                          DEADLINE_NEVER, NULL);
}

static rights_t rights_of(struct fake_thread *t, handle_t handle)
{
    return fake_call(t, SYS_handle_info, handle) < 0 ? 0 : (rights_t)fake_result2(t);
}

static void test_message_moves_a_handle_with_fewer_rights(void **state)
{
    struct fake_thread *t;
    const struct message_handle *got;
    handle_t handle;

    (void)state;
    begin();
    t = world.init.thread;
    handle = give(RIGHTS_EVENT);
    set(0, handle, RIGHT_WAIT | RIGHT_TRANSFER, HANDLE_MOVE);
    assert_int_equal(send(1), FAKE_BLOCKED);
    assert_int_equal(take(t, world.init.port, 0, 0).kind, RECEIVED_CALL);
    got = &t->thread->buffer->handles[0];
    assert_int_equal(got->rights, RIGHT_WAIT | RIGHT_TRANSFER);
    assert_int_equal(got->type, OBJECT_EVENT);
    assert_int_equal(rights_of(t, got->handle), RIGHT_WAIT | RIGHT_TRANSFER);
    assert_int_equal(fake_call(world.init.thread, SYS_event_signal, got->handle, 0, 1), -EACCES);
}

static void test_message_copy_needs_the_right_to_duplicate(void **state)
{
    handle_t handle;

    (void)state;
    begin();
    handle = give(RIGHTS_EVENT & ~RIGHT_DUP);
    set(0, handle, RIGHTS_SAME, HANDLE_COPY);
    assert_int_equal(send(1), -EACCES);
    set(0, handle, RIGHTS_SAME, HANDLE_MOVE);
    assert_int_equal(send(1), FAKE_BLOCKED);
}

static void test_message_handle_needs_the_right_to_leave(void **state)
{
    handle_t handle;

    (void)state;
    begin();
    handle = give(RIGHTS_EVENT & ~RIGHT_TRANSFER);
    set(0, handle, RIGHTS_SAME, HANDLE_COPY);
    assert_int_equal(send(1), -EACCES);
    set(0, handle, RIGHTS_SAME, HANDLE_MOVE);
    assert_int_equal(send(1), -EACCES);
    set(0, handle, RIGHTS_SAME, 2);
    assert_int_equal(send(1), -EINVAL);
    set(0, handle + 1, RIGHTS_SAME, HANDLE_MOVE);
    assert_int_equal(send(1), -EBADF);
}

/* It waits until a receiver finds that a handle is not there any more. */
static void send_that_fails(unsigned count)
{
    assert_int_equal(send(count), FAKE_BLOCKED);
    assert_int_equal(take(world.init.thread, world.init.port, 0, 0).kind, -ETIMEDOUT);
    assert_int_equal(fake_wait(world.client.thread), -EBADF);
}

/* The second of them is not there any more when its turn comes: the first is back as it was. */
static void test_message_that_fails_in_the_middle_moves_nothing(void **state)
{
    struct fake_thread *t;
    struct fake_balance before;
    handle_t handle;

    (void)state;
    begin();
    t = world.client.thread;
    handle = give(RIGHTS_EVENT);
    fake_balance(&before);
    set(0, handle, RIGHT_WAIT, HANDLE_MOVE);
    set(1, handle, RIGHT_WAIT, HANDLE_MOVE);
    send_that_fails(2);
    assert_int_equal(rights_of(t, handle), RIGHTS_EVENT);
    assert_int_equal(fake_call(t, SYS_event_signal, handle, 0, 1), 0);
    fake_balance_check(&before);
    assert_int_equal(fake_call(t, SYS_handle_close, handle), 0);
    fake_balance(&before);
    handle = give(RIGHTS_EVENT);
    set(0, handle, RIGHTS_SAME, HANDLE_MOVE);
    set(1, handle, RIGHTS_SAME, HANDLE_COPY);
    send_that_fails(2);
    assert_int_equal(fake_call(t, SYS_handle_close, handle), 0);
    fake_balance_check(&before);
}

/* A copy made before the failure is taken back. */
static void test_message_that_fails_after_a_copy_takes_it_back(void **state)
{
    struct fake_thread *t;
    struct fake_balance before;
    handle_t handle;

    (void)state;
    begin();
    t = world.client.thread;
    handle = give(RIGHTS_EVENT);
    fake_balance(&before);
    set(0, handle, RIGHTS_SAME, HANDLE_COPY);
    set(1, handle, RIGHTS_SAME, HANDLE_MOVE);
    set(2, handle, RIGHTS_SAME, HANDLE_MOVE);
    send_that_fails(3);
    assert_int_equal(rights_of(t, handle), RIGHTS_EVENT);
    fake_balance_check(&before);
}

static void request(struct fake_thread *thread, uint64_t number, handle_t handle, uint64_t header,
                    uint64_t deadline)
{
    fake_request_call(thread, &(struct fake_registers){
                                  .rax = number, .rdi = handle, .rsi = header, .rdx = deadline});
}

/* The handle on its way is put back and revoked at the same time, on two CPUs. */
static void test_message_that_fails_while_its_handle_is_revoked(void **state)
{
    struct fake_thread *t, *caller, *other;
    struct fake_balance before;
    handle_t root;

    (void)state;
    world.init = server_on(3, 0, 4);
    t = world.init.thread;
    world.client = client(&world.init, 7, 0);
    caller = world.client.thread;
    (void)MAKE(t, SYS_thread_buffer, 0);
    (void)MAKE(caller, SYS_thread_buffer, 0);
    other = fake_thread_create(&world.client.process, NULL);
    root = give(RIGHTS_EVENT);
    (void)fake_call(other, SYS_handle_close, MAKE(other, SYS_handle_dup, root, RIGHTS_SAME));
    fake_balance(&before);
    fake_set_choice(3);
    for (unsigned round = 0; round < 300; round++) {
        handle_t child = MAKE(other, SYS_handle_dup, root, RIGHTS_SAME);
        int64_t result;

        set(0, child, RIGHTS_SAME, HANDLE_MOVE);
        set(1, child, RIGHTS_SAME, HANDLE_MOVE);
        assert_int_equal(send(2), FAKE_BLOCKED);
        request(t, SYS_port_reply_receive, world.init.port, 0, DEADLINE_POLL);
        for (uint64_t steps = fake_random() % 60; steps > 0; steps--) {
            (void)fake_step();
        }
        request(other, SYS_handle_revoke, root, 0, 0);
        assert_int_equal(fake_wait(other), 0);
        assert_int_equal(fake_wait(t), -ETIMEDOUT);
        result = fake_wait(caller);
        assert_true(result == -EBADF || result == -EREVOKED);
        assert_int_equal(fake_call(caller, SYS_handle_info, child), -EREVOKED);
        assert_int_equal(fake_call(caller, SYS_handle_close, child), 0);
    }
    fake_set_choice(0);
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_message_moves_a_handle_with_fewer_rights),
    FAKE_TEST(test_message_copy_needs_the_right_to_duplicate),
    FAKE_TEST(test_message_handle_needs_the_right_to_leave),
    FAKE_TEST(test_message_that_fails_in_the_middle_moves_nothing),
    FAKE_TEST(test_message_that_fails_after_a_copy_takes_it_back),
    FAKE_TEST(test_message_that_fails_while_its_handle_is_revoked),
};

FAKE_TEST_MAIN(tests)
