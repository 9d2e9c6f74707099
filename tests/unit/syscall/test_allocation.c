/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation fails, for every n, in every call that allocates: each time a clean -ENOMEM,
 * nothing lost, and at last the call succeeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <quay/abi/bootstrap.h>
#include "fake.h"
#include "mm/inject.h"
#include "sched/thread.h"

static struct fake_thread *init;
static handle_t job;
static bool keeps_table; /* what a table has grown by before the failure stays */

static uint64_t memory_used(void)
{
    assert_int_equal(fake_call(init, SYS_job_info, job, JOB_MEMORY), 0);
    return fake_result2(init);
}

/* The thread's table is full to the last slot of its chunks, so that the next handle needs memory;
 * with copies of a handle of its own. */
static void fill_table_of(struct fake_thread *thread, handle_t handle)
{
    uint64_t before;

    do {
        before = memory_used();
        assert_true(fake_call(thread, SYS_handle_dup, handle, RIGHTS_SAME) > 0);
    } while (before == memory_used());
    for (unsigned i = 0; i < 63; i++) {
        assert_true(fake_call(thread, SYS_handle_dup, handle, RIGHTS_SAME) > 0);
    }
}

static void fill_table(void)
{
    fill_table_of(init, job);
}

static void begin(void)
{
    fake_boot(NULL);
    init = fake_init_thread();
    job = fake_bootstrap(BOOTSTRAP_JOB);
    assert_true(fake_write(init, FAKE_DATA, 0));
}

/* Returns the result of the call once no allocation of it fails any more. */
static int64_t fails_cleanly(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                             uint64_t e, uint64_t f, unsigned least)
{
    for (uint64_t n = 1; n < 100; n++) {
        struct fake_balance before;
        int64_t result;
        bool is_over;

        fake_balance(&before);
        inject_fail_after(n);
        result = fake_call(init, number, a, b, c, d, e, f);
        is_over = inject_is_armed();
        inject_fail_after(0);
        if (is_over) {
            assert_true(result >= 0);
            assert_true(n > least); /* else nothing was tried */
            return result;
        }
        assert_int_equal(result, -ENOMEM);
        if (!keeps_table) {
            fake_balance_check(&before);
        }
    }
    fail_msg("the call never succeeds");
    return 0;
}

