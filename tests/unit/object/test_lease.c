/* SPDX-License-Identifier: MIT */
#include "unit/object/start.h"

#include <quay/abi/errno.h>
#include <quay/abi/ipc.h>
#include <string.h>
#include "sched/thread.h"

#define LENT 0x200000ul
#define PAST (LENT + 0x10000)

/* init serves; a process lends it memory. */
static struct {
    struct fake_thread *server, *client;
    struct fake_process process;
    handle_t port, owner, session;
    uint64_t token;
} world;

/* What the client lends, 0x4000 bytes at LENT, filled by itself. */
static void begin(void)
{
    struct fake_thread *t = start();
    handle_t memory, session;

    world.server = t;
    world.port = MAKE(t, SYS_port_create, job(), 4);
    world.owner = MAKE(t, SYS_session_create, world.port, 5, 0);
    session = fake_result2(t);
    fake_process_new(job(), &world.process);
    world.session = fake_grant(&world.process, session, RIGHTS_SAME);
    memory = MAKE(t, SYS_memory_create, job(), 0x4000, 0);
    assert_int_equal(fake_call(t, SYS_aspace_map, world.process.aspace, memory, 0, LENT, 0x4000,
                               MAP_READ | MAP_WRITE | MAP_FIXED),
                     LENT);
    fake_process_start(&world.process);
    world.client = world.process.main;
    (void)MAKE(world.client, SYS_thread_buffer, 0);
}

static void lease_set(unsigned index, uint64_t address, uint64_t size, uint32_t flags)
{
    world.client->thread->buffer->leases[index] =
        (struct message_lease){.address = address, .size = size, .flags = flags};
}

/* The client calls with what was set; the server has the token. */
static void lend(unsigned count, time_ns_t deadline)
{
    uint64_t words[8] = {0};

    assert_int_equal(fake_port_call(world.client, world.session,
                                    IPC_HEADER(1, 0, 0) | IPC_LEASES(count), deadline, words),
                     FAKE_BLOCKED);
    assert_int_equal(fake_reply_receive(world.server, world.port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_CALL);
    assert_int_equal(IPC_HEADER_LEASES(world.server->registers.rsi), count);
    world.token = world.server->registers.r10;
}

static int64_t lease(uint64_t call, uint64_t index, uint64_t offset, uint64_t size)
{
    return fake_call(world.server, call, world.port, world.token, index, offset, FAKE_DATA, size);
}

static void test_lease_read_copies_across_pages(void **state)
{
    uint8_t sent[600], got[600];

    (void)state;
    begin();
    for (unsigned i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 11);
    }
    assert_true(fake_write_bytes(world.client, LENT + 0xf00, sent, sizeof(sent)));
    lease_set(0, LENT, 0x4000, LEASE_READ);
    lend(1, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_read, 0, 0xf00, sizeof(sent)), sizeof(sent));
    assert_true(fake_read_bytes(world.server, FAKE_DATA, got, sizeof(got)));
    assert_memory_equal(got, sent, sizeof(sent));
}

static void test_lease_write_reaches_untouched_pages(void **state)
{
    uint64_t value = 0;

    (void)state;
    begin();
    assert_true(fake_write(world.server, FAKE_DATA, 0x1122334455667788));
    lease_set(0, LENT, 16, LEASE_READ);
    lease_set(1, LENT + 0x2000, 0x100, LEASE_WRITE);
    lend(2, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_write, 1, 8, 8), 8);
    assert_int_equal(
        fake_call(world.server, SYS_port_reply, world.port, world.token, IPC_HEADER(0, 0, 0)), 0);
    assert_int_equal(fake_wait(world.client), 0);
    assert_true(fake_read(world.client, LENT + 0x2008, &value));
    assert_int_equal(value, 0x1122334455667788);
}

