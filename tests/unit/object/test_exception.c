/* SPDX-License-Identifier: MIT */
/* Exceptions: who gets them, in which order, and what becomes of the thread. */
#include "unit/object/start.h"

#include <string.h>
#include <quay/abi/exception.h>
#include "sched/thread.h"

#define VICTIM_DATA 0x30000000000ul

/* init handles; a process in a job of its own has exceptions. */
static struct {
    struct fake_thread *handler, *victim;
    struct fake_process process;
    handle_t job, port;
    uint64_t token, badge;
    struct exception_message message;
} world;

static void begin(void)
{
    world.handler = start_with(2, 0);
    world.port = MAKE(world.handler, SYS_port_create, job(), 4);
    world.job = MAKE(world.handler, SYS_job_create, job());
    assert_true(fake_call(world.handler, SYS_thread_buffer, VICTIM_DATA) == VICTIM_DATA);
    fake_process_new(world.job, &world.process);
    fake_process_start(&world.process);
    world.victim = world.process.main;
}

static int64_t bind(handle_t object, uint64_t key)
{
    return fake_call(world.handler, SYS_exception_bind, object, world.port, key);
}

/* The victim's next step is an exception. */
static void raise(unsigned vector)
{
    fake_request_exception(world.victim, vector, 5);
    fake_settle();
}

/* Receives it; `token` is answered first, with this header. */
static int64_t receive(uint64_t header, uint64_t token)
{
    uint64_t words[8] = {0};
    int64_t what =
        fake_reply_receive(world.handler, world.port, header, DEADLINE_POLL, token, words);

    if (what == RECEIVED_CALL) {
        assert_int_equal(world.handler->registers.rsi,
                         IPC_HEADER(EXCEPTION_METHOD, sizeof(world.message), 0));
        world.token = world.handler->registers.r10;
        world.badge = world.handler->registers.rdi;
        assert_true(fake_read_bytes(world.handler, VICTIM_DATA + PAGE_SIZE, &world.message,
                                    sizeof(world.message)));
    }
    return what;
}

static int64_t answer(uint32_t action)
{
    return fake_call(world.handler, SYS_port_reply, world.port, world.token,
                     IPC_HEADER(action, 0, 0));
}

static int64_t answer_registers(const struct thread_registers *registers)
{
    assert_true(
        fake_write_bytes(world.handler, VICTIM_DATA + PAGE_SIZE, registers, sizeof(*registers)));
    return fake_call(world.handler, SYS_port_reply, world.port, world.token,
                     IPC_HEADER(EXCEPTION_RESUME, sizeof(*registers), 0));
}

static bool is_running(void)
{
    fake_settle();
    return fake_call(world.victim, SYS_abi_version) == ABI_VERSION;
}

static void assert_ended(const char *text)
{
    fake_run_for(50000000);
    assert_int_equal(fake_call(world.handler, SYS_process_info, world.process.process), 1);
    assert_int_equal((int64_t)fake_result2(world.handler), -1001);
    assert_non_null(strstr(fake_log(), text));
}

static void test_exception_nobody_listens_ends_the_process_with_a_report(void **state)
{
    (void)state;
    begin();
    raise(6);
    assert_ended("exception 6 (error code 0x5)");
    assert_non_null(strstr(fake_log(), "rip "));
}

static void test_exception_message_says_what_happened(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 77), 0);
    fake_call(world.victim, SYS_abi_version); /* loads registers that are known */
    raise(13);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    assert_int_equal(world.badge, 77);
    assert_int_equal(world.message.kind, 13);
    assert_int_equal(world.message.code, 5);
    assert_int_equal(world.message.thread, world.victim->thread->object.koid);
    assert_int_equal(world.message.registers.rip, FAKE_SYSCALL_IP + 2);
    assert_int_equal(world.message.registers.r15, 0xb6);
    assert_int_equal(world.message.registers.rbx, 0xb1);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_true(is_running());
}

