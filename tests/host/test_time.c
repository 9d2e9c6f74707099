/* SPDX-License-Identifier: MIT */
/* The time server: the machine's clock in all its forms, the page, and the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/text.h>
#include <quay/wall_clock.h>
#include <time.h>
#include "../../servers/time/clock.h"

/* --- a machine ----------------------------------------------------------------------------- */

static uint8_t cmos[128];
static int updating; /* reads of register A that still say so */

static uint8_t cmos_read(void *context, uint8_t index)
{
    (void)context;
    if (index == 0x0a) {
        return updating > 0 && updating-- > 0 ? 0x80 : 0;
    }
    return cmos[index];
}

static void cmos_write(void *context, uint8_t index, uint8_t value)
{
    (void)context;
    cmos[index] = value;
}

static const struct rtc rtc = {.read = cmos_read, .write = cmos_write};

static int64_t monotonic_now = 5000000000;
static int64_t monotonic(void)
{
    return monotonic_now;
}

/* The kernel's formula, with a start of its own: 1 tick is 0.4 ns. */
#define TICKS_HZ    2500000000ul
#define TICKS_START 123456789ul
static uint64_t tick_now = TICKS_START + 1000;

static uint64_t ticks(void)
{
    return tick_now += 37;
}

static int64_t kernel_clock(void)
{
    tick_now += 150; /* the way there */
    int64_t ns =
        qy_wall_clock_ticks(tick_now - TICKS_START, ((uint64_t)QY_SECOND << 32) / TICKS_HZ);
    tick_now += 120; /* and back */
    return ns;
}

static const struct clock_source still = {.monotonic = monotonic, .ticks = ticks};
static const struct clock_source ticking = {
    .monotonic = kernel_clock, .ticks = ticks, .ticks_hz = TICKS_HZ, .is_tsc_trusted = true};

static struct kept kept;
static struct qy_subscriber subscribers[2];
static struct qy_server server;
static handle_t session, setter, memory;

static void start(const struct clock_source *source, const struct rtc *machine_clock)
{
    qy_host_reset();
    memset(subscribers, 0, sizeof subscribers);
    server = (struct qy_server){.dispatch = qy_time_dispatch,
                                .handlers = &clock_handlers,
                                .subscribers = subscribers,
                                .subscriber_max = 2};
    memory = qy_host_handle(OBJECT_MEMORY, RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE);
    clock_init(&kept, memory, source, machine_clock);
    session = qy_host_session(&server, QY_TIME_ACCESS_READ);
    setter = qy_host_session(&server, QY_TIME_ACCESS_SET);
}

static int setup(void **state)
{
    (void)state;
    memset(&kept, 0, sizeof kept);
    memset(cmos, 0, sizeof cmos);
    updating = 0;
    monotonic_now = 5000000000;
    return 0;
}

/* 2026-11-21 19:05:09, BCD, 24 hours. */
static void cmos_set(void)
{
    static const uint8_t values[] = {0x09, 0, 0x05, 0, 0x19, 0, 6, 0x21, 0x11, 0x26};
    memcpy(cmos, values, sizeof values);
    cmos[0x0b] = 2;
    cmos[0x32] = 0x20;
}
#define CMOS_SECONDS ((int64_t)1795287909)

/* --- the machine's clock ------------------------------------------------------------------- */

static void test_calendar_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t seconds = 0; seconds <= RTC_SECONDS_MAX; seconds += 86400 * 29 + 12345) {
        struct civil civil = civil_from_seconds(seconds);
        struct tm tm;
        time_t host = (time_t)seconds;
        assert_non_null(gmtime_r(&host, &tm));
        assert_int_equal(civil.year, tm.tm_year + 1900);
        assert_int_equal(civil.month, tm.tm_mon + 1);
        assert_int_equal(civil.day, tm.tm_mday);
        assert_int_equal(civil.hour, tm.tm_hour);
        assert_int_equal(civil.second, tm.tm_sec);
        assert_true(civil_valid(&civil));
        assert_int_equal(civil_to_seconds(&civil), seconds);
    }
}

