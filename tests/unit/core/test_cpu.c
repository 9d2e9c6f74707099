/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "unit/core/machine.h"

static void test_cpu_register_keeps_the_order_of_ids(void **state)
{
    static struct cpu second = {.id = 1}, fourth = {.id = 3};

    (void)state;
    assert_int_equal(cpu_count(), 0);
    assert_null(cpu_get(0));
    cpu_register(&x_cpu_record);
    cpu_register(&second);
    assert_int_equal(cpu_count(), 2);
    assert_ptr_equal(cpu_get(1), &second);
    assert_null(cpu_get(2));
    assert_null(cpu_get(MAX_CPUS));
    assert_null(cpu_get(UINT32_MAX));
    if (setjmp(x_halted) == 0) {
        cpu_register(&fourth); /* a hole: panics, and stops the other CPU */
        fail();
    }
    assert_int_equal(x_stopped_cpus, 1u << 1);
    assert_non_null(strstr(x_serial, "KERNEL PANIC on CPU 0: assertion failed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_register_keeps_the_order_of_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
