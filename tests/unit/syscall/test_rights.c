/* SPDX-License-Identifier: MIT */
/*
 * Every handle argument of every call: closed, revoked, of another type, and without each right
 * that it needs. A call with handles that is missing below fails the last test.
 */
#include "unit/object/start.h"

#include <string.h>

static const struct use {
    uint16_t number;
    struct {
        uint8_t type;
        rights_t rights;
    } handles[3];          /* the first arguments, or, with `skip`, those behind it */
    uint64_t arguments[6]; /* the others; those in the handles' places do not count */
    bool skip;             /* the second handle is the third argument */
} uses[] = {
    {SYS_handle_dup, {{OBJECT_NONE, RIGHT_DUP}}, {0}, false},
    {SYS_handle_revoke, {{OBJECT_NONE, 0}}, {0}, false},
    {SYS_handle_info, {{OBJECT_NONE, 0}}, {0}, false},
    {SYS_handle_grant,
     {{OBJECT_PROCESS, RIGHT_MANAGE}, {OBJECT_NONE, RIGHT_TRANSFER | RIGHT_DUP}},
     {0, 0, RIGHTS_SAME, HANDLE_COPY},
     false},
    {SYS_handle_fork, {{OBJECT_PROCESS, RIGHT_MANAGE}, {OBJECT_PROCESS, RIGHT_MANAGE}}, {0}, false},
    {SYS_object_wait, {{OBJECT_NONE, RIGHT_WAIT}}, {0, 1}, false},
    {SYS_memory_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0, PAGE_SIZE}, false},
    {SYS_memory_info, {{OBJECT_MEMORY, RIGHT_INSPECT}}, {0}, false},
    {SYS_memory_physical,
     {{OBJECT_RESOURCE, RIGHT_MINT_MEMORY}, {OBJECT_JOB, RIGHT_CREATE}},
     {0, 0, 0xfe000000, PAGE_SIZE},
     false},
    {SYS_memory_resize, {{OBJECT_MEMORY, RIGHT_RESIZE}}, {0, PAGE_SIZE}, false},
    {SYS_memory_decommit, {{OBJECT_MEMORY, RIGHT_WRITE}}, {0, 0, PAGE_SIZE}, false},
    {SYS_memory_clone,
     {{OBJECT_JOB, RIGHT_CREATE}, {OBJECT_MEMORY, RIGHT_READ}},
     {0, 0, 0, PAGE_SIZE},
     false},
    {SYS_memory_supply,
     {{OBJECT_MEMORY, RIGHT_WRITE}, {OBJECT_MEMORY, RIGHT_READ}},
     {0, 0, 0, 0, PAGE_SIZE},
     true},
    {SYS_memory_pager,
     {{OBJECT_JOB, RIGHT_CREATE}, {OBJECT_PORT, RIGHT_BIND}},
     {0, PAGE_SIZE, 0, 0, 1},
     true},
    {SYS_aspace_map,
     {{OBJECT_ASPACE, RIGHT_MAP}, {OBJECT_MEMORY, RIGHT_READ | RIGHT_WRITE}},
     {0, 0, 0, 0, PAGE_SIZE, MAP_READ | MAP_WRITE},
     false},
    {SYS_aspace_unmap, {{OBJECT_ASPACE, RIGHT_MAP}}, {0, 0x30000000000, PAGE_SIZE}, false},
    {SYS_aspace_protect, {{OBJECT_ASPACE, RIGHT_MAP}}, {0, 0x30000000000, PAGE_SIZE}, false},
    {SYS_aspace_fork, {{OBJECT_ASPACE, RIGHT_MAP}, {OBJECT_ASPACE, RIGHT_MAP}}, {0}, false},
    {SYS_port_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0, 1}, false},
    {SYS_port_call, {{OBJECT_SESSION, RIGHT_CALL}}, {0}, false},
    {SYS_port_reply_receive, {{OBJECT_PORT, RIGHT_RECV}}, {0}, false},
    {SYS_port_reply, {{OBJECT_PORT, RIGHT_RECV}}, {0, 1}, false},
    {SYS_token_drop, {{OBJECT_PORT, RIGHT_RECV}}, {0, 1}, false},
    {SYS_session_create, {{OBJECT_PORT, RIGHT_MINT}}, {0}, false},
    {SYS_port_bind, {{OBJECT_PORT, RIGHT_BIND}, {OBJECT_NONE, RIGHT_WAIT}}, {0, 0, 1}, false},
    {SYS_port_unbind, {{OBJECT_PORT, RIGHT_BIND}, {OBJECT_NONE, 0}}, {0}, false},
    {SYS_port_notify, {{OBJECT_PORT, RIGHT_NOTIFY}}, {0, 1}, false},
    {SYS_lease_read, {{OBJECT_PORT, RIGHT_RECV}}, {0, 1}, false},
    {SYS_lease_write, {{OBJECT_PORT, RIGHT_RECV}}, {0, 1}, false},
    {SYS_lease_info, {{OBJECT_PORT, RIGHT_RECV}}, {0, 1}, false},
    {SYS_channel_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0, 1}, false},
    {SYS_channel_send, {{OBJECT_CHANNEL_SENDER, RIGHT_SEND}}, {0}, false},
    {SYS_channel_receive, {{OBJECT_CHANNEL_RECEIVER, RIGHT_RECV}}, {0}, false},
    {SYS_event_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0}, false},
    {SYS_event_signal, {{OBJECT_EVENT, RIGHT_SIGNAL}}, {0}, false},
    {SYS_event_wait, {{OBJECT_EVENT, RIGHT_WAIT}}, {0, 1, 0}, false},
    {SYS_event_wait, {{OBJECT_EVENT, RIGHT_WAIT | RIGHT_SIGNAL}}, {0, 1, 1}, false},
    {SYS_timer_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0}, false},
    {SYS_timer_set, {{OBJECT_TIMER, RIGHT_SET}}, {0}, false},
    {SYS_irq_create,
     {{OBJECT_RESOURCE, RIGHT_MINT_IRQ}, {OBJECT_JOB, RIGHT_CREATE}},
     {0, 0, 7},
     false},
    {SYS_irq_ack, {{OBJECT_IRQ, RIGHT_ACK}}, {0}, false},
    {SYS_io_create,
     {{OBJECT_RESOURCE, RIGHT_MINT_IO}, {OBJECT_JOB, RIGHT_CREATE}},
     {0, 0, 0x200, 1},
     false},
    {SYS_io_read, {{OBJECT_IO, RIGHT_USE}}, {0, 0, 1}, false},
    {SYS_io_write, {{OBJECT_IO, RIGHT_USE}}, {0, 0, 1}, false},
    {SYS_process_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0}, false},
    {SYS_process_kill, {{OBJECT_PROCESS, RIGHT_MANAGE}}, {0}, false},
    {SYS_process_info, {{OBJECT_PROCESS, RIGHT_INSPECT}}, {0}, false},
    {SYS_thread_create, {{OBJECT_PROCESS, RIGHT_MANAGE}}, {0}, false},
    {SYS_thread_start, {{OBJECT_THREAD, RIGHT_MANAGE}}, {0}, false},
    {SYS_thread_kill, {{OBJECT_THREAD, RIGHT_MANAGE}}, {0}, false},
    {SYS_thread_kick, {{OBJECT_THREAD, RIGHT_MANAGE}}, {0}, false},
    {SYS_thread_set_priority, {{OBJECT_THREAD, RIGHT_MANAGE}}, {0, 100}, false},
    {SYS_thread_set_affinity, {{OBJECT_THREAD, RIGHT_MANAGE}}, {0, 1}, false},
    {SYS_exception_bind, {{OBJECT_THREAD, RIGHT_MANAGE}, {OBJECT_PORT, RIGHT_BIND}}, {0}, false},
    {SYS_exception_thread, {{OBJECT_PORT, RIGHT_RECV}}, {0}, false},
    {SYS_thread_suspend, {{OBJECT_THREAD, RIGHT_WRITE_STATE}}, {0}, false},
    {SYS_thread_read_state, {{OBJECT_THREAD, RIGHT_READ_STATE}}, {0}, false},
    {SYS_thread_write_state, {{OBJECT_THREAD, RIGHT_WRITE_STATE}}, {0}, false},
    {SYS_thread_read_fpu, {{OBJECT_THREAD, RIGHT_READ_STATE}}, {0}, false},
    {SYS_thread_write_fpu, {{OBJECT_THREAD, RIGHT_WRITE_STATE}}, {0}, false},
    {SYS_thread_set_breakpoint, {{OBJECT_THREAD, RIGHT_WRITE_STATE}}, {0}, false},
    {SYS_exception_process, {{OBJECT_PORT, RIGHT_RECV}}, {0}, false},
    {SYS_process_thread, {{OBJECT_PROCESS, RIGHT_MANAGE | RIGHT_READ_STATE}}, {0}, false},
    {SYS_process_mapping, {{OBJECT_PROCESS, RIGHT_READ_STATE}}, {0}, false},
    {SYS_process_read, {{OBJECT_PROCESS, RIGHT_READ_STATE}}, {0}, false},
    {SYS_process_write, {{OBJECT_PROCESS, RIGHT_WRITE_STATE}}, {0}, false},
    {SYS_job_create, {{OBJECT_JOB, RIGHT_CREATE}}, {0}, false},
    {SYS_job_set_limit, {{OBJECT_JOB, RIGHT_MANAGE}}, {0, 0, JOB_UNLIMITED}, false},
    {SYS_job_info, {{OBJECT_JOB, RIGHT_INSPECT}}, {0}, false},
    {SYS_job_kill, {{OBJECT_JOB, RIGHT_MANAGE}}, {0}, false},
    {SYS_log_read, {{OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}}, {0}, false},
    {SYS_log_bind, {{OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}, {OBJECT_PORT, RIGHT_BIND}}, {0}, false},
    {SYS_trace_open,
     {{OBJECT_RESOURCE, RIGHT_TRACE}, {OBJECT_JOB, RIGHT_CREATE}},
     {0, 0, 64},
     false},
    {SYS_trace_control, {{OBJECT_RESOURCE, RIGHT_TRACE}}, {0}, false},
    {SYS_trace_filter, {{OBJECT_RESOURCE, RIGHT_TRACE}}, {0}, false},
    {SYS_system_info, {{OBJECT_RESOURCE, RIGHT_SYSTEM_INFO}}, {0}, false},
    {SYS_system_halt, {{OBJECT_RESOURCE, RIGHT_POWER}}, {0}, false},
};

