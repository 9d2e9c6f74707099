/* SPDX-License-Identifier: MIT */
/* Suspending threads, their registers, and the memory of processes. */
#include "unit/object/start.h"

#include <string.h>
#include <quay/abi/exception.h>
#include "sched/thread.h"

#define BUFFER 0x30000000000ul
#define THEIRS 0x40000000000ul

static struct {
    struct fake_thread *debugger, *thread;
    struct fake_process process;
} world;

static void begin(unsigned cpus)
{
    world.debugger = start_with(cpus, 0);
    assert_true(fake_call(world.debugger, SYS_thread_buffer, BUFFER) == BUFFER);
    fake_process_create(&world.process);
    world.thread = world.process.main;
    fake_run_for(30000000);
}

static int64_t suspend(uint64_t is_suspended)
{
    return fake_call(world.debugger, SYS_thread_suspend, world.process.thread, is_suspended);
}

static bool is_stopped(void)
{
    fake_run_for(200000000); /* others of its priority have their turns */
    return world.thread->thread->object.signals & SIGNAL_SUSPENDED;
}

static int64_t read_state(struct thread_registers *ret_registers)
{
    int64_t status = fake_call(world.debugger, SYS_thread_read_state, world.process.thread);

    assert_true(
        fake_read_bytes(world.debugger, BUFFER + PAGE_SIZE, ret_registers, sizeof(*ret_registers)));
    return status;
}

static int64_t write_state(const struct thread_registers *registers)
{
    assert_true(
        fake_write_bytes(world.debugger, BUFFER + PAGE_SIZE, registers, sizeof(*registers)));
    return fake_call(world.debugger, SYS_thread_write_state, world.process.thread);
}

static void test_suspend_stops_a_thread_that_runs(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_true(fake_on_cpu(0) != world.thread && fake_on_cpu(1) != world.thread);
    assert_int_equal(suspend(1), 0);
    assert_int_equal(suspend(0), 0);
    assert_false(is_stopped());
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
}

static void test_suspend_stops_a_thread_that_is_ready(void **state)
{
    (void)state;
    begin(1);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
}

static void test_suspend_lets_a_wait_end_first(void **state)
{
    struct thread_registers registers;

    (void)state;
    begin(2);
    assert_int_equal(fake_call(world.thread, SYS_thread_sleep, fake_now() + 500000000),
                     FAKE_BLOCKED);
    assert_int_equal(suspend(1), 0);
    assert_false(is_stopped());
    assert_int_equal(read_state(&registers), 0);
    assert_int_equal(registers.r15, 0xb6);
    assert_int_equal(write_state(&registers), -EBUSY);
    fake_run_for(600000000);
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_wait(world.thread), 0);
}

static void test_suspend_stops_a_call_whose_answer_comes(void **state)
{
    uint64_t words[8] = {0};
    handle_t port, session;
    uint64_t token;

    (void)state;
    begin(2);
    port = MAKE(world.debugger, SYS_port_create, job(), 4);
    (void)MAKE(world.debugger, SYS_session_create, port, 5, 0);
    session = fake_result2(world.debugger);
    fake_process_new(job(), &world.process);
    session = fake_grant(&world.process, session, RIGHTS_SAME);
    fake_process_start(&world.process);
    world.thread = world.process.main;
    assert_int_equal(fake_port_call(world.thread, session, 0, DEADLINE_NEVER, words), FAKE_BLOCKED);
    assert_int_equal(fake_reply_receive(world.debugger, port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_CALL);
    token = world.debugger->registers.r10;
    assert_int_equal(suspend(1), 0);
    assert_int_equal(
        fake_reply_receive(world.debugger, port, IPC_HEADER(7, 0, 0), DEADLINE_POLL, token, words),
        -ETIMEDOUT);
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_wait(world.thread), 0);
    assert_int_equal(world.thread->registers.rsi, IPC_HEADER(7, 0, 0));
}

static void test_suspend_before_the_start_stops_at_the_first_instruction(void **state)
{
    struct thread_registers registers;

    (void)state;
    begin(2);
    fake_process_new(job(), &world.process);
    assert_int_equal(suspend(1), 0);
    fake_process_start(&world.process);
    world.thread = world.process.main;
    assert_true(is_stopped());
    assert_int_equal(read_state(&registers), 0);
    assert_int_equal(registers.rip, FAKE_CODE);
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
}

static void test_suspend_itself_and_be_let_go(void **state)
{
    handle_t self;

    (void)state;
    begin(2);
    fake_process_new(job(), &world.process);
    self = fake_grant(&world.process, world.process.thread, RIGHTS_SAME);
    fake_process_start(&world.process);
    world.thread = world.process.main;
    fake_request_call(world.thread,
                      &(struct fake_registers){.rax = SYS_thread_suspend, .rdi = self, .rsi = 1});
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_wait(world.thread), 0);
}

