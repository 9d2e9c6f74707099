/* SPDX-License-Identifier: MIT */
/* The log server: lines out of pieces, the ring that survives, the limit, and the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/clock.h>
#include <quay/host.h>
#include <quay/log_line.h>
#include "../../servers/log/limit.h"
#include "../../servers/log/line.h"
#include "../../servers/log/log.h"

static struct ring ring;
static struct qy_server server = {
    .dispatch = qy_log_dispatch, .handlers = &log_handlers, .cancelled = log_cancelled};
static handle_t session;

static bool name_of(uint64_t job, char *ret_name, size_t size)
{
    (void)job;
    (void)qy_strlcpy(ret_name, "tester", size);
    return true;
}

static void start(void)
{
    qy_host_reset();
    log_init(&ring, name_of);
    session = qy_host_session(&server, QY_LOG_ACCESS_READ | QY_LOG_ACCESS_WRITE);
}

static int setup(void **state)
{
    (void)state;
    memset(&ring, 0, sizeof ring);
    qy_host_now = 0;
    start();
    return 0;
}

static struct qy_log_line line;
static char text[QY_LOG_TEXT_MAX + 1];

static int64_t get(uint64_t number, bool wait)
{
    return qy_log_get_line(session, number, wait, &line, text, qy_host_now + 1);
}

static void kernel_log(const char *bytes)
{
    log_kernel_text(&server, (const uint8_t *)bytes, (uint32_t)strlen(bytes));
}

/* --- lines --------------------------------------------------------------------------------- */

static void parsed(const char *whole, const char *program, uint32_t level, int64_t time_ns,
                   const char *rest)
{
    assert_string_equal(line_parse(whole, 77, &line), rest);
    assert_string_equal(line.program, program);
    assert_int_equal(line.level, level);
    assert_int_equal(line.time_ns, time_ns);
}

static void test_lines_of_kernel_and_programs_are_understood(void **state)
{
    (void)state;
    parsed("[    1.402316] warning: slow", "kernel", QY_LOG_LEVEL_WARNING, 1402316000, "slow");
    parsed("[12345.000001] cpus: 2 up", "kernel", QY_LOG_LEVEL_INFO, 12345000001000, "cpus: 2 up");
    parsed("[    0.5] x", "kernel", QY_LOG_LEVEL_INFO, 5000, "x");
    parsed("init: counter died", "init", QY_LOG_LEVEL_INFO, 77, "counter died");
    parsed("vfs: error: no disk", "vfs", QY_LOG_LEVEL_ERROR, 77, "no disk");
    parsed("just text", "", QY_LOG_LEVEL_INFO, 77, "just text");
    parsed("[    1.4023", "", QY_LOG_LEVEL_INFO, 77, "[    1.4023");
    parsed("[] x", "", QY_LOG_LEVEL_INFO, 77, "[] x");
    parsed(": x", "", QY_LOG_LEVEL_INFO, 77, ": x");
    parsed("a_name_that_is_longer_than_23: x", "", QY_LOG_LEVEL_INFO, 77,
           "a_name_that_is_longer_than_23: x");
    parsed("[    2.000000] KERNEL PANIC on CPU 1", "kernel", QY_LOG_LEVEL_ERROR, 2000000000,
           "KERNEL PANIC on CPU 1");
    parsed("", "", QY_LOG_LEVEL_INFO, 77, "");
}

static void test_pieces_become_lines_and_bytes_become_text(void **state)
{
    (void)state;
    kernel_log("ini");
    assert_int_equal(get(0, false), QY_LOG_READ_FAILURE_NO_MORE);
    kernel_log("t: one\r\ninit: t\002\xfftwo\n\n");
    assert_int_equal(get(0, false), 0);
    assert_string_equal(text, "one");
    assert_int_equal(get(1, false), 0);
    assert_string_equal(text, "t??two");
    assert_int_equal(get(2, false), QY_LOG_READ_FAILURE_NO_MORE);
}

static void test_marks_tell_the_cpu_of_a_line(void **state)
{
    (void)state;
    kernel_log("\0012init: one\n\001:in");
    kernel_log("\001");
    kernel_log("1it: two\nno mark\n");
    assert_int_equal(get(0, false), 0);
    assert_int_equal(line.cpu, 2);
    assert_string_equal(text, "one");
    assert_int_equal(get(1, false), 0);
    assert_int_equal(line.cpu, 10); /* where it begins */
    assert_string_equal(line.program, "init");
    assert_string_equal(text, "two");
    assert_int_equal(get(2, false), 0);
    assert_int_equal(line.cpu, QY_LOG_CPU_UNKNOWN);
}