#define USE_COUNT (sizeof(uses) / sizeof(uses[0]))

/* A handle of each type, with all rights that it can have. */
static handle_t handles[OBJECT_TYPE_COUNT];

static struct fake_thread *begin(void)
{
    struct fake_thread *t = start();
    handle_t child = MAKE(t, SYS_job_create, job());

    handles[OBJECT_JOB] = child;
    handles[OBJECT_PROCESS] = MAKE(t, SYS_process_create, child, 0, 0);
    handles[OBJECT_ASPACE] = fake_result2(t);
    handles[OBJECT_THREAD] = MAKE(t, SYS_thread_create, handles[OBJECT_PROCESS]);
    handles[OBJECT_MEMORY] = MAKE(t, SYS_memory_create, child, PAGE_SIZE, MEMORY_RESIZABLE);
    handles[OBJECT_PORT] = MAKE(t, SYS_port_create, child, 4);
    (void)MAKE(t, SYS_session_create, handles[OBJECT_PORT], 1, 0);
    handles[OBJECT_SESSION] = fake_result2(t);
    handles[OBJECT_CHANNEL_SENDER] = MAKE(t, SYS_channel_create, child, 1, 64, 0);
    handles[OBJECT_CHANNEL_RECEIVER] = fake_result2(t);
    handles[OBJECT_EVENT] = MAKE(t, SYS_event_create, child);
    handles[OBJECT_TIMER] = MAKE(t, SYS_timer_create, child);
    handles[OBJECT_IRQ] = MAKE(t, SYS_irq_create, resource(), child, 5);
    handles[OBJECT_IO] = MAKE(t, SYS_io_create, resource(), child, 0x100, 4);
    handles[OBJECT_RESOURCE] = resource();
    return t;
}