static void test_suspended_thread_keeps_its_affinity(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(suspend(1), 0);
    assert_int_equal(fake_call(world.debugger, SYS_thread_set_affinity, world.process.thread, 2),
                     0);
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(world.thread->thread->affinity, 2);
}

static void test_suspended_thread_is_killed(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(fake_call(world.debugger, SYS_process_kill, world.process.process), 0);
    fake_run_for(50000000);
    assert_int_equal(fake_call(world.debugger, SYS_process_info, world.process.process), 1);
}

static void test_state_of_a_stopped_thread_is_read_and_written(void **state)
{
    struct thread_registers registers;

    (void)state;
    begin(2);
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
    assert_int_equal(read_state(&registers), -EBUSY);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(read_state(&registers), 0);
    assert_int_equal(registers.rax, ABI_VERSION);
    assert_int_equal(registers.rip, FAKE_SYSCALL_IP + 2);
    registers.rcx = 0x77;
    registers.gs_base = 0x5000;
    assert_int_equal(write_state(&registers), 0);
    assert_int_equal(world.thread->thread->frame.rcx, 0x77);
    assert_int_equal(world.thread->thread->arch.gs_base, 0x5000);
    registers.rip = USER_LIMIT;
    assert_int_equal(write_state(&registers), -EINVAL);
    assert_true(is_stopped());
    assert_int_equal(suspend(0), 0);
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
}

static void test_state_of_a_thread_with_an_exception_is_read_and_written(void **state)
{
    uint64_t words[8] = {0};
    struct thread_registers registers;
    uint64_t token;
    handle_t port;

    (void)state;
    begin(2);
    port = MAKE(world.debugger, SYS_port_create, job(), 4);
    assert_int_equal(fake_call(world.debugger, SYS_exception_bind, world.process.process, port, 1),
                     0);
    fake_request_exception(world.thread, EXCEPTION_BREAKPOINT, 0);
    fake_settle();
    assert_int_equal(read_state(&registers), 0); /* nobody has received it yet */
    assert_int_equal(fake_reply_receive(world.debugger, port, 0, DEADLINE_POLL, 0, words),
                     RECEIVED_CALL);
    token = world.debugger->registers.r10;
    registers.r11 = 0x99;
    assert_int_equal(write_state(&registers), 0);
    assert_int_equal(world.thread->thread->frame.r11, 0x99);
    assert_int_equal(
        fake_call(world.debugger, SYS_port_reply, port, token, IPC_HEADER(EXCEPTION_RESUME, 0, 0)),
        0);
    assert_int_equal(fake_call(world.thread, SYS_abi_version), ABI_VERSION);
    assert_int_equal(read_state(&registers), -EBUSY);
}

static int64_t breakpoint(uint64_t index, uint64_t address, uint64_t kind, uint64_t size)
{
    return fake_call(world.debugger, SYS_thread_set_breakpoint, world.process.thread, index,
                     address, kind, size);
}

static void test_breakpoints_of_a_stopped_thread(void **state)
{
    (void)state;
    begin(2);
    assert_int_equal(breakpoint(0, THEIRS, BREAKPOINT_WRITE, 8), -EBUSY);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(breakpoint(3, THEIRS, BREAKPOINT_WRITE, 8), 0);
    assert_int_equal(world.thread->thread->arch.breakpoints[3], THEIRS);
    assert_int_equal(breakpoint(3, 0, BREAKPOINT_NONE, 0), 0);
    assert_int_equal(world.thread->thread->arch.breakpoints[3], 0);
    assert_int_equal(breakpoint(4, THEIRS, BREAKPOINT_WRITE, 8), -EINVAL);
    assert_int_equal(breakpoint(1ul << 32, THEIRS, BREAKPOINT_WRITE, 8), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS, 4, 8), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS, BREAKPOINT_EXEC, 2), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS, BREAKPOINT_WRITE, 0), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS, BREAKPOINT_WRITE, 3), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS, BREAKPOINT_ACCESS, 16), -EINVAL);
    assert_int_equal(breakpoint(0, THEIRS + 4, BREAKPOINT_ACCESS, 8), -EINVAL);
    assert_int_equal(breakpoint(0, USER_LIMIT, BREAKPOINT_WRITE, 1), -EINVAL);
    assert_int_equal(breakpoint(0, 0xffffffff80100000, BREAKPOINT_EXEC, 1), -EINVAL);
}