static void test_long_line_is_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        kernel_log("x");
    }
    kernel_log("\n");
    assert_int_equal(get(0, false), 0);
    assert_int_equal(strlen(text), QY_LOG_TEXT_MAX);
}

static void test_line_as_text_has_the_documented_form(void **state)
{
    char whole[QY_LOG_LINE_BYTES];
    (void)state;
    struct qy_log_line one = {.time_ns = 12000345678, .cpu = 1, .level = QY_LOG_LEVEL_WARNING};
    (void)qy_strlcpy(one.program, "ns16550", sizeof one.program);
    (void)qy_log_line_text(&one, "the line is noisy", whole, sizeof whole);
    assert_string_equal(whole, "[   12.000345] c1 warning ns16550: the line is noisy");
    one = (struct qy_log_line){.cpu = QY_LOG_CPU_UNKNOWN};
    (void)qy_log_line_text(&one, "x", whole, sizeof whole);
    assert_string_equal(whole, "[    0.000000] c? debug ?: x");
}

/* --- the ring ------------------------------------------------------------------------------ */

static void test_oldest_lines_make_room_for_new_ones(void **state)
{
    char whole[32];
    (void)state;
    line = (struct qy_log_line){.level = QY_LOG_LEVEL_INFO};
    for (uint32_t i = 0; i < 5000; i++) {
        (void)qy_snprintf(whole, sizeof whole, "line %u", i);
        ring_add(&ring, &line, whole);
    }
    uint64_t first = ring_first(&ring);
    assert_true(first > 3000 && first < 5000);
    for (uint64_t number = first; number < 5000; number++) {
        assert_true(ring_find(&ring, number, &line, text));
        (void)qy_snprintf(whole, sizeof whole, "line %u", (unsigned)number);
        assert_string_equal(text, whole);
    }
    assert_true(ring_find(&ring, 7, &line, text)); /* the first kept after it */
    assert_int_equal(line.number, first);
    assert_false(ring_find(&ring, 5000, &line, text));
}

static void test_ring_survives_a_death_between_any_two_stores(void **state)
{
    (void)state;
    kernel_log("a: 0\na: 1\n");
    /* The last one was written and not counted: its number is spent. */
    ring.next++;
    start();
    kernel_log("a: 3\n");
    assert_int_equal(get(2, false), 0);
    assert_int_equal(line.number, 3);
    assert_int_equal(get(0, false), 0);
    assert_string_equal(text, "0");
}

static void test_ring_that_cannot_be_is_emptied_and_numbers_go_on(void **state)
{
    (void)state;
    kernel_log("a: 0\na: 1\n");
    struct ring good = ring;
    for (uint32_t i = 0; i < 2000; i++) {
        ring = good;
        ((uint8_t *)&ring)[(i * 7) % (sizeof ring - RING_BYTES + 160)] ^= (uint8_t)(1 + i % 255);
        start();
        kernel_log("a: 2\n");
        uint64_t number = ring.next - 1;
        assert_true(ring_find(&ring, number, &line, text));
        assert_string_equal(text, "2");
    }
}

/* --- the limit ----------------------------------------------------------------------------- */

static void test_program_that_writes_too_much_is_held_back_and_it_is_told(void **state)
{
    uint32_t passed = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        passed += qy_log_write(session, QY_LOG_LEVEL_INFO, "again", DEADLINE_NEVER) == 0;
    }
    assert_int_equal(passed, LIMIT_BURST);
    kernel_log("other: is heard\n");
    assert_int_equal(get(LIMIT_BURST, false), 0);
    assert_string_equal(text, "is heard");
    qy_host_now += QY_SECOND;
    assert_int_equal(qy_log_write(session, QY_LOG_LEVEL_INFO, "later", DEADLINE_NEVER), 0);
    assert_int_equal(get(LIMIT_BURST + 1, false), 0);
    assert_string_equal(text, "800 lines were left out: too many");
    assert_int_equal(line.level, QY_LOG_LEVEL_WARNING);
    assert_int_equal(get(LIMIT_BURST + 2, false), 0);
    assert_string_equal(text, "later");
}

