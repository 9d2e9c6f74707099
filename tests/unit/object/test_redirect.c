/* SPDX-License-Identifier: MIT */
/* Redirect: a thread whose system calls, faults and kicks go to a library. */
#include "unit/object/start.h"

#include <string.h>
#include <quay/abi/errno.h>
#include <quay/abi/redirect.h>
#include "sched/thread.h"

#define LIBRARY    0x7000000ul
#define ENTRY      (LIBRARY + 0x40)
#define EXIT       (LIBRARY + 0x100)
#define EXIT_END   (LIBRARY + 0x140)
#define STACK      0x7100000ul
#define ELSEWHERE  0x5000000ul
#define USER_FLAGS 0x254dd5ul

/* init watches; a process redirects. */
static struct {
    struct fake_thread *init, *guest;
    struct fake_process process;
    struct redirect *redirect;
    struct user_frame *frame;
} world;

/* The call instruction of the fake machine belongs to the library, or to the guest. */
static void calls_are_of(bool library)
{
    world.redirect->start = library ? FAKE_CODE : LIBRARY;
    world.redirect->end = library ? FAKE_CODE + PAGE_SIZE : LIBRARY + PAGE_SIZE;
}

static void begin_with(unsigned cpus, unsigned choice)
{
    world.init = start_with(cpus, choice);
    fake_process_create(&world.process);
    world.guest = world.process.main;
    (void)MAKE(world.guest, SYS_thread_buffer, 0);
    world.redirect = &world.guest->thread->buffer->redirect;
    world.frame = &world.guest->thread->frame;
    *world.redirect =
        (struct redirect){.entry = ENTRY, .stack = STACK, .exit_start = EXIT, .exit_end = EXIT_END};
    calls_are_of(true);
    assert_int_equal(fake_call(world.guest, SYS_thread_redirect, 1), 0);
}

static void begin(void)
{
    begin_with(1, 0);
}

static void resume(void)
{
    const struct fake_registers call = {.rax = SYS_thread_resume};

    fake_request_call(world.guest, &call);
    (void)fake_wait(world.guest);
}

static int64_t kick(void)
{
    return fake_call(world.init, SYS_thread_kick, world.process.thread, 0);
}

/* The thread goes on there, in user mode, by thread_resume. */
static void go(uint64_t ip)
{
    calls_are_of(true);
    world.redirect->registers = (struct thread_registers){.rip = ip, .rsp = 0x123456, .rbx = 7};
    resume();
    assert_int_equal(world.frame->rip, ip);
    world.redirect->start = LIBRARY;
    world.redirect->end = LIBRARY + PAGE_SIZE;
}

static void assert_in_library(uint64_t reason)
{
    assert_int_equal(world.frame->rip, ENTRY);
    assert_int_equal(world.frame->rsp, STACK);
    assert_int_equal(world.frame->rflags, 0x202);
    assert_int_equal(world.redirect->reason, reason);
}

static void test_redirect_needs_a_buffer_and_a_flag(void **state)
{
    (void)state;
    assert_int_equal(fake_call(start(), SYS_thread_redirect, 1), -ENO_BUFFER);
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_redirect, 2), -EINVAL);
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_redirect, 1ul << 32), -EINVAL);
    assert_int_equal(fake_call(fake_init_thread(), SYS_thread_resume), -EINVAL);
}

static void test_calls_of_the_library_are_served_and_those_of_the_guest_redirected(void **state)
{
    const struct fake_registers call = {.rax = SYS_port_call, .rdi = 1, .r9 = 2, .r15 = 3};

    (void)state;
    begin();
    assert_true(fake_call(world.guest, SYS_clock_read) > 0);
    calls_are_of(false);
    fake_request_call(world.guest, &call);
    (void)fake_wait(world.guest);
    assert_in_library(REDIRECT_SYSCALL);
    assert_int_equal(world.redirect->registers.rax, SYS_port_call);
    assert_int_equal(world.redirect->registers.rdi, 1);
    assert_int_equal(world.redirect->registers.r9, 2);
    assert_int_equal(world.redirect->registers.r15, 3);
    assert_int_equal(world.redirect->registers.rip, FAKE_SYSCALL_IP + 2);
}

static void test_redirect_can_be_turned_off(void **state)
{
    (void)state;
    begin();
    assert_int_equal(fake_call(world.guest, SYS_thread_redirect, 0), 0);
    calls_are_of(false);
    assert_true(fake_call(world.guest, SYS_clock_read) > 0);
}

static void test_resume_loads_all_registers_and_no_forbidden_flag(void **state)
{
    struct thread_registers want;

    (void)state;
    begin();
    for (size_t i = 0; i < sizeof(want) / 8; i++) {
        ((uint64_t *)&want)[i] = 0x1111 * (i + 1);
    }
    want.rip = ELSEWHERE;
    want.rflags = UINT64_MAX;
    world.redirect->registers = want;
    resume();
    assert_memory_equal(world.frame, &want, offsetof(struct thread_registers, rip));
    assert_int_equal(world.frame->rip, ELSEWHERE);
    assert_int_equal(world.frame->rsp, want.rsp);
    assert_int_equal(world.frame->rflags, USER_FLAGS | 0x202);
    assert_int_equal(world.frame->cs, USER_CS);
    assert_int_equal(world.frame->ss, USER_SS);
    assert_int_not_equal(world.frame->vector, 0); /* rcx and r11 are loaded too */
}