static void test_lease_checks_bounds_direction_and_index(void **state)
{
    (void)state;
    begin();
    lease_set(0, LENT, 0x100, LEASE_READ);
    lease_set(1, LENT, 0x100, LEASE_WRITE);
    lease_set(2, USER_LIMIT - 0x1000, 0x2000, LEASE_READ);
    lease_set(3, PAST, 0x1000, LEASE_READ);
    lend(4, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 0x101), -ERANGE);
    assert_int_equal(lease(SYS_lease_read, 0, 0x101, 0), -ERANGE);
    assert_int_equal(lease(SYS_lease_read, 0, 0x80, 0x100), -ERANGE);
    assert_int_equal(lease(SYS_lease_read, 0, UINT64_MAX, 2), -ERANGE);
    assert_int_equal(lease(SYS_lease_read, 0, 0x100, 0), 0);
    assert_int_equal(lease(SYS_lease_write, 0, 0, 8), -EACCES);
    assert_int_equal(lease(SYS_lease_read, 1, 0, 8), -EACCES);
    assert_int_equal(lease(SYS_lease_read, 2, 0, 8), -ELEASE);
    assert_int_equal(lease(SYS_lease_read, 3, 0, 8), -ELEASE);
    assert_int_equal(lease(SYS_lease_read, 4, 0, 8), -EINVAL);
    assert_int_equal(
        fake_call(world.server, SYS_lease_read, world.port, world.token, 0, 0, USER_LIMIT, 8),
        -EFAULT);
    assert_int_equal(
        fake_call(world.server, SYS_lease_read, world.port, world.token, 0, 0, PAST, 8), -EFAULT);
    assert_int_equal(fake_call(world.server, SYS_lease_info, world.port, world.token, 1), 0);
    assert_int_equal(fake_result2(world.server), 0x100);
    assert_int_equal(fake_result3(world.server), LEASE_WRITE);
    assert_int_equal(fake_call(world.server, SYS_lease_info, world.port, world.token, 4), -EINVAL);
}

static void test_lease_of_read_only_memory_cannot_be_written(void **state)
{
    (void)state;
    begin();
    assert_int_equal(
        fake_call(world.server, SYS_aspace_protect, world.process.aspace, LENT, 0x4000, MAP_READ),
        0);
    lease_set(0, LENT, 0x100, LEASE_READ | LEASE_WRITE);
    lend(1, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), 8);
    assert_int_equal(lease(SYS_lease_write, 0, 0, 8), -ELEASE);
}

static void test_lease_ends_with_the_answer(void **state)
{
    (void)state;
    begin();
    lease_set(0, LENT, 0x100, LEASE_READ);
    lend(1, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), 8);
    assert_int_equal(
        fake_call(world.server, SYS_port_reply, world.port, world.token, IPC_HEADER(0, 0, 0)), 0);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), -ETOKEN_STALE);
}

static void test_lease_ends_with_the_deadline_of_the_call(void **state)
{
    (void)state;
    begin();
    lease_set(0, LENT, 0x100, LEASE_READ);
    lend(1, fake_now() + 1000000);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), 8);
    fake_run_for(2000000);
    assert_int_equal(fake_wait(world.client), -ETIMEDOUT);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), -ETOKEN_STALE);
}

static void test_lease_ends_with_the_lender(void **state)
{
    (void)state;
    begin();
    lease_set(0, LENT, 0x100, LEASE_READ);
    lend(1, DEADLINE_NEVER);
    assert_int_equal(fake_call(world.server, SYS_process_kill, world.process.process), 0);
    fake_settle();
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), -ETOKEN_STALE);
}

/* The list is still in the buffer, but the header is what lends. */
static void test_call_without_leases_lends_nothing(void **state)
{
    (void)state;
    begin();
    lease_set(0, LENT, 0x100, LEASE_READ);
    lend(1, DEADLINE_NEVER);
    assert_int_equal(
        fake_call(world.server, SYS_port_reply, world.port, world.token, IPC_HEADER(0, 0, 0)), 0);
    assert_int_equal(fake_wait(world.client), 0);
    lend(0, DEADLINE_NEVER);
    assert_int_equal(lease(SYS_lease_read, 0, 0, 8), -EINVAL);
}

static void test_call_refuses_leases_that_are_wrong(void **state)
{
    uint64_t words[8] = {0};
    struct fake_process other;
    handle_t session;

    (void)state;
    begin();
    assert_int_equal(
        fake_port_call(world.client, world.session, IPC_LEASES(5), DEADLINE_NEVER, words),
        -EMSGSIZE);
    fake_process_new(job(), &other);
    session = fake_grant(&other, world.owner, RIGHTS_SAME);
    fake_process_start(&other);
    assert_int_equal(fake_port_call(other.main, session, IPC_LEASES(1), DEADLINE_NEVER, words),
                     -EACCES);
    lend(0, DEADLINE_NEVER);
    assert_int_equal(fake_call(world.server, SYS_port_reply, world.port, world.token,
                               IPC_HEADER(0, 0, 0) | IPC_LEASES(1)),
                     -EINVAL);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_lease_read_copies_across_pages),
    FAKE_TEST(test_lease_write_reaches_untouched_pages),
    FAKE_TEST(test_lease_checks_bounds_direction_and_index),
    FAKE_TEST(test_lease_of_read_only_memory_cannot_be_written),
    FAKE_TEST(test_lease_ends_with_the_answer),
    FAKE_TEST(test_lease_ends_with_the_deadline_of_the_call),
    FAKE_TEST(test_lease_ends_with_the_lender),
    FAKE_TEST(test_call_without_leases_lends_nothing),
    FAKE_TEST(test_call_refuses_leases_that_are_wrong),
};

FAKE_TEST_MAIN(tests)