static handle_t good(const struct use *use, unsigned i)
{
    return handles[use->handles[i].type == OBJECT_NONE ? OBJECT_EVENT : use->handles[i].type];
}

static unsigned handle_count(const struct use *use)
{
    return use->handles[1].type != 0 || use->handles[1].rights != 0 ||
                   use->number == SYS_port_unbind
               ? 2
               : 1;
}

/* The call with `handle` as its i-th handle and good ones before and behind. */
static int64_t call_with(struct fake_thread *t, const struct use *use, unsigned i, handle_t handle)
{
    uint64_t arguments[6];

    memcpy(arguments, use->arguments, sizeof(arguments));
    for (unsigned j = 0; j < handle_count(use); j++) {
        arguments[use->skip ? 2 * j : j] = j == i ? handle : good(use, j);
    }
    return fake_call6(t, use->number, arguments);
}

static void expect(struct fake_thread *t, const struct use *use, unsigned i, handle_t handle,
                   int64_t expected, const char *what)
{
    int64_t result = call_with(t, use, i, handle);

    if (result != expected) {
        fail_msg("call %u, handle %u, %s: %ld, expected %ld", use->number, i + 1, what,
                 (long)result, (long)expected);
    }
}

static void test_calls_refuse_handles_that_are_none(void **state)
{
    struct fake_thread *t = begin();
    handle_t closed = stale(t);

    (void)state;
    for (const struct use *use = uses; use < uses + USE_COUNT; use++) {
        for (unsigned i = 0; i < handle_count(use); i++) {
            expect(t, use, i, closed, -EBADF, "closed");
            if (use->number != SYS_exception_bind || i == 0) { /* whose port may be none */
                expect(t, use, i, 0, -EBADF, "0");
            }
            expect(t, use, i, UINT64_MAX, -EBADF, "made up");
            expect(t, use, i, good(use, i) + (1ul << 40), -EBADF, "of a later generation");
        }
    }
    assert_int_equal(fake_call(t, SYS_handle_close, closed), -EBADF);
    assert_int_equal(fake_call(t, SYS_handle_close, 0), -EBADF);
}

