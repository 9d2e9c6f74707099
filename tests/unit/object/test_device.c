/* SPDX-License-Identifier: MIT */
/* Interrupt lines, I/O ports and the resource that they are minted from. */
#include "unit/object/start.h"

#include <string.h>
#include "mm/inject.h"
#include "object/irq.h"

#define LINE 5

static int64_t fired(struct fake_thread *t, handle_t irq)
{
    return fake_call(t, SYS_object_wait, irq, SIGNAL_FIRED, DEADLINE_POLL);
}

static void close_handle(struct fake_thread *t, handle_t handle)
{
    assert_int_equal(fake_call(t, SYS_handle_close, handle), 0);
}

static void test_irq_create_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t weak = with_rights(t, resource(), RIGHTS_BASIC | RIGHT_MINT_IO);

    (void)state;
    assert_int_equal(fake_call(t, SYS_irq_create, weak, job(), LINE), -EACCES);
    assert_int_equal(fake_call(t, SYS_irq_create, job(), job(), LINE), -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_irq_create, resource(), resource(), LINE), -EWRONG_TYPE);
    assert_int_equal(fake_call(t, SYS_irq_create, resource(), job(), 100000), -EINVAL);
    assert_int_equal(fake_call(t, SYS_irq_create, resource(), job(), 1ul << 32 | LINE), -EINVAL);
}

static void test_irq_line_has_one_owner_until_its_last_handle_goes(void **state)
{
    struct fake_thread *t = start();
    handle_t irq = MAKE(t, SYS_irq_create, resource(), job(), LINE);
    handle_t copy = MAKE(t, SYS_handle_dup, irq, RIGHTS_SAME);

    (void)state;
    assert_int_equal(fake_call(t, SYS_irq_create, resource(), job(), LINE), -EBUSY);
    close_handle(t, irq);
    assert_int_equal(fake_call(t, SYS_irq_create, resource(), job(), LINE), -EBUSY);
    close_handle(t, copy);
    assert_true(fake_irq_is_masked(LINE));
    (void)MAKE(t, SYS_irq_create, resource(), job(), LINE);
    assert_false(fake_irq_is_masked(LINE));
}

static void test_irq_fires_once_until_acknowledged(void **state)
{
    struct fake_thread *t = start();
    handle_t irq = MAKE(t, SYS_irq_create, resource(), job(), LINE);

    (void)state;
    assert_int_equal(fired(t, irq), -ETIMEDOUT);
    fake_irq_raise(LINE);
    fake_settle();
    assert_int_equal(fired(t, irq), SIGNAL_FIRED);
    assert_true(fake_irq_is_masked(LINE));
    assert_int_equal(fake_call(t, SYS_irq_ack, irq), 0);
    assert_false(fake_irq_is_masked(LINE));
    assert_int_equal(fired(t, irq), -ETIMEDOUT);
    assert_int_equal(fake_call(t, SYS_irq_ack, with_rights(t, irq, RIGHTS_BASIC)), -EACCES);
}

static void test_irq_wakes_who_waits_for_it(void **state)
{
    struct fake_thread *t = start_with(2, 10);
    handle_t irq = MAKE(t, SYS_irq_create, resource(), job(), LINE);

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(fake_call(t, SYS_object_wait, irq, SIGNAL_FIRED, DEADLINE_NEVER),
                         FAKE_BLOCKED);
        fake_irq_raise(LINE);
        assert_int_equal(fake_wait(t), SIGNAL_FIRED);
        assert_int_equal(fake_call(t, SYS_irq_ack, irq), 0);
    }
}

static void test_io_create_refuses_what_is_wrong(void **state)
{
    struct fake_thread *t = start();
    handle_t weak = with_rights(t, resource(), RIGHTS_BASIC | RIGHT_MINT_IRQ);

    (void)state;
    assert_int_equal(fake_call(t, SYS_io_create, weak, job(), 0x3f8, 8), -EACCES);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0x3f8, 0), -EINVAL);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0xffff, 2), -EINVAL);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0x10000, 1), -EINVAL);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0, UINT64_MAX), -EINVAL);
}

