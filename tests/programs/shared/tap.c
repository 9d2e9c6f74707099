/* SPDX-License-Identifier: MIT */
#include "tap.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/system.h>
#include <quay/thread.h>

static struct {
    struct qy_mutex mutex; /* tests have threads that print results too, and they come in order */
    uint32_t count, failed;
} tap_state;

static QY_PRINTF(2, 0) bool result_print(bool is_ok, const char *format, va_list arguments)
{
    char name[160];
    (void)qy_vsnprintf(name, sizeof name, format, arguments); /* cut if too long */
    qy_mutex_lock(&tap_state.mutex);
    tap_state.count++;
    tap_state.failed += is_ok ? 0 : 1;
    qy_printf("%sok %u - %s\n", is_ok ? "" : "not ", tap_state.count, name);
    qy_mutex_unlock(&tap_state.mutex);
    return is_ok;
}

bool tap_ok(bool is_ok, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    result_print(is_ok, format, arguments);
    va_end(arguments);
    return is_ok;
}

bool tap_equal(int64_t actual, int64_t expected, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_ok = result_print(actual == expected, format, arguments);
    va_end(arguments);
    if (!is_ok) {
        qy_printf("# got %ld (%s), expected %ld (%s)\n", (long)actual,
                  actual < 0 ? qy_error_text(actual) : "result", (long)expected,
                  expected < 0 ? qy_error_text(expected) : "result");
    }
    return is_ok;
}

uint32_t tap_end(void)
{
    qy_printf("1..%u\n", tap_state.count);
    qy_printf("# %u failed\nTAP done\n", tap_state.failed);
    return tap_state.failed;
}

QY_NORETURN void tap_leave(void)
{
    (void)qy_thread_sleep(qy_deadline_after(QY_SECOND / 10)); /* the log leaves the machine */
    for (;;) {
        (void)qy_system_halt(qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL), 0);
    }
}