static void test_calls_refuse_revoked_handles(void **state)
{
    struct fake_thread *t = begin();

    (void)state;
    for (const struct use *use = uses; use < uses + USE_COUNT; use++) {
        for (unsigned i = 0; i < handle_count(use); i++) {
            handle_t parent = with_rights(t, good(use, i), RIGHTS_SAME);
            handle_t child = with_rights(t, parent, RIGHTS_SAME);

            assert_int_equal(fake_call(t, SYS_handle_revoke, parent), 0);
            expect(t, use, i, child, -EREVOKED, "revoked");
            assert_int_equal(fake_call(t, SYS_handle_close, child), 0);
            assert_int_equal(fake_call(t, SYS_handle_close, parent), 0);
        }
    }
}

static bool takes_type(const struct use *use, unsigned i, unsigned type)
{
    return use->handles[i].type == OBJECT_NONE || type == use->handles[i].type ||
           (use->number == SYS_exception_bind && i == 0 &&
            (type == OBJECT_JOB || type == OBJECT_PROCESS));
}

static void test_calls_refuse_handles_of_other_types(void **state)
{
    struct fake_thread *t = begin();

    (void)state;
    for (const struct use *use = uses; use < uses + USE_COUNT; use++) {
        for (unsigned i = 0; i < handle_count(use); i++) {
            for (unsigned type = 1; type < OBJECT_TYPE_COUNT; type++) {
                if (!takes_type(use, i, type) && handles[type] != 0) {
                    expect(t, use, i, handles[type], -EWRONG_TYPE, "of another type");
                }
            }
        }
    }
}

static void test_calls_refuse_handles_without_a_right(void **state)
{
    struct fake_thread *t = begin();

    (void)state;
    for (const struct use *use = uses; use < uses + USE_COUNT; use++) {
        for (unsigned i = 0; i < handle_count(use); i++) {
            for (rights_t left = use->handles[i].rights; left != 0; left &= left - 1) {
                rights_t without = left & -left;
                handle_t weak = with_rights(t, good(use, i), ~without);

                expect(t, use, i, weak, -EACCES, "without a right");
                assert_int_equal(fake_call(t, SYS_handle_close, weak), 0);
            }
        }
    }
}

static const struct {
    uint16_t number;
    const char *name, *arguments;
} ledger[] = {
#define SYSCALL(number, name, arguments, summary) {number, #name, #arguments},
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

static unsigned count_handles(const char *arguments)
{
    unsigned count = 0;

    while ((arguments = strstr(arguments, "handle_t ")) != NULL) {
        arguments++;
        count++;
    }
    return count;
}

static void test_calls_with_handles_are_all_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ledger) / sizeof(ledger[0]); i++) {
        unsigned found = 0;

        for (size_t j = 0; j < USE_COUNT; j++) {
            found = uses[j].number == ledger[i].number ? handle_count(&uses[j]) : found;
        }
        if (found != count_handles(ledger[i].arguments) && ledger[i].number != SYS_handle_close) {
            fail_msg("%s has %u handles, the table above knows %u", ledger[i].name,
                     count_handles(ledger[i].arguments), found);
        }
    }
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_calls_refuse_handles_that_are_none),
    FAKE_TEST(test_calls_refuse_revoked_handles),
    FAKE_TEST(test_calls_refuse_handles_of_other_types),
    FAKE_TEST(test_calls_refuse_handles_without_a_right),
    FAKE_TEST(test_calls_with_handles_are_all_here),
};

FAKE_TEST_MAIN(tests)
