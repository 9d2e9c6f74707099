/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "core/lock.h"
#include "core/panic.h"
#include "unit/core/machine.h"

static void test_lock_rising_ranks_are_allowed(void **state)
{
    struct spinlock low = SPINLOCK_INIT(LOCK_RANK_PROCESS), high = SPINLOCK_INIT(LOCK_RANK_PORT);

    (void)state;
    lock_rank_push(&low, false);
    lock_rank_push(&high, false);
    lock_rank_push(&high, true); /* a second of the same rank, on purpose */
    assert_int_equal(x_cpu_record.locks_held, 3);
    lock_rank_pop(&low); /* in any order */
    lock_rank_pop(&high);
    lock_rank_pop(&high);
    assert_int_equal(x_cpu_record.locks_held, 0);
    lock_rank_push(&low, false);
    lock_rank_pop(&low);
}

/* One panic a process: the ones after it are silent. */
static void test_lock_falling_rank_panics(void **state)
{
    struct spinlock low = SPINLOCK_INIT(LOCK_RANK_PROCESS), high = SPINLOCK_INIT(LOCK_RANK_PORT);

    (void)state;
    lock_rank_push(&high, false);
    assert_false(panic_is_under_way());
    if (setjmp(x_halted) == 0) {
        lock_rank_push(&low, false);
        fail();
    }
    assert_true(panic_is_under_way());
    assert_non_null(strstr(x_serial, "lock order: rank 20 wanted while rank 60 is held"));

    consoles_clear();
    if (setjmp(x_halted) == 0) {
        panic("again");
    }
    assert_non_null(strstr(x_debugcon, "kernel panic while panicking"));
    lock_rank_push(&low, false); /* while it prints, order is no matter */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_rising_ranks_are_allowed),
        cmocka_unit_test(test_lock_falling_rank_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