static void test_io_ranges_do_not_overlap(void **state)
{
    struct fake_thread *t = start();
    handle_t io = MAKE(t, SYS_io_create, resource(), job(), 0x100, 8);

    (void)state;
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0x100, 8), -EBUSY);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0x107, 1), -EBUSY);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0xf0, 0x11), -EBUSY);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0, 0x10000), -EBUSY);
    close_handle(t, MAKE(t, SYS_io_create, resource(), job(), 0x108, 8));
    close_handle(t, MAKE(t, SYS_io_create, resource(), job(), 0xf8, 8));
    close_handle(t, io);
    close_handle(t, MAKE(t, SYS_io_create, resource(), job(), 0x104, 8));
}

static void test_io_reads_and_writes_inside_its_range_only(void **state)
{
    struct fake_thread *t = start();
    handle_t io = MAKE(t, SYS_io_create, resource(), job(), 0x100, 8);

    (void)state;
    assert_int_equal(fake_call(t, SYS_io_write, io, 4, 4, 0xfedcba98), 0);
    assert_int_equal(fake_call(t, SYS_io_read, io, 4, 4), 0xfedcba98);
    assert_int_equal(fake_call(t, SYS_io_write, io, 0, 1, 0x77), 0);
    assert_int_equal(fake_call(t, SYS_io_read, io, 0, 1), 0x77);
    assert_int_equal(fake_call(t, SYS_io_read, io, 5, 4), -ERANGE);
    assert_int_equal(fake_call(t, SYS_io_read, io, 8, 1), -ERANGE);
    assert_int_equal(fake_call(t, SYS_io_read, io, UINT64_MAX, 1), -ERANGE);
    assert_int_equal(fake_call(t, SYS_io_read, io, 0, 3), -EINVAL);
    assert_int_equal(fake_call(t, SYS_io_read, io, 0, 8), -EINVAL);
    assert_int_equal(fake_call(t, SYS_io_write, io, 7, 2, 0), -ERANGE);
    assert_int_equal(fake_call(t, SYS_io_write, with_rights(t, io, RIGHTS_BASIC), 0, 1, 0),
                     -EACCES);
}

static void test_device_calls_when_an_allocation_fails_leave_nothing(void **state)
{
    struct fake_thread *t = start();
    struct fake_balance before;
    bool was_last = false;

    (void)state;
    fake_balance(&before);
    for (uint64_t n = 1; !was_last; n++) {
        int64_t irq, io;

        inject_fail_after(n);
        irq = fake_call(t, SYS_irq_create, resource(), job(), LINE);
        io = fake_call(t, SYS_io_create, resource(), job(), 0x100, 8);
        was_last = inject_is_armed();
        inject_fail_after(0);
        assert_true(irq > 0 || irq == -ENOMEM);
        assert_true(io > 0 || io == -ENOMEM);
        if (irq > 0) {
            close_handle(t, (handle_t)irq);
        }
        if (io > 0) {
            close_handle(t, (handle_t)io);
        }
    }
    /* Refused for another reason, after the memory was there. */
    (void)MAKE(t, SYS_io_create, resource(), job(), 0x100, 8);
    assert_int_equal(fake_call(t, SYS_io_create, resource(), job(), 0x100, 8), -EBUSY);
}

static const struct fake_test tests[] = {
    FAKE_TEST(test_irq_create_refuses_what_is_wrong),
    FAKE_TEST(test_irq_line_has_one_owner_until_its_last_handle_goes),
    FAKE_TEST(test_irq_fires_once_until_acknowledged),
    FAKE_TEST(test_irq_wakes_who_waits_for_it),
    FAKE_TEST(test_io_create_refuses_what_is_wrong),
    FAKE_TEST(test_io_ranges_do_not_overlap),
    FAKE_TEST(test_io_reads_and_writes_inside_its_range_only),
    FAKE_TEST(test_device_calls_when_an_allocation_fails_leave_nothing),
};

FAKE_TEST_MAIN(tests)