static void test_exception_page_fault_is_resolved_and_tried_again(void **state)
{
    uint64_t value = 0;
    handle_t memory;

    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 1), 0);
    fake_request_access(world.victim, FAKE_WRITE, 0x40000000010, 9);
    assert_int_equal(fake_wait(world.victim), FAKE_BLOCKED);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    assert_int_equal(world.message.kind, EXCEPTION_PAGE_FAULT);
    assert_int_equal(world.message.access, EXCEPTION_WRITE);
    assert_int_equal(world.message.address, 0x40000000010);
    assert_int_equal(world.message.code, -EFAULT);
    memory = MAKE(world.handler, SYS_memory_create, job(), PAGE_SIZE, 0);
    MAKE(world.handler, SYS_aspace_map, world.process.aspace, memory, 0, 0x40000000000, PAGE_SIZE,
         MAP_READ | MAP_WRITE | MAP_FIXED);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_true(fake_wait(world.victim) != FAKE_BLOCKED);
    assert_true(fake_read(world.victim, 0x40000000010, &value));
    assert_int_equal(value, 9);
}

static void test_exception_order_is_thread_process_job_and_above(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(job(), 4), 0);
    assert_int_equal(bind(world.job, 3), 0);
    assert_int_equal(bind(world.process.process, 2), 0);
    assert_int_equal(bind(world.process.thread, 1), 0);
    raise(6);
    for (uint64_t level = 1; level <= 4; level++) {
        assert_int_equal(receive(0, 0), RECEIVED_CALL);
        assert_int_equal(world.badge, level);
        assert_int_equal(answer(EXCEPTION_PASS), 0);
    }
    assert_ended("exception 6");
}

/* Exception 6 has come to the port of the process; the job's would be next. */
static void raise_with_job_behind_process(void)
{
    begin();
    assert_int_equal(bind(world.job, 3), 0);
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(6);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
}

static void test_exception_dropped_token_passes_it_on(void **state)
{
    (void)state;
    raise_with_job_behind_process();
    assert_int_equal(fake_call(world.handler, SYS_token_drop, world.port, world.token), 0);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    assert_int_equal(world.badge, 3);
    assert_int_equal(receive(IPC_HEADER(EXCEPTION_RESUME, 0, 0), world.token), -ETIMEDOUT);
    assert_true(is_running());
}

static void test_exception_kill_ends_the_process(void **state)
{
    (void)state;
    raise_with_job_behind_process();
    assert_int_equal(answer(EXCEPTION_KILL), 0);
    assert_ended("exception 6");
    assert_int_equal(answer(EXCEPTION_KILL), -ETOKEN_STALE);
}

/* A process that received the exception from a port of its own ends. */
static void test_exception_handler_that_dies_passes_it_on(void **state)
{
    struct fake_process other;
    handle_t port;
    uint64_t words[8] = {0};

    (void)state;
    begin();
    fake_process_new(job(), &other);
    port = fake_grant(&other, world.port, RIGHTS_SAME);
    fake_process_start(&other);
    assert_true(fake_call(other.main, SYS_thread_buffer, 0) > 0);
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(6);
    assert_int_equal(fake_reply_receive(other.main, port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_CALL);
    assert_int_equal(fake_call(world.handler, SYS_process_kill, other.process), 0);
    assert_ended("exception 6");
}

static void test_exception_closed_port_passes_it_on(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(6);
    assert_int_equal(fake_call(world.handler, SYS_handle_close, world.port), 0);
    assert_ended("exception 6");
}

static void test_exception_receiver_without_a_buffer_is_passed_over(void **state)
{
    (void)state;
    world.handler = start_with(2, 0);
    world.port = MAKE(world.handler, SYS_port_create, job(), 4);
    fake_process_create(&world.process);
    world.victim = world.process.main;
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(6);
    assert_int_equal(receive(0, 0), -ETIMEDOUT);
    assert_ended("exception 6");
}

static void test_exception_is_not_for_a_thread_that_receives_it(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(fake_bootstrap(BOOTSTRAP_THREAD), 2), 0);
    assert_int_equal(receive(0, 0), -ETIMEDOUT); /* bound to its port by now */
    fake_expect_panic();
    fake_request_exception(world.handler, 6, 0);
    fake_run_for(50000000);
    assert_true(fake_panicked());
}

static void test_exception_answer_sets_registers(void **state)
{
    struct thread_registers registers;

    (void)state;
    begin();
    assert_int_equal(bind(world.process.thread, 2), 0);
    raise(3);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    registers = world.message.registers;
    registers.rax = 0x1234;
    registers.r11 = 0x5678;
    registers.rflags |= 0x100;
    registers.fs_base = 0x7000;
    assert_int_equal(answer_registers(&registers), 0);
    fake_settle();
    assert_int_equal(world.victim->thread->frame.rax, 0x1234);
    assert_int_equal(world.victim->thread->frame.r11, 0x5678);
    assert_int_equal(world.victim->thread->frame.rflags, 0x302);
    assert_int_equal(world.victim->thread->arch.fs_base, 0x7000);
    assert_true(is_running());
}