static void test_state_needs_a_buffer_and_rights(void **state)
{
    struct fake_thread *debugger;
    handle_t weak;

    (void)state;
    begin(2);
    debugger = world.debugger;
    weak = with_rights(debugger, world.process.thread, RIGHTS_BASIC | RIGHT_MANAGE);
    assert_int_equal(fake_call(debugger, SYS_thread_suspend, weak, 1), -EACCES);
    assert_int_equal(fake_call(debugger, SYS_thread_read_state, weak), -EACCES);
    assert_int_equal(fake_call(debugger, SYS_thread_write_state, weak), -EACCES);
    assert_int_equal(suspend(2), -EINVAL);
    weak = with_rights(debugger, world.process.process, RIGHTS_BASIC | RIGHT_MANAGE);
    assert_int_equal(fake_call(debugger, SYS_process_read, weak, THEIRS, FAKE_DATA, 8), -EACCES);
    assert_int_equal(fake_call(debugger, SYS_process_write, weak, THEIRS, FAKE_DATA, 8), -EACCES);
}

static void test_fpu_state_is_read_and_written(void **state)
{
    struct fake_thread *debugger;
    handle_t thread, weak;
    uint32_t words[128];

    (void)state;
    begin(2);
    debugger = world.debugger;
    thread = world.process.thread;
    weak = with_rights(debugger, thread, RIGHTS_BASIC | RIGHT_MANAGE);
    assert_int_equal(fake_call(debugger, SYS_thread_read_fpu, weak), -EACCES);
    assert_int_equal(fake_call(debugger, SYS_thread_write_fpu, weak), -EACCES);
    assert_int_equal(fake_call(debugger, SYS_thread_read_fpu, thread), -EBUSY);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(fake_call(debugger, SYS_thread_read_fpu, thread), -ENOENT);
    assert_int_equal(fake_call(debugger, SYS_thread_write_fpu, thread), -ENOENT);
    assert_int_equal(suspend(0), 0);
    fake_request_access(world.thread, FAKE_FPU, 0, 0);
    (void)fake_wait(world.thread);
    assert_int_equal(suspend(1), 0);
    assert_true(is_stopped());
    assert_int_equal(fake_call(debugger, SYS_thread_read_fpu, thread), 512);
    memset(words, 0x11, sizeof(words));
    assert_true(fake_write_bytes(debugger, BUFFER + PAGE_SIZE, words, sizeof(words)));
    assert_int_equal(fake_call(debugger, SYS_thread_write_fpu, thread), -EINVAL);
    words[6] = 0x1f80;
    assert_true(fake_write_bytes(debugger, BUFFER + PAGE_SIZE, words, sizeof(words)));
    assert_int_equal(fake_call(debugger, SYS_thread_write_fpu, thread), 0);
    assert_memory_equal(world.thread->thread->arch.fpu_state, words, sizeof(words));
    memset(words, 0, sizeof(words));
    assert_true(fake_write_bytes(debugger, BUFFER + PAGE_SIZE, words, sizeof(words)));
    assert_int_equal(fake_call(debugger, SYS_thread_read_fpu, thread), 512);
    assert_true(fake_read_bytes(debugger, BUFFER + PAGE_SIZE, words, sizeof(words)));
    assert_int_equal(words[5], 0x11111111);
    assert_int_equal(words[6], 0x1f80);
}

static void test_process_memory_is_copied_both_ways(void **state)
{
    uint64_t value = 0;
    handle_t memory;

    (void)state;
    begin(2);
    memory = MAKE(world.debugger, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    MAKE(world.debugger, SYS_aspace_map, world.process.aspace, memory, 0, THEIRS, 2 * PAGE_SIZE,
         MAP_READ | MAP_WRITE | MAP_FIXED);
    assert_true(fake_write(world.debugger, FAKE_DATA, 0x1122334455667788));
    assert_int_equal(fake_call(world.debugger, SYS_process_write, world.process.process,
                               THEIRS + PAGE_SIZE - 4, FAKE_DATA, 8),
                     8);
    assert_true(fake_read(world.thread, THEIRS + PAGE_SIZE, &value));
    assert_int_equal(value, 0x11223344);
    assert_int_equal(fake_call(world.debugger, SYS_process_read, world.process.process,
                               THEIRS + PAGE_SIZE - 4, FAKE_DATA + 64, 8),
                     8);
    assert_true(fake_read(world.debugger, FAKE_DATA + 64, &value));
    assert_int_equal(value, 0x1122334455667788);
}

/* Both sides of the copy are one page, and overlap. */
static void test_process_memory_that_is_shared_is_copied_in_order(void **state)
{
    const uint64_t ours = 0x6600000;
    uint64_t value;
    handle_t memory;

    (void)state;
    begin(2);
    memory = MAKE(world.debugger, SYS_memory_create, job(), PAGE_SIZE, 0);
    MAKE(world.debugger, SYS_aspace_map, world.process.aspace, memory, 0, THEIRS, PAGE_SIZE,
         MAP_READ | MAP_WRITE | MAP_FIXED);
    MAKE(world.debugger, SYS_aspace_map, fake_bootstrap(BOOTSTRAP_ASPACE), memory, 0, ours,
         PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(fake_write(world.debugger, ours + 8 * i, i + 1));
    }
    assert_int_equal(
        fake_call(world.debugger, SYS_process_read, world.process.process, THEIRS, ours + 8, 16),
        16);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(fake_read(world.debugger, ours + 8 * i, &value));
        assert_int_equal(value, i == 0 ? 1 : i);
    }
}

