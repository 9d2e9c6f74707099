/* SPDX-License-Identifier: MIT */
#include "unit/mm/fixture.h"

#include "mm/inject.h"

static void test_inject_off_never_fails(void **state)
{
    (void)state;
    inject_fail_after(0);
    assert_false(inject_is_armed());
    for (int i = 0; i < 100; i++) {
        assert_false(inject_should_fail());
    }
}

static void test_inject_fails_exactly_the_chosen_one(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 20; n++) {
        inject_fail_after(n);
        for (uint64_t i = 1; i < 40; i++) {
            assert_int_equal(inject_is_armed(), i <= n);
            assert_int_equal(inject_should_fail(), i == n);
        }
    }
}

static void test_inject_can_be_switched_off_again(void **state)
{
    (void)state;
    inject_fail_after(2);
    assert_false(inject_should_fail());
    inject_fail_after(0);
    assert_false(inject_is_armed());
    assert_false(inject_should_fail());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inject_off_never_fails),
        cmocka_unit_test(test_inject_fails_exactly_the_chosen_one),
        cmocka_unit_test(test_inject_can_be_switched_off_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