static void test_faults_of_the_guest_are_redirected(void **state)
{
    static const struct {
        enum fake_request_kind kind;
        uint64_t access;
    } faults[] = {
        {FAKE_READ, REDIRECT_READ}, {FAKE_WRITE, REDIRECT_WRITE}, {FAKE_EXEC, REDIRECT_EXEC}};

    (void)state;
    begin();
    for (unsigned i = 0; i < 3; i++) {
        go(ELSEWHERE);
        fake_request_access(world.guest, faults[i].kind, 0x3000, 5);
        (void)fake_wait(world.guest);
        assert_in_library(REDIRECT_PAGE_FAULT);
        assert_int_equal(world.redirect->detail[0], 0x3000);
        assert_int_equal(world.redirect->detail[1], faults[i].access);
        assert_int_equal(world.redirect->registers.rip, ELSEWHERE);
        assert_int_equal(world.redirect->registers.rbx, 7);
    }
    go(ELSEWHERE);
    fake_request_exception(world.guest, 6, 0);
    (void)fake_wait(world.guest);
    fake_settle();
    assert_in_library(REDIRECT_EXCEPTION);
    assert_int_equal(world.redirect->detail[0], 6);
}

static void test_faults_of_the_library_end_the_process(void **state)
{
    (void)state;
    begin();
    go(LIBRARY);
    assert_false(fake_write(world.guest, 0x3000, 1));
}

static void test_entry_that_nobody_can_go_to_redirects_no_fault(void **state)
{
    (void)state;
    begin();
    go(ELSEWHERE);
    world.redirect->entry = USER_LIMIT;
    assert_false(fake_write(world.guest, 0x3000, 1));
}

static void kick_the_guest(void)
{
    go(ELSEWHERE);
    assert_int_equal(kick(), 0);
    fake_run_for(100000000);
    assert_in_library(REDIRECT_KICK);
    assert_int_equal(world.redirect->kicked, 1);
    assert_int_equal(world.redirect->registers.rip, ELSEWHERE);
    assert_int_equal(world.guest->thread->flags & THREAD_KICKED, 0);
}

static void test_kick_finds_a_guest_that_is_ready(void **state)
{
    (void)state;
    begin(); /* one CPU, on which init runs */
    kick_the_guest();
}

static void test_kick_finds_a_guest_that_runs(void **state)
{
    (void)state;
    begin_with(2, 0);
    kick_the_guest();
}

static void test_kick_in_the_exit_window_begins_it_again(void **state)
{
    (void)state;
    begin();
    go(EXIT_END - 2);
    assert_int_equal(kick(), 0);
    fake_run_for(100000000);
    assert_int_equal(world.frame->rip, EXIT);
    assert_int_equal(world.redirect->kicked, 1);
}

static void test_kick_in_the_library_is_left_for_it(void **state)
{
    (void)state;
    begin();
    go(LIBRARY);
    assert_int_equal(kick(), 0);
    fake_run_for(100000000);
    assert_int_equal(world.frame->rip, LIBRARY);
    assert_int_equal(world.redirect->kicked, 1);
    calls_are_of(true);
    assert_int_equal(fake_call(world.guest, SYS_thread_sleep, DEADLINE_NEVER), -EINTR);
    assert_int_equal(fake_call(world.guest, SYS_thread_sleep, DEADLINE_NEVER), FAKE_BLOCKED);
}

static void test_resume_does_not_pass_a_kick(void **state)
{
    (void)state;
    begin();
    world.redirect->registers.rip = ELSEWHERE;
    world.redirect->kicked = 1;
    resume();
    assert_in_library(REDIRECT_KICK);
    assert_int_equal(world.redirect->registers.rip, ELSEWHERE);
    world.redirect->kicked = 0;
    resume();
    assert_int_equal(world.frame->rip, ELSEWHERE);
    world.redirect->kicked = 1;
    world.redirect->entry = USER_LIMIT;
    assert_int_equal(fake_call(world.guest, SYS_thread_resume), -EINVAL);
}

/* On several CPUs, with all that comes between: each kick is seen in the guest. */
static void test_kicks_are_never_lost(void **state)
{
    (void)state;
    begin_with(3, 3);
    for (unsigned i = 0; i < 300; i++) {
        go(ELSEWHERE);
        assert_int_equal(kick(), 0);
        if (i % 2 == 0) {
            assert_int_equal(kick(), 0);
        }
        fake_run_for(100000000);
        assert_in_library(REDIRECT_KICK);
        calls_are_of(true); /* now without what may be left of it */
        if (fake_call(world.guest, SYS_thread_sleep, (uint64_t)fake_now() + 1000) == FAKE_BLOCKED) {
            fake_run_for(2000);
            (void)fake_wait(world.guest);
        }
        world.redirect->kicked = 0;
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_redirect_needs_a_buffer_and_a_flag),
    FAKE_TEST(test_calls_of_the_library_are_served_and_those_of_the_guest_redirected),
    FAKE_TEST(test_redirect_can_be_turned_off),
    FAKE_TEST(test_resume_loads_all_registers_and_no_forbidden_flag),
    FAKE_TEST(test_faults_of_the_guest_are_redirected),
    FAKE_TEST(test_faults_of_the_library_end_the_process),
    FAKE_TEST(test_entry_that_nobody_can_go_to_redirects_no_fault),
    FAKE_TEST(test_kick_finds_a_guest_that_is_ready),
    FAKE_TEST(test_kick_in_the_exit_window_begins_it_again),
    FAKE_TEST(test_kick_in_the_library_is_left_for_it),
    FAKE_TEST(test_resume_does_not_pass_a_kick),
    FAKE_TEST(test_kick_finds_a_guest_that_runs),
    FAKE_TEST(test_kicks_are_never_lost),
};

FAKE_TEST_MAIN(tests)