static void test_exception_answer_refuses_registers_that_user_mode_cannot_have(void **state)
{
    static const struct {
        size_t offset;
        uint64_t value;
    } bad[] = {
#define BAD(member, value) {offsetof(struct thread_registers, member), value}
        BAD(rip, USER_LIMIT),
        BAD(rip, 0xffffffff80100000),
        BAD(rip, UINT64_MAX),
        BAD(rsp, 0x800000000000),
        BAD(rsp, 0x7fff800000000000),
        BAD(rflags, 0),
        BAD(rflags, 0x2),
        BAD(rflags, 0x3202),
        BAD(rflags, 0x20202),
        BAD(rflags, 0x80202),
        BAD(rflags, 0x100202),
        BAD(rflags, 1ul << 32 | 0x202),
        BAD(fs_base, USER_LIMIT),
        BAD(fs_base, 1ul << 63),
        BAD(gs_base, USER_LIMIT),
        BAD(gs_base, 0x800000000000),
#undef BAD
    };

    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(3);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct thread_registers registers = world.message.registers;

        *(uint64_t *)(void *)((char *)&registers + bad[i].offset) = bad[i].value;
        assert_int_equal(answer_registers(&registers), -EINVAL);
    }
    assert_int_equal(fake_call(world.handler, SYS_port_reply, world.port, world.token,
                               IPC_HEADER(EXCEPTION_RESUME, 152, 0)),
                     -EINVAL);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_true(is_running());
}

static void test_exception_is_not_ended_by_a_kick(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(3);
    assert_int_equal(fake_call(world.handler, SYS_thread_kick, world.process.thread, 0), 0);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    assert_int_equal(fake_call(world.handler, SYS_thread_kick, world.process.thread, 0), 0);
    assert_int_equal(receive(0, 0), -ETIMEDOUT);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_true(is_running());
    assert_int_equal(fake_call(world.victim, SYS_thread_sleep, DEADLINE_NEVER), -EINTR);
}

static void test_exception_thread_killed_meanwhile_is_told(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    raise(3);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    assert_int_equal(fake_call(world.handler, SYS_thread_kill, world.process.thread), 0);
    assert_int_equal(receive(0, 0), RECEIVED_NOTICE);
    assert_int_equal(answer(EXCEPTION_RESUME), -ETOKEN_STALE);
}

static void test_exception_thread_gives_a_handle(void **state)
{
    handle_t thread;

    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    assert_int_equal(fake_call(world.handler, SYS_exception_thread, world.port, 0), -ETOKEN_STALE);
    raise(3);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    thread = MAKE(world.handler, SYS_exception_thread, world.port, world.token);
    assert_ptr_equal(fake_thread_of_handle(world.handler, thread), world.victim);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_int_equal(fake_call(world.handler, SYS_exception_thread, world.port, world.token),
                     -ETOKEN_STALE);
}

static void test_exception_process_gives_a_handle(void **state)
{
    handle_t process, first, second;
    koid_t koid;

    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    assert_int_equal(fake_call(world.handler, SYS_exception_process, world.port, 0), -ETOKEN_STALE);
    raise(3);
    assert_int_equal(receive(0, 0), RECEIVED_CALL);
    process = MAKE(world.handler, SYS_exception_process, world.port, world.token);
    second = MAKE(world.handler, SYS_thread_create, process);
    first = MAKE(world.handler, SYS_process_thread, process, 0);
    assert_ptr_equal(fake_thread_of_handle(world.handler, first), world.victim);
    koid = world.message.thread;
    first = MAKE(world.handler, SYS_process_thread, process, koid);
    assert_ptr_equal(fake_thread_of_handle(world.handler, first),
                     fake_thread_of_handle(world.handler, second));
    assert_int_equal(fake_call(world.handler, SYS_process_thread, process, UINT64_MAX), -ESRCH);
    assert_int_equal(answer(EXCEPTION_RESUME), 0);
    assert_int_equal(fake_call(world.handler, SYS_exception_process, world.port, world.token),
                     -ETOKEN_STALE);
}