#define ALLOCATION_TEST(name, least, ...)                                                          \
    static void test_allocation_##name(void **state)                                               \
    {                                                                                              \
        (void)state;                                                                               \
        begin();                                                                                   \
        (void)fails_cleanly(SYS_##name, __VA_ARGS__, least);                                       \
    }

ALLOCATION_TEST(job_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(process_create, 2, job, FAKE_DATA, 4, 0, 0, 0)
ALLOCATION_TEST(port_create, 2, job, 4, 0, 0, 0, 0)
ALLOCATION_TEST(event_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(timer_create, 1, job, 0, 0, 0, 0, 0)
ALLOCATION_TEST(memory_create, 1, job, 0x4000, 0, 0, 0, 0)
ALLOCATION_TEST(thread_buffer, 2, 0, 0, 0, 0, 0, 0)
ALLOCATION_TEST(irq_create, 1, fake_bootstrap(BOOTSTRAP_RESOURCE), job, 5, 0, 0, 0)
ALLOCATION_TEST(io_create, 1, fake_bootstrap(BOOTSTRAP_RESOURCE), job, 0x100, 8, 0, 0)
ALLOCATION_TEST(channel_create, 2, job, 4, 4096, 2, 0, 0)
ALLOCATION_TEST(memory_physical, 1, fake_bootstrap(BOOTSTRAP_RESOURCE), job, 0xfe000000, 0x1000, 0,
                0)

/* The object is there when its handle fails: it must go again, with all that it had taken. */
static void test_allocation_of_the_first_handle(void **state)
{
    handle_t resource;
    int64_t process;

    (void)state;
    begin();
    resource = fake_bootstrap(BOOTSTRAP_RESOURCE);
    process = fake_call(init, SYS_process_create, job, FAKE_DATA, 4);
    assert_true(process > 0);
    keeps_table = true;
    for (unsigned i = 0; i < 8; i++) {
        const uint64_t calls[8][5] = {
            {SYS_event_create, job},
            {SYS_timer_create, job},
            {SYS_port_create, job, 4},
            {SYS_job_create, job},
            {SYS_thread_create, (uint64_t)process},
            {SYS_irq_create, resource, job, 5},
            {SYS_io_create, resource, job, 0x100, 8},
            {SYS_memory_create, job, 0x4000},
        };

        fill_table();
        (void)fails_cleanly(calls[i][0], calls[i][1], calls[i][2], calls[i][3], calls[i][4], 0, 0,
                            2);
    }
}

static void test_allocation_handle_dup(void **state)
{
    (void)state;
    begin();
    fill_table();
    (void)fails_cleanly(SYS_handle_dup, job, RIGHTS_SAME, 0, 0, 0, 0, 1);
}

static void test_allocation_thread_create(void **state)
{
    int64_t process;

    (void)state;
    begin();
    process = fake_call(init, SYS_process_create, job, FAKE_DATA, 4);
    assert_true(process > 0);
    (void)fails_cleanly(SYS_thread_create, (uint64_t)process, 0, 0, 0, 0, 0, 1);
}

static void test_allocation_handle_grant(void **state)
{
    int64_t process;

    (void)state;
    begin();
    process = fake_call(init, SYS_process_create, job, FAKE_DATA, 4);
    keeps_table = true;
    (void)fails_cleanly(SYS_handle_grant, (uint64_t)process, job, RIGHTS_SAME, HANDLE_COPY, 0, 0,
                        1);
}

static void test_allocation_session_create(void **state)
{
    int64_t port;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    assert_true(port > 0);
    (void)fails_cleanly(SYS_session_create, (uint64_t)port, 7, 0, 0, 0, 0, 1);
}

static void test_allocation_port_bind(void **state)
{
    int64_t port, event;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    event = fake_call(init, SYS_event_create, job);
    (void)fails_cleanly(SYS_port_bind, (uint64_t)port, (uint64_t)event, SIGNAL_USER, 1, 0, 0, 1);
}

static void test_allocation_aspace_map(void **state)
{
    int64_t memory;

    (void)state;
    begin();
    memory = fake_call(init, SYS_memory_create, job, 0x4000, 0);
    (void)fails_cleanly(SYS_aspace_map, fake_bootstrap(BOOTSTRAP_ASPACE), (uint64_t)memory, 0, 0,
                        0x4000, MAP_READ | MAP_WRITE, 1);
}

static void test_allocation_memory_clone(void **state)
{
    int64_t memory;

    (void)state;
    begin();
    memory = fake_call(init, SYS_memory_create, job, 0x4000, 0);
    (void)fails_cleanly(SYS_memory_clone, job, (uint64_t)memory, 0, 0x4000, 0, 0, 1);
}

static void test_allocation_memory_pager(void **state)
{
    int64_t port;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    (void)fails_cleanly(SYS_memory_pager, job, 0x4000, (uint64_t)port, 1, 1000000, 0, 1);
}

static void test_allocation_log_bind(void **state)
{
    int64_t port;

    (void)state;
    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    (void)fails_cleanly(SYS_log_bind, fake_bootstrap(BOOTSTRAP_RESOURCE), (uint64_t)port, 1, 0, 0,
                        0, 1);
}

/* What failed in the middle is there already when the call goes on, and goes with the process. */
static void test_allocation_forks_go_on(void **state)
{
    struct fake_balance before;
    struct fake_process process;
    uint64_t failures = 0;
    bool is_over;

    (void)state;
    begin();
    fill_table();
    fake_balance(&before);
    for (unsigned call = 0; call < 2; call++) {
        handle_t source = fake_bootstrap(call == 0 ? BOOTSTRAP_PROCESS : BOOTSTRAP_ASPACE);

        for (uint64_t n = 1;; n++) {
            int64_t result;

            fake_process_new(job, &process);
            inject_fail_after(n);
            result = fake_call(init, call == 0 ? SYS_handle_fork : SYS_aspace_fork,
                               call == 0 ? process.process : process.aspace, source);
            is_over = inject_is_armed();
            inject_fail_after(0);
            if (!is_over) {
                assert_int_equal(result, -ENOMEM);
                failures++;
                result = fake_call(init, call == 0 ? SYS_handle_fork : SYS_aspace_fork,
                                   call == 0 ? process.process : process.aspace, source);
            }
            assert_int_equal(result, 0);
            assert_int_equal(fake_call(init, SYS_process_kill, process.process), 0);
            assert_int_equal(fake_call(init, SYS_handle_close, process.process), 0);
            assert_int_equal(fake_call(init, SYS_handle_close, process.aspace), 0);
            assert_int_equal(fake_call(init, SYS_handle_close, process.thread), 0);
            if (is_over) {
                break;
            }
        }
    }
    assert_true(failures >= 6);
    keeps_table = true;
}

/* --- Messages with handles: a client of init's --- */

static struct {
    handle_t port;
    struct fake_process process;
    struct fake_thread *client;
    handle_t session, event; /* the client's */
} peers;

static void peers_make(void)
{
    int64_t port, event;
    handle_t session;

    begin();
    port = fake_call(init, SYS_port_create, job, 4);
    event = fake_call(init, SYS_event_create, job);
    assert_true(port > 0 && event > 0);
    peers.port = (handle_t)port;
    assert_true(fake_call(init, SYS_session_create, peers.port, 7, 0) > 0);
    session = fake_result2(init);
    fake_process_new(job, &peers.process);
    peers.session = fake_grant(&peers.process, session, RIGHTS_SAME);
    peers.event = fake_grant(&peers.process, (handle_t)event, RIGHTS_SAME);
    fake_process_start(&peers.process);
    peers.client = peers.process.main;
    assert_true(fake_call(init, SYS_thread_buffer, 0) > 0);
    assert_true(fake_call(peers.client, SYS_thread_buffer, 0) > 0);
}

static void carry(struct fake_thread *thread, handle_t handle, uint16_t operation)
{
    thread->thread->buffer->handles[0] =
        (struct message_handle){.handle = handle, .rights = RIGHTS_SAME, .operation = operation};
}

static int64_t receive(void)
{
    return fake_reply_receive(init, peers.port, 0, DEADLINE_POLL, 0, NULL);
}

/* The first time that a process receives at a port. */
static void test_allocation_port_reply_receive(void **state)
{
    struct fake_balance before;

    (void)state;
    peers_make();
    fake_balance(&before);
    inject_fail_after(1);
    assert_int_equal(receive(), -ENOMEM);
    assert_false(inject_is_armed());
    fake_balance_check(&before);
    assert_int_equal(receive(), -ETIMEDOUT);
}

/* The caller has the error and its handle; the server has heard nothing. */
static void test_allocation_port_call(void **state)
{
    struct fake_balance before;

    (void)state;
    peers_make();
    fill_table();
    assert_int_equal(receive(), -ETIMEDOUT);
    fake_balance(&before);
    carry(peers.client, peers.event, HANDLE_MOVE);
    assert_int_equal(
        fake_port_call(peers.client, peers.session, IPC_HEADER(1, 0, 1), DEADLINE_NEVER, NULL),
        FAKE_BLOCKED);
    inject_fail_after(1);
    assert_int_equal(receive(), -ETIMEDOUT);
    assert_false(inject_is_armed());
    assert_int_equal(fake_wait(peers.client), -ENOMEM);
    assert_int_equal(fake_call(peers.client, SYS_event_signal, peers.event, 0, 1), 0);
    fake_balance_check(&before);
    assert_int_equal(
        fake_port_call(peers.client, peers.session, IPC_HEADER(1, 0, 1), DEADLINE_NEVER, NULL),
        FAKE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
}

/* The call is over, and both hear of it; the server has its handle. */
static void test_allocation_port_reply(void **state)
{
    int64_t event;

    (void)state;
    peers_make();
    fill_table_of(peers.client, peers.event);
    event = fake_call(init, SYS_event_create, job);
    assert_int_equal(
        fake_port_call(peers.client, peers.session, IPC_HEADER(1, 0, 0), DEADLINE_NEVER, NULL),
        FAKE_BLOCKED);
    assert_int_equal(receive(), RECEIVED_CALL);
    carry(init, (handle_t)event, HANDLE_MOVE);
    inject_fail_after(1);
    assert_int_equal(
        fake_call(init, SYS_port_reply, peers.port, init->registers.r10, IPC_HEADER(1, 0, 1)),
        -ENOMEM);
    assert_false(inject_is_armed());
    assert_int_equal(fake_wait(peers.client), -ETOKEN_DROPPED);
    assert_int_equal(fake_call(init, SYS_event_signal, event, 0, 1), 0);
}

/* Its registers are not those of other calls. */
static int64_t channel_receive(handle_t receiver)
{
    fake_request_call(init, &(struct fake_registers){.rax = SYS_channel_receive, .rdi = receiver});
    return fake_wait(init);
}

/* The message is not sent, or stays where it is. */
static void test_allocation_channel_send_and_receive(void **state)
{
    struct fake_balance before;
    int64_t sender, event;
    handle_t receiver;

    (void)state;
    peers_make();
    sender = fake_call(init, SYS_channel_create, job, 2, 0, 1);
    receiver = fake_result2(init);
    event = fake_call(init, SYS_event_create, job);
    carry(init, (handle_t)event, HANDLE_MOVE);
    fake_balance(&before);
    inject_fail_after(1);
    assert_int_equal(fake_call(init, SYS_channel_send, sender, IPC_HEADER(1, 0, 1)), -ENOMEM);
    assert_false(inject_is_armed());
    fake_balance_check(&before);
    assert_int_equal(fake_call(init, SYS_event_signal, event, 0, 1), 0);
    assert_int_equal(fake_call(init, SYS_channel_send, sender, IPC_HEADER(1, 0, 1)), 0);
    fill_table();
    fake_balance(&before);
    inject_fail_after(1);
    assert_int_equal(channel_receive(receiver), -ENOMEM);
    assert_false(inject_is_armed());
    fake_balance_check(&before);
    assert_int_equal(channel_receive(receiver), 0);
    assert_int_equal(
        fake_call(init, SYS_event_signal, init->thread->buffer->handles[0].handle, 0, 1), 0);
}

/* Without memory for its registers the process ends, as at a page that cannot be had. */
static void test_allocation_of_floating_point_registers(void **state)
{
    (void)state;
    peers_make();
    inject_fail_after(1);
    fake_request_access(peers.client, FAKE_FPU, 0, 0);
    fake_run_for(1000000000);
    assert_false(inject_is_armed());
    assert_int_equal(fake_call(init, SYS_process_info, peers.process.process), 1);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_allocation_of_the_first_handle),
    FAKE_TEST(test_allocation_memory_pager),
    FAKE_TEST(test_allocation_handle_dup),
    FAKE_TEST(test_allocation_job_create),
    FAKE_TEST(test_allocation_process_create),
    FAKE_TEST(test_allocation_port_create),
    FAKE_TEST(test_allocation_event_create),
    FAKE_TEST(test_allocation_timer_create),
    FAKE_TEST(test_allocation_memory_create),
    FAKE_TEST(test_allocation_thread_buffer),
    FAKE_TEST(test_allocation_irq_create),
    FAKE_TEST(test_allocation_io_create),
    FAKE_TEST(test_allocation_thread_create),
    FAKE_TEST(test_allocation_handle_grant),
    FAKE_TEST(test_allocation_session_create),
    FAKE_TEST(test_allocation_port_bind),
    FAKE_TEST(test_allocation_aspace_map),
    FAKE_TEST(test_allocation_channel_create),
    FAKE_TEST(test_allocation_memory_clone),
    FAKE_TEST(test_allocation_memory_physical),
    FAKE_TEST(test_allocation_log_bind),
    FAKE_TEST(test_allocation_forks_go_on),
    FAKE_TEST(test_allocation_port_call),
    FAKE_TEST(test_allocation_port_reply),
    FAKE_TEST(test_allocation_port_reply_receive),
    FAKE_TEST(test_allocation_channel_send_and_receive),
    FAKE_TEST(test_allocation_of_floating_point_registers),
};

FAKE_TEST_MAIN(tests)