static void test_process_memory_that_is_not_there(void **state)
{
    struct fake_thread *debugger;
    handle_t process;

    (void)state;
    begin(2);
    debugger = world.debugger;
    process = world.process.process;
    assert_int_equal(fake_call(debugger, SYS_process_read, process, THEIRS, FAKE_DATA, 8), -EIO);
    assert_int_equal(fake_call(debugger, SYS_process_read, process, USER_LIMIT, FAKE_DATA, 8),
                     -EIO);
    assert_int_equal(fake_call(debugger, SYS_process_read, process, UINT64_MAX, FAKE_DATA, 8),
                     -EIO);
    assert_int_equal(fake_call(debugger, SYS_process_read, process, THEIRS, 0x5000000000, 8), -EIO);
    assert_int_equal(fake_call(debugger, SYS_process_read, process, THEIRS, USER_LIMIT, 8),
                     -EFAULT);
    assert_int_equal(fake_call(debugger, SYS_process_write, process, FAKE_CODE, FAKE_DATA, 8),
                     -EIO);
    assert_int_equal(fake_call(debugger, SYS_process_read, process, THEIRS, FAKE_DATA, 0), 0);
}

static void test_process_mappings_are_walked(void **state)
{
    struct fake_thread *debugger;
    handle_t process, memory;
    uint64_t address = 0;
    unsigned seen = 0;

    (void)state;
    begin(1);
    debugger = world.debugger;
    process = world.process.process;
    memory = MAKE(debugger, SYS_memory_create, job(), 2 * PAGE_SIZE, 0);
    MAKE(debugger, SYS_aspace_map, world.process.aspace, memory, 0, THEIRS, 2 * PAGE_SIZE,
         MAP_READ | MAP_FIXED | MAP_FORK_SHARE);
    for (;;) {
        int64_t start = fake_call(debugger, SYS_process_mapping, process, address);

        if (start == -ENOENT) {
            break;
        }
        assert_true(start >= (int64_t)address);
        address = fake_result2(debugger);
        assert_true((int64_t)address > start);
        if (start == THEIRS) {
            seen++;
            assert_int_equal(address, THEIRS + 2 * PAGE_SIZE);
            assert_int_equal(fake_result3(debugger), MAP_READ | MAP_FORK_SHARE);
        }
    }
    assert_int_equal(seen, 1);
    assert_int_equal(fake_call(debugger, SYS_process_mapping, process, THEIRS + PAGE_SIZE + 1),
                     THEIRS);
    assert_int_equal(fake_call(debugger, SYS_process_mapping, process, THEIRS - 1), THEIRS);
    assert_int_equal(fake_call(debugger, SYS_process_mapping, process, UINT64_MAX), -ENOENT);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_suspend_stops_a_thread_that_runs),
    FAKE_TEST(test_suspend_stops_a_thread_that_is_ready),
    FAKE_TEST(test_suspend_lets_a_wait_end_first),
    FAKE_TEST(test_suspend_stops_a_call_whose_answer_comes),
    FAKE_TEST(test_suspend_before_the_start_stops_at_the_first_instruction),
    FAKE_TEST(test_suspend_itself_and_be_let_go),
    FAKE_TEST(test_suspended_thread_keeps_its_affinity),
    FAKE_TEST(test_suspended_thread_is_killed),
    FAKE_TEST(test_state_of_a_stopped_thread_is_read_and_written),
    FAKE_TEST(test_state_of_a_thread_with_an_exception_is_read_and_written),
    FAKE_TEST(test_breakpoints_of_a_stopped_thread),
    FAKE_TEST(test_state_needs_a_buffer_and_rights),
    FAKE_TEST(test_fpu_state_is_read_and_written),
    FAKE_TEST(test_process_memory_is_copied_both_ways),
    FAKE_TEST(test_process_memory_that_is_shared_is_copied_in_order),
    FAKE_TEST(test_process_memory_that_is_not_there),
    FAKE_TEST(test_process_mappings_are_walked),
};

FAKE_TEST_MAIN(tests)