static void test_exception_bind_replaces_and_tells_the_one_before(void **state)
{
    (void)state;
    begin();
    assert_int_equal(bind(world.process.process, 2), 0);
    assert_int_equal(bind(world.process.process, 3), 0);
    assert_int_equal(receive(0, 0), RECEIVED_NOTICE);
    assert_int_equal(world.handler->registers.rdi, 2);
    assert_int_equal(world.handler->registers.rbx, NOTICE_SESSION_CLOSED);
    assert_int_equal(fake_call(world.handler, SYS_exception_bind, world.process.process, 0, 0), 0);
    assert_int_equal(receive(0, 0), RECEIVED_NOTICE);
    assert_int_equal(world.handler->registers.rdi, 3);
    raise(6);
    assert_ended("exception 6");
}

static void test_exception_bind_refuses_what_is_wrong(void **state)
{
    struct fake_thread *handler;
    handle_t process;

    (void)state;
    begin();
    handler = world.handler;
    process = world.process.process;
    assert_int_equal(bind(stale(handler), 0), -EBADF);
    assert_int_equal(bind(with_rights(handler, process, RIGHTS_BASIC), 0), -EACCES);
    assert_int_equal(bind(world.port, 0), -EWRONG_TYPE);
    assert_int_equal(fake_call(handler, SYS_exception_bind, process, stale(handler), 0), -EBADF);
    assert_int_equal(fake_call(handler, SYS_exception_bind, process, job(), 0), -EWRONG_TYPE);
    assert_int_equal(fake_call(handler, SYS_exception_bind, process,
                               with_rights(handler, world.port, RIGHTS_BASIC | RIGHT_RECV), 0),
                     -EACCES);
}

static void test_exception_bindings_leave_nothing_behind(void **state)
{
    struct fake_balance before, meanwhile;
    unsigned told = 0;

    (void)state;
    begin();
    assert_int_equal(receive(0, 0), -ETIMEDOUT);
    fake_balance(&before);
    for (unsigned i = 0; i < 3; i++) {
        struct fake_process process;
        handle_t child = MAKE(world.handler, SYS_job_create, world.job);

        fake_process_create_in(child, &process);
        assert_int_equal(bind(process.process, 1), 0);
        assert_int_equal(bind(process.thread, 2), 0);
        assert_int_equal(bind(child, 3), 0);
        assert_int_equal(fake_call(world.handler, SYS_process_kill, process.process), 0);
        fake_run_for(50000000);
        assert_int_equal(fake_call(world.handler, SYS_handle_close, process.process), 0);
        assert_int_equal(fake_call(world.handler, SYS_handle_close, process.thread), 0);
        assert_int_equal(fake_call(world.handler, SYS_handle_close, process.aspace), 0);
        assert_int_equal(fake_call(world.handler, SYS_handle_close, child), 0);
    }
    fake_balance(&meanwhile); /* lets grace periods end */
    while (receive(0, 0) == RECEIVED_NOTICE) {
        told++;
    }
    assert_int_equal(told, 9);
    fake_balance_check(&before);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_exception_nobody_listens_ends_the_process_with_a_report),
    FAKE_TEST(test_exception_message_says_what_happened),
    FAKE_TEST(test_exception_page_fault_is_resolved_and_tried_again),
    FAKE_TEST(test_exception_order_is_thread_process_job_and_above),
    FAKE_TEST(test_exception_dropped_token_passes_it_on),
    FAKE_TEST(test_exception_kill_ends_the_process),
    FAKE_TEST(test_exception_handler_that_dies_passes_it_on),
    FAKE_TEST(test_exception_closed_port_passes_it_on),
    FAKE_TEST(test_exception_receiver_without_a_buffer_is_passed_over),
    FAKE_TEST(test_exception_is_not_for_a_thread_that_receives_it),
    FAKE_TEST(test_exception_answer_sets_registers),
    FAKE_TEST(test_exception_answer_refuses_registers_that_user_mode_cannot_have),
    FAKE_TEST(test_exception_is_not_ended_by_a_kick),
    FAKE_TEST(test_exception_thread_killed_meanwhile_is_told),
    FAKE_TEST(test_exception_thread_gives_a_handle),
    FAKE_TEST(test_exception_process_gives_a_handle),
    FAKE_TEST(test_exception_bind_replaces_and_tells_the_one_before),
    FAKE_TEST(test_exception_bind_refuses_what_is_wrong),
    FAKE_TEST(test_exception_bindings_leave_nothing_behind),
};

FAKE_TEST_MAIN(tests)
