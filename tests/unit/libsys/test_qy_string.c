/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <quay/text.h>
#include <quay/abi/errno.h>

static void test_parse_numbers_that_fit(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_int_equal(qy_parse_u64("0", &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(qy_parse_u64("18446744073709551615", &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(qy_parse_u64("0xfFffffffffffffff", &value), 0);
    assert_true(value == UINT64_MAX);
}

static void test_parse_refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "0x", "1x", "-1", "+1", " 1", "1 ", "0xg", "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(qy_parse_u64(bad[i], &value), -EINVAL);
        assert_int_equal(value, 77);
    }
}

static void test_parse_refuses_what_is_too_big(void **state)
{
    (void)state;
    uint64_t value = 77;
    assert_int_equal(qy_parse_u64("18446744073709551616", &value), -ERANGE);
    assert_int_equal(qy_parse_u64("99999999999999999999999", &value), -ERANGE);
    assert_int_equal(qy_parse_u64("0x10000000000000000", &value), -ERANGE);
    assert_int_equal(value, 77);
}

static void test_strlcpy_truncates_and_terminates(void **state)
{
    (void)state;
    char text[4] = "zzz";
    assert_int_equal(qy_strlcpy(text, "abcdef", sizeof text), 6);
    assert_string_equal(text, "abc");
    assert_int_equal(qy_strlcpy(text, "", sizeof text), 0);
    assert_string_equal(text, "");
}

static void test_error_text_knows_both_signs(void **state)
{
    (void)state;
    assert_string_equal(qy_error_text(-EBADF), "no such handle (EBADF)");
    assert_string_equal(qy_error_text(EPEER_DIED), "the other side died (EPEER_DIED)");
    assert_string_equal(qy_error_text(4000), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_numbers_that_fit),
        cmocka_unit_test(test_parse_refuses_what_is_no_number),
        cmocka_unit_test(test_parse_refuses_what_is_too_big),
        cmocka_unit_test(test_strlcpy_truncates_and_terminates),
        cmocka_unit_test(test_error_text_knows_both_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
