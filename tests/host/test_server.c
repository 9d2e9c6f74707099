/* SPDX-License-Identifier: MIT */
/* The server loop: states of sessions, and stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <idl/probe.h>
#include <quay/handle.h>
#include <quay/host.h>

#define SESSIONS_MAX 2

static struct {
    struct qy_server server;
    _Alignas(8) uint8_t sessions[SESSIONS_MAX * QY_SESSION_BYTES(sizeof(uint64_t))];
    struct qy_pending pending;
    uint64_t closed_badge, closed_sum;
    struct qy_server_timer timer;
    uint32_t fired;
} the;

/* Adds up what each session has sent. */
static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    (void)b;
    uint64_t *sum = qy_session_state(request->server, request->in.badge);
    if (sum == NULL) {
        return QY_PROBE_FAILURE_TOO_ODD;
    }
    *sum += a;
    *ret_sum = *sum;
    return 0;
}

static int64_t later(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    return qy_defer(request, &the.pending);
}

static void session_closed(struct qy_server *server, uint64_t badge)
{
    the.closed_badge = badge;
    the.closed_sum = *(uint64_t *)qy_session_state(server, badge);
}

static int setup(void **state)
{
    static const struct qy_probe_handlers handlers = {.add = add, .later = later};
    (void)state;
    qy_host_reset();
    the = (typeof(the)){.server = {.dispatch = qy_probe_dispatch,
                                   .handlers = &handlers,
                                   .session_closed = session_closed,
                                   .sessions = the.sessions,
                                   .session_bytes = sizeof(uint64_t),
                                   .session_max = SESSIONS_MAX}};
    return 0;
}

static uint64_t sum_of(handle_t session, uint64_t a)
{
    uint64_t sum;
    assert_int_equal(qy_probe_add(session, a, 0, &sum, DEADLINE_NEVER), 0);
    return sum;
}

static void test_each_session_has_a_state_of_its_own(void **state)
{
    (void)state;
    handle_t one = qy_host_session(&the.server, 5), other = qy_host_session(&the.server, 6);
    assert_int_equal(sum_of(one, 10), 10);
    assert_int_equal(sum_of(other, 1), 1);
    assert_int_equal(sum_of(one, 10), 20);
    assert_int_equal(sum_of(other, 1), 2);
}

static void test_state_is_freed_when_the_session_is_closed(void **state)
{
    (void)state;
    uint64_t sum;
    handle_t one = qy_host_session(&the.server, 5), other = qy_host_session(&the.server, 6);
    handle_t third = qy_host_session(&the.server, 7);
    assert_int_equal(sum_of(one, 10), 10);
    assert_int_equal(sum_of(other, 1), 1);
    assert_int_equal(qy_probe_add(third, 1, 0, &sum, DEADLINE_NEVER), QY_PROBE_FAILURE_TOO_ODD);
    handle_t duplicate = (handle_t)qy_handle_dup(one, RIGHTS_SAME);
    assert_int_equal(qy_handle_close(one), 0);
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.closed_badge, 0); /* there is another handle */
    assert_int_equal(qy_handle_close(duplicate), 0);
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    assert_int_equal(the.closed_badge, 5);
    assert_int_equal(the.closed_sum, 10);
    assert_int_equal(sum_of(third, 3), 3); /* in its place, zeroed */
    assert_int_equal(sum_of(other, 1), 2);
}

static void test_stop_ends_the_loop(void **state)
{
    (void)state;
    qy_server_stop(&the.server);
    assert_int_equal(qy_server_run(&the.server), 0);
    assert_int_equal(qy_server_run(&the.server), 0); /* another thread's */
}

static void stop(void)
{
    qy_server_stop(&the.server);
    assert_int_equal(qy_server_run(&the.server), -ENOSYS); /* one call is not answered */
    assert_int_equal(qy_probe_later_answer(&the.server, &the.pending, 4), 0);
}

static void test_stop_waits_for_calls_that_are_put_off(void **state)
{
    (void)state;
    uint64_t value = 0;
    handle_t session = qy_host_session(&the.server, 5);
    qy_host_idle = stop;
    assert_int_equal(qy_probe_later(session, &value, DEADLINE_NEVER), 0);
    assert_int_equal(value, 4);
    assert_int_equal(qy_server_run(&the.server), 0);
}

static void fired(struct qy_server *server, struct qy_server_timer *timer)
{
    assert_ptr_equal(server, &the.server);
    assert_ptr_equal(timer, &the.timer);
    the.fired++;
}

static uint32_t fired_at(time_ns_t now)
{
    qy_host_now = now;
    assert_int_equal(qy_server_run(&the.server), -ENOSYS);
    return the.fired;
}

static void test_timer_fires_when_its_time_has_come(void **state)
{
    (void)state;
    the.timer.fired = fired;
    assert_int_equal(qy_server_timer_set(&the.server, &the.timer, 1000, 0), 0);
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(fired_at(999), 0);
    assert_int_equal(fired_at(1000), 1);
    assert_int_equal(fired_at(5000), 1);
    assert_int_equal(qy_server_timer_set(&the.server, &the.timer, 6000, 100), 0);
    assert_int_equal(fired_at(6050), 2);
    assert_int_equal(fired_at(6499), 3); /* once for those that were missed */
    assert_int_equal(fired_at(6600), 4);
    assert_int_equal(qy_server_timer_set(&the.server, &the.timer, DEADLINE_NEVER, 0), 0);
    assert_int_equal(fired_at(9000), 4);
    assert_int_equal(qy_host_handle_count(), handles);
}

static void set_anew(struct qy_server *server, uint64_t badge)
{
    (void)badge;
    assert_int_equal(qy_server_timer_set(server, &the.timer, 2000, 0), 0);
}

static void test_timer_that_is_set_anew_forgets_what_is_on_its_way(void **state)
{
    (void)state;
    the.timer.fired = fired;
    the.server.session_closed = set_anew;
    assert_int_equal(qy_server_timer_set(&the.server, &the.timer, 1000, 0), 0);
    /* A notice that is received before that of the timer, which is there by then. */
    assert_int_equal(qy_handle_close(qy_host_session(&the.server, 1)), 0);
    assert_int_equal(fired_at(1000), 0);
    assert_int_equal(fired_at(2000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_session_has_a_state_of_its_own, setup),
        cmocka_unit_test_setup(test_state_is_freed_when_the_session_is_closed, setup),
        cmocka_unit_test_setup(test_stop_ends_the_loop, setup),
        cmocka_unit_test_setup(test_stop_waits_for_calls_that_are_put_off, setup),
        cmocka_unit_test_setup(test_timer_fires_when_its_time_has_come, setup),
        cmocka_unit_test_setup(test_timer_that_is_set_anew_forgets_what_is_on_its_way, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