static void test_clock_is_read_in_all_its_forms(void **state)
{
    int64_t seconds = 0;
    (void)state;
    cmos_set();
    updating = 5;
    assert_int_equal(rtc_read(&rtc, &seconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS);
    cmos[0x0b] = 0; /* 12 hours: 7 in the evening */
    cmos[4] = 0x07 | 0x80;
    assert_int_equal(rtc_read(&rtc, &seconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS);
    cmos[4] = 0x12; /* midnight */
    assert_int_equal(rtc_read(&rtc, &seconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS - 19 * 3600);
    static const uint8_t binary[] = {9, 0, 5, 0, 19, 0, 6, 21, 11, 26};
    memcpy(cmos, binary, sizeof binary);
    cmos[0x0b] = 6;
    cmos[0x32] = 0; /* no century */
    assert_int_equal(rtc_read(&rtc, &seconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS);
}

static void test_clock_that_makes_no_sense_is_none(void **state)
{
    int64_t seconds;
    (void)state;
    memset(cmos, 0xff, sizeof cmos);
    assert_int_equal(rtc_read(&rtc, &seconds), -ENODEV);
    cmos_set();
    cmos[8] = 0x13;
    assert_int_equal(rtc_read(&rtc, &seconds), -ENODEV);
    cmos_set();
    cmos[7] = 0x31; /* of November */
    assert_int_equal(rtc_read(&rtc, &seconds), -ENODEV);
    updating = 1000000;
    assert_int_equal(rtc_read(&rtc, &seconds), -EBUSY);
}

static void test_clock_is_written_as_it_is_read(void **state)
{
    (void)state;
    for (uint8_t b = 0; b < 8; b += 2) {
        for (int64_t expected = 0; expected < 86400; expected += 3599) {
            int64_t seconds = -1;
            cmos[0x0b] = b;
            assert_int_equal(rtc_write(&rtc, CMOS_SECONDS + expected), 0);
            assert_int_equal(cmos[0x0b], b);
            assert_int_equal(rtc_read(&rtc, &seconds), 0);
            assert_int_equal(seconds, CMOS_SECONDS + expected);
        }
    }
    assert_int_equal(rtc_write(&rtc, -1), -EINVAL);
}

/* --- the protocol -------------------------------------------------------------------------- */

static int64_t now(int64_t *ret_seconds, uint32_t *ret_nanoseconds)
{
    int64_t at;
    return qy_time_now(session, ret_seconds, &at, ret_nanoseconds, DEADLINE_NEVER);
}

static void test_time_is_that_of_the_machine(void **state)
{
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
    (void)state;
    cmos_set();
    start(&still, &rtc);
    monotonic_now += 1500000000;
    assert_int_equal(now(&seconds, &nanoseconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS + 1);
    assert_int_equal(nanoseconds, 500000000);
    /* Its next second is seen to begin: now the fraction is right too. */
    assert_true(clock_refine());
    cmos[0] = 0x10;
    assert_false(clock_refine());
    assert_int_equal(now(&seconds, &nanoseconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS + 1);
    assert_int_equal(nanoseconds, 0);
}

static void test_without_a_clock_the_time_is_unknown_until_it_is_set(void **state)
{
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
    (void)state;
    start(&still, NULL);
    assert_int_equal(now(&seconds, &nanoseconds), QY_TIME_FAILURE_UNKNOWN);
    assert_false(clock_refine());
    assert_int_equal(qy_time_set(setter, 1000000000, 7, DEADLINE_NEVER), 0);
    assert_int_equal(now(&seconds, &nanoseconds), 0);
    assert_int_equal(seconds, 1000000000);
    assert_int_equal(nanoseconds, 7);
}

static void test_set_needs_the_right_and_a_time(void **state)
{
    (void)state;
    cmos_set();
    start(&still, &rtc);
    assert_int_equal(qy_time_set(session, 5, 5, DEADLINE_NEVER), QY_TIME_FAILURE_NO_ACCESS);
    assert_int_equal(qy_time_set(setter, -1, 0, DEADLINE_NEVER), QY_TIME_FAILURE_BAD_TIME);
    assert_int_equal(qy_time_set(setter, 5, 1000000000, DEADLINE_NEVER), QY_TIME_FAILURE_BAD_TIME);
    assert_int_equal(qy_time_set(setter, INT64_MAX, 0, DEADLINE_NEVER), QY_TIME_FAILURE_BAD_TIME);
}

static int64_t changed_by;

static void changed(void *context, int64_t by_ns)
{
    (void)context;
    changed_by = by_ns;
}

static void test_set_is_told_and_reaches_the_machine_and_the_next_instance(void **state)
{
    static const struct qy_time_events events = {.changed = changed};
    int64_t seconds = 0;
    uint32_t nanoseconds;
    handle_t channel;
    (void)state;
    cmos_set();
    start(&still, &rtc);
    assert_int_equal(qy_time_subscribe(session, &channel, DEADLINE_NEVER), 0);
    assert_int_equal(qy_time_set(setter, CMOS_SECONDS + 100, 0, DEADLINE_NEVER), 0);
    assert_int_equal(qy_time_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(changed_by, 100 * QY_SECOND);
    assert_int_equal(rtc_read(&rtc, &seconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS + 100);
    start(&still, NULL);
    assert_int_equal(now(&seconds, &nanoseconds), 0);
    assert_int_equal(seconds, CMOS_SECONDS + 100);
}

static void test_page_tells_the_same_and_is_never_before_the_kernel(void **state)
{
    int64_t at, wall;
    (void)state;
    cmos_set();
    start(&ticking, &rtc);
    assert_true(qy_wall_clock_valid(&kept.page));
    assert_true(kept.page.is_tsc_usable);
    for (int i = 0; i < 1000; i++) {
        tick_now += 1234567ul * (uint64_t)i;
        uint64_t ticks_now = tick_now - TICKS_START;
        int64_t kernel = qy_wall_clock_ticks(ticks_now, kept.page.ns_per_tick);
        int64_t page = kept.page.base_ns +
                       qy_wall_clock_ticks(tick_now - kept.page.base_tsc, kept.page.ns_per_tick);
        assert_true(page >= kernel);
        assert_true(page - kernel < 200);
    }
    kept.page.is_tsc_usable = false; /* the host's counter is another */
    qy_host_now = 77;
    assert_true(qy_wall_clock_read(&kept.page, &at, &wall));
    assert_int_equal(at, 77);
    assert_int_equal(wall - at, kept.page.offset_ns);
}

static void test_page_is_for_reading_and_the_same_after_a_restart(void **state)
{
    handle_t page;
    (void)state;
    cmos_set();
    start(&ticking, &rtc);
    assert_int_equal(qy_time_page(session, &page, DEADLINE_NEVER), 0);
    assert_int_equal(qy_handle_info(page).second & RIGHT_WRITE, 0);
    struct qy_time_page before = kept.page;
    kept.page.sequence |= 1; /* died while it wrote */
    start(&ticking, &rtc);
    assert_int_equal(kept.page.sequence % 2, 0);
    assert_int_equal(kept.page.base_tsc, before.base_tsc);
    assert_int_equal(kept.page.offset_ns, before.offset_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_calendar_agrees_with_the_c_library, setup),
        cmocka_unit_test_setup(test_clock_is_read_in_all_its_forms, setup),
        cmocka_unit_test_setup(test_clock_that_makes_no_sense_is_none, setup),
        cmocka_unit_test_setup(test_clock_is_written_as_it_is_read, setup),
        cmocka_unit_test_setup(test_time_is_that_of_the_machine, setup),
        cmocka_unit_test_setup(test_without_a_clock_the_time_is_unknown_until_it_is_set, setup),
        cmocka_unit_test_setup(test_set_needs_the_right_and_a_time, setup),
        cmocka_unit_test_setup(test_set_is_told_and_reaches_the_machine_and_the_next_instance,
                               setup),
        cmocka_unit_test_setup(test_page_tells_the_same_and_is_never_before_the_kernel, setup),
        cmocka_unit_test_setup(test_page_is_for_reading_and_the_same_after_a_restart, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