static void test_limit_forgets_who_was_silent_longest(void **state)
{
    static struct limit limit;
    uint32_t held;
    char name[16];
    (void)state;
    memset(&limit, 0, sizeof limit);
    for (uint32_t i = 0; i < 3 * LIMIT_PROGRAMS; i++) {
        (void)qy_snprintf(name, sizeof name, "p%u", i);
        assert_true(limit_pass(&limit, name, 0, i, &held));
    }
    for (uint32_t i = 0; i < LIMIT_BURST - 1; i++) {
        assert_true(limit_pass(&limit, name, 0, 200, &held));
    }
    assert_false(limit_pass(&limit, name, 0, 200, &held));
    assert_true(limit_pass(&limit, name, 1, 200, &held)); /* another program of that name */
}

/* --- the protocol -------------------------------------------------------------------------- */

static void test_written_line_has_the_programs_name_and_time(void **state)
{
    (void)state;
    qy_host_now = 123;
    assert_int_equal(qy_log_write(session, QY_LOG_LEVEL_ERROR, "it burns", DEADLINE_NEVER), 0);
    assert_int_equal(get(0, false), 0);
    assert_string_equal(text, "it burns");
    assert_string_equal(line.program, "tester");
    assert_int_equal(line.time_ns, 123);
    assert_true(line.is_for_console);
    assert_int_equal(qy_log_write(session, QY_LOG_LEVEL_INFO, "no\nline", DEADLINE_NEVER),
                     QY_LOG_FAILURE_BAD_LINE);
    assert_int_equal(qy_log_write(session, QY_LOG_LEVEL_INFO, "", DEADLINE_NEVER),
                     QY_LOG_FAILURE_BAD_LINE);
}

static void line_comes(void)
{
    kernel_log("vfs: here\n");
}

static void test_reader_waits_for_the_next_line(void **state)
{
    (void)state;
    qy_host_idle = line_comes;
    assert_int_equal(get(0, true), 0);
    qy_host_idle = NULL;
    assert_string_equal(text, "here");
    assert_int_equal(get(1, true), -ETIMEDOUT);
}

static void test_sessions_may_do_what_their_badge_says(void **state)
{
    (void)state;
    handle_t reader = qy_host_session(&server, QY_LOG_ACCESS_READ);
    handle_t writer = qy_host_session(&server, QY_LOG_ACCESS_WRITE);
    handle_t control = qy_host_session(&server, QY_LOG_ACCESS_CONTROL);
    assert_int_equal(qy_log_write(reader, QY_LOG_LEVEL_INFO, "x", DEADLINE_NEVER),
                     QY_LOG_FAILURE_NO_ACCESS);
    assert_int_equal(qy_log_get_line(writer, 0, false, &line, text, DEADLINE_NEVER),
                     QY_LOG_READ_FAILURE_NO_ACCESS);
    assert_int_equal(qy_log_set_console_level(writer, QY_LOG_LEVEL_ERROR, DEADLINE_NEVER),
                     QY_LOG_FAILURE_NO_ACCESS);
    assert_int_equal(qy_log_set_console_level(control, QY_LOG_LEVEL_INFO, DEADLINE_NEVER), 0);
    kernel_log("a: x\n");
    assert_int_equal(get(0, false), 0);
    assert_true(line.is_for_console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines_of_kernel_and_programs_are_understood, setup),
        cmocka_unit_test_setup(test_pieces_become_lines_and_bytes_become_text, setup),
        cmocka_unit_test_setup(test_marks_tell_the_cpu_of_a_line, setup),
        cmocka_unit_test_setup(test_long_line_is_cut, setup),
        cmocka_unit_test_setup(test_line_as_text_has_the_documented_form, setup),
        cmocka_unit_test_setup(test_oldest_lines_make_room_for_new_ones, setup),
        cmocka_unit_test_setup(test_ring_survives_a_death_between_any_two_stores, setup),
        cmocka_unit_test_setup(test_ring_that_cannot_be_is_emptied_and_numbers_go_on, setup),
        cmocka_unit_test_setup(test_program_that_writes_too_much_is_held_back_and_it_is_told,
                               setup),
        cmocka_unit_test_setup(test_limit_forgets_who_was_silent_longest, setup),
        cmocka_unit_test_setup(test_written_line_has_the_programs_name_and_time, setup),
        cmocka_unit_test_setup(test_reader_waits_for_the_next_line, setup),
        cmocka_unit_test_setup(test_sessions_may_do_what_their_badge_says, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
