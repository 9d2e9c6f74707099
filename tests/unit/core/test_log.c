/* SPDX-License-Identifier: MIT */
#include "unit/property.h"

#include "core/log.h"
#include "unit/core/machine.h"

static unsigned x_notified;

static void notify(void)
{
    x_notified++;
}

static int setup(void **state)
{
    char rest[512];

    (void)state;
    log_set_driver(NULL);
    log_set_level(LOG_INFO);
    while (log_drain(rest, sizeof(rest)) != 0) {
    }
    consoles_clear();
    x_notified = 0;
    return 0;
}

static void test_log_line_goes_to_both_consoles(void **state)
{
    (void)state;
    log_info("%s %d", "line", 1);
    assert_string_equal(x_serial, "[   12.345678] line 1\n");
    assert_string_equal(x_debugcon, x_serial);
    consoles_clear();
    log_warn("careful");
    assert_string_equal(x_serial, "[   12.345678] warning: careful\n");
}

static void test_log_level_filters(void **state)
{
    (void)state;
    log_debug("no");
    assert_string_equal(x_serial, "");
    log_set_level(LOG_DEBUG);
    log_debug("yes");
    assert_non_null(strstr(x_serial, "yes"));
    consoles_clear();
    log_set_level(LOG_WARN);
    log_info("no");
    assert_string_equal(x_serial, "");
}

static void test_log_long_line_is_cut(void **state)
{
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    log_info("%s", text);
    assert_int_equal(strlen(x_serial), 240);
    assert_int_equal(x_serial[239], '\n');
}

static void test_log_with_driver_goes_to_the_ring(void **state)
{
    char text[64];
    size_t length;

    (void)state;
    log_set_driver(notify);
    log_write("hello", 5);
    assert_string_equal(x_serial, "");
    assert_string_equal(x_debugcon, "hello");
    assert_int_equal(x_notified, 1);
    length = log_drain(text, 3);
    assert_int_equal(length, 3);
    length += log_drain(text + 3, sizeof(text) - 3);
    assert_memory_equal(text, "\0010hello", 7); /* on CPU 0 */
    assert_int_equal(length, 7);
    assert_int_equal(log_drain(text, sizeof(text)), 0);
}

static void test_log_full_ring_counts_what_is_lost(void **state)
{
    char piece[100], out[200];
    size_t total = 0, count;

    (void)state;
    memset(piece, 'y', sizeof(piece));
    log_set_driver(notify);
    for (int i = 0; i < 200; i++) {
        log_write(piece, sizeof(piece));
        x_debugcon_length = 0;
    }
    while ((count = log_drain(out, sizeof(out))) != 0) {
        total += count;
    }
    assert_int_equal(total + log_dropped(), 200 * (sizeof(piece) + 2));
    assert_true(log_dropped() > 0);
    log_write("after", 5);
    assert_int_equal(log_drain(out, sizeof(out)), 7);
}

static void test_log_panic_takes_the_serial_line_back(void **state)
{
    (void)state;
    log_set_driver(notify);
    log_panic_mode();
    log_write("last", 4);
    assert_string_equal(x_serial, "last");
    assert_int_equal(x_notified, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_log_line_goes_to_both_consoles, setup),
        cmocka_unit_test_setup(test_log_level_filters, setup),
        cmocka_unit_test_setup(test_log_long_line_is_cut, setup),
        cmocka_unit_test_setup(test_log_with_driver_goes_to_the_ring, setup),
        cmocka_unit_test_setup(test_log_full_ring_counts_what_is_lost, setup),
        cmocka_unit_test_setup(test_log_panic_takes_the_serial_line_back, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
