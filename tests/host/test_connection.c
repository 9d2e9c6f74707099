/* SPDX-License-Identifier: MIT */
/* Sessions that are opened again by themselves (<quay/connection.h>), with the name service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <idl/probe.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/names.h>
#include <string.h>
#include "../../servers/names/names.h"

static struct {
    struct directory directory;
    struct qy_server names, server;
    handle_t port; /* of the server */
    struct qy_connection connection;
    uint64_t known_from; /* the server knows sessions from this badge on */
    uint64_t badge;      /* of the last call that it knew */
    uint32_t deaths;     /* of the server, still to come */
    uint32_t calls, opened;
    int64_t open_fails; /* once */
    struct qy_subscriber subscribers[1];
} the;

/* --- a server that may be restarted -------------------------------------------------------- */

/* What the kernel says, or the server, or 0. */
static int64_t fate(struct qy_request *request)
{
    the.calls++;
    if (the.deaths > 0) {
        the.deaths--;
        return EPEER_DIED;
    }
    if (request->in.badge < the.known_from) {
        return ESESSION_STALE;
    }
    the.badge = request->in.badge;
    return 0;
}

static int64_t echo(struct qy_request *request, const struct qy_probe_record *record,
                    struct qy_probe_record *ret_record)
{
    *ret_record = *record;
    return fate(request);
}

static int64_t add(struct qy_request *request, uint64_t a, uint64_t b, uint64_t *ret_sum)
{
    *ret_sum = a + b;
    return fate(request);
}

static int64_t give(struct qy_request *request, handle_t *event, bool keep, handle_t *spare,
                    bool *ret_has_spare)
{
    (void)event;
    (void)keep;
    (void)spare;
    *ret_has_spare = false;
    return fate(request);
}

static int64_t slow(struct qy_request *request)
{
    return fate(request);
}

/* The next instance: it knows no session that was made before. */
static void restart(void)
{
    the.known_from = ((uint64_t)the.directory.connections + 1) << 32;
}

static void server_bind(void)
{
    qy_host_idle = NULL;
    the.port = qy_host_port(&the.server);
    assert_int_equal(qy_name_bind("probe", the.port, 1), 0);
}

static int setup(void **unused)
{
    static const struct qy_probe_handlers handlers = {
        .add = add, .echo = echo, .give = give, .slow = slow};
    (void)unused;
    memset(&the, 0, sizeof the);
    qy_host_reset();
    static const struct qy_manifest none;
    names_init(&the.directory, &none);
    the.names = (struct qy_server){
        .dispatch = qy_names_dispatch, .handlers = &names_handlers, .cancelled = names_cancelled};
    the.server = (struct qy_server){.dispatch = qy_probe_dispatch,
                                    .handlers = &handlers,
                                    .subscribers = the.subscribers,
                                    .subscriber_max = 1};
    the.connection = (struct qy_connection)QY_CONNECTION("probe");
    qy_host_give(BOOTSTRAP_SESSION, "names",
                 qy_host_session(&the.names, QY_NAMES_ACCESS_BIND | QY_NAMES_ACCESS_CONNECT));
    server_bind();
    return 0;
}

static int64_t echo_on(void)
{
    struct qy_probe_record record = {.color = QY_PROBE_COLOR_RED}, back;
    return qy_probe_echo_on(&the.connection, &record, &back, DEADLINE_NEVER);
}

static int64_t add_on(time_ns_t deadline)
{
    uint64_t sum;
    return qy_probe_add_on(&the.connection, 1, 2, &sum, deadline);
}

static int64_t give_on(time_ns_t deadline)
{
    bool has_spare;
    return qy_probe_give_on(&the.connection, qy_host_handle(OBJECT_EVENT, RIGHTS_EVENT), false,
                            HANDLE_INVALID, &has_spare, deadline);
}

/* --- tests --------------------------------------------------------------------------------- */

static void test_first_call_opens_the_session_and_others_use_it(void **unused)
{
    (void)unused;
    assert_int_equal(the.connection.session, HANDLE_INVALID);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.connection.generation, 1);
    uint64_t badge = the.badge;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.badge, badge);
    qy_connection_close(&the.connection);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_not_equal(the.badge, badge);
}

static void test_idempotent_call_of_a_stale_session_has_no_error(void **unused)
{
    (void)unused;
    assert_int_equal(echo_on(), 0);
    restart();
    the.calls = 0;
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(echo_on(), 0);
    assert_int_equal(the.calls, 2);
    assert_int_equal(qy_host_handle_count(), handles); /* the old session is closed */
}

static void test_other_call_of_a_stale_session_has_one_error(void **unused)
{
    (void)unused;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    restart();
    assert_int_equal(add_on(DEADLINE_NEVER), -ESESSION_STALE);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
}

static int64_t reopen(struct qy_connection *connection, handle_t *ret_session, time_ns_t deadline)
{
    int64_t status = the.open_fails;
    the.opened++;
    the.open_fails = 0;
    int64_t connected = qy_connect(connection, ret_session, deadline);
    return connected != 0 ? connected : status;
}

static void test_call_is_repeated_where_the_state_of_a_session_is_made_again(void **unused)
{
    (void)unused;
    the.connection.open = reopen;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    restart();
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.opened, 2);
}

static void test_server_that_dies_while_the_session_is_opened_is_tried_again(void **unused)
{
    (void)unused;
    the.connection.open = reopen;
    the.open_fails = -EPEER_DIED;
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.opened, 2);
    assert_int_equal(qy_host_handle_count(), handles + 1); /* the session */
    qy_connection_close(&the.connection);
    the.open_fails = -EACCES;
    assert_int_equal(add_on(DEADLINE_NEVER), -EACCES);
    assert_int_equal(the.opened, 3);
}

static void test_death_with_the_call_in_hand_is_told_once(void **unused)
{
    (void)unused;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    the.deaths = 1;
    restart();
    assert_int_equal(add_on(DEADLINE_NEVER), -EPEER_DIED);
    assert_int_equal(add_on(DEADLINE_NEVER), 0); /* though the session was stale */
    restart();
    assert_int_equal(add_on(DEADLINE_NEVER), -ESESSION_STALE); /* another death */
    /* A next instance that knows the session is called with it. */
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    uint64_t badge = the.badge;
    the.deaths = 1;
    assert_int_equal(add_on(DEADLINE_NEVER), -EPEER_DIED);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.badge, badge);
    restart();
    assert_int_equal(add_on(DEADLINE_NEVER), -ESESSION_STALE);
}

static void test_idempotent_call_outlives_death_and_stale_session(void **unused)
{
    (void)unused;
    assert_int_equal(echo_on(), 0);
    the.deaths = 1;
    restart();
    assert_int_equal(echo_on(), 0);
}

static void test_call_that_kills_every_server_is_given_up(void **unused)
{
    (void)unused;
    the.deaths = 100;
    assert_int_equal(echo_on(), -EPEER_DIED);
    assert_int_equal(the.calls, QY_ATTEMPTS_MAX);
}

static void test_server_that_knows_no_session_is_given_up(void **unused)
{
    (void)unused;
    the.known_from = UINT64_MAX;
    assert_int_equal(echo_on(), -ESESSION_STALE);
    assert_in_range(the.calls, 2, 20);
}

static void test_closed_port_is_followed_by_that_of_the_next_server(void **unused)
{
    (void)unused;
    assert_int_equal(echo_on(), 0);
    assert_int_equal(qy_handle_close(the.port), 0);
    qy_host_idle = server_bind; /* while the client waits for the name */
    assert_int_equal(echo_on(), 0);
    assert_int_equal(the.connection.generation, 2);
    /* One that is not idempotent may have been carried out. */
    assert_int_equal(qy_handle_close(the.port), 0);
    server_bind();
    assert_int_equal(add_on(DEADLINE_NEVER), -EPEER_DIED);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    /* Unless it is found out before. */
    assert_int_equal(qy_handle_close(the.port), 0);
    server_bind();
    qy_connection_refresh(&the.connection);
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    assert_int_equal(the.connection.generation, 4);
}

static void test_server_that_does_not_come_back_costs_the_deadline(void **unused)
{
    (void)unused;
    struct qy_probe_record record = {.color = QY_PROBE_COLOR_RED}, back;
    assert_int_equal(echo_on(), 0);
    assert_int_equal(qy_handle_close(the.port), 0);
    uint32_t handles = qy_host_handle_count();
    assert_int_equal(qy_probe_echo_on(&the.connection, &record, &back, 1000), -ETIMEDOUT);
    assert_int_equal(add_on(1000), -ETIMEDOUT);
    assert_in_range(qy_host_handle_count(), handles - 3, handles);
    server_bind();
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
}

static void test_default_deadline_holds_for_opening_too(void **unused)
{
    (void)unused;
    assert_int_equal(qy_probe_slow_on(&the.connection, QY_DEADLINE_DEFAULT), 0);
    assert_int_equal(qy_host_deadline, qy_host_now + 50 * 1000000);
    qy_connection_close(&the.connection);
    assert_int_equal(qy_handle_close(the.port), 0);
    assert_int_equal(qy_probe_slow_on(&the.connection, QY_DEADLINE_DEFAULT), -ETIMEDOUT);
    assert_int_equal(qy_host_deadline, qy_host_now + 50 * 1000000);
}

static void test_handles_given_are_gone_and_given_once(void **unused)
{
    (void)unused;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    uint32_t handles = qy_host_handle_count();
    the.connection.open = reopen;
    restart();
    assert_int_equal(give_on(DEADLINE_NEVER), -ESESSION_STALE);
    assert_int_equal(give_on(DEADLINE_NEVER), 0);
    assert_int_equal(qy_host_handle_count(), handles);
    qy_connection_close(&the.connection);
    handles = qy_host_handle_count();
    assert_int_equal(give_on(0), -ETIMEDOUT); /* never called */
    assert_int_equal(qy_host_handle_count(), handles);
}

static void test_session_that_another_thread_replaced_is_no_error(void **unused)
{
    (void)unused;
    uint64_t sum;
    uint32_t tries = 0;
    struct qy_attempt attempt = QY_ATTEMPT(&the.connection, QY_REPEAT_UNDONE, DEADLINE_NEVER);
    while (qy_attempt_next(&attempt)) {
        if (tries++ == 0) {
            qy_connection_close(&the.connection); /* what the other thread does now */
        }
        attempt.status = qy_probe_add(attempt.session, 1, 2, &sum, DEADLINE_NEVER);
    }
    assert_int_equal(attempt.status, 0);
    assert_int_equal(tries, 2);
}

static void test_bad_handle_of_the_call_is_not_the_sessions_fault(void **unused)
{
    (void)unused;
    bool has_spare;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    handle_t session = the.connection.session;
    assert_int_equal(
        qy_probe_give_on(&the.connection, 0xbad, false, HANDLE_INVALID, &has_spare, DEADLINE_NEVER),
        -EBADF);
    assert_int_equal(the.connection.session, session);
}

static void test_errors_of_the_protocol_and_others_are_passed_on(void **unused)
{
    (void)unused;
    the.connection = (struct qy_connection)QY_CONNECTION("");
    assert_int_equal(add_on(DEADLINE_NEVER), -EINVAL);
    the.connection = (struct qy_connection)QY_CONNECTION("probe");
    uint64_t value;
    assert_int_equal(qy_probe_later_on(&the.connection, &value, DEADLINE_NEVER), -ENO_METHOD);
}

static void test_callback_batch_and_subscription_use_the_connection(void **unused)
{
    (void)unused;
    struct qy_caller caller;
    handle_t events;
    assert_int_equal(add_on(DEADLINE_NEVER), 0);
    restart();
    assert_int_equal(qy_caller_start(&caller, 1, HANDLE_INVALID, 0), 0);
    struct qy_probe_echo_call call = {
        .call = {.connection = &the.connection, .deadline = DEADLINE_NEVER},
        .record = &(struct qy_probe_record){.color = QY_PROBE_COLOR_RED}};
    qy_probe_echo_start(&caller, &call);
    qy_caller_end(&caller);
    assert_int_equal(call.call.status, 0);
    assert_int_equal(qy_handle_close(the.port), 0);
    server_bind();
    struct qy_batch batch;
    uint64_t sum;
    qy_batch_begin(&batch);
    assert_true(qy_probe_add_add(&batch, 1, 2));
    the.connection.open = qy_connect;
    qy_connection_refresh(&the.connection);
    assert_int_equal(qy_batch_call_on(&the.connection, &batch, DEADLINE_NEVER), 0);
    assert_int_equal(qy_probe_add_next(&batch, &sum), 0);
    assert_int_equal(sum, 3);
    assert_int_equal(qy_probe_subscribe_on(&the.connection, &events, DEADLINE_NEVER), 0);
    assert_int_equal(the.connection.generation, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_first_call_opens_the_session_and_others_use_it),
        TEST(test_idempotent_call_of_a_stale_session_has_no_error),
        TEST(test_other_call_of_a_stale_session_has_one_error),
        TEST(test_call_is_repeated_where_the_state_of_a_session_is_made_again),
        TEST(test_server_that_dies_while_the_session_is_opened_is_tried_again),
        TEST(test_death_with_the_call_in_hand_is_told_once),
        TEST(test_idempotent_call_outlives_death_and_stale_session),
        TEST(test_call_that_kills_every_server_is_given_up),
        TEST(test_server_that_knows_no_session_is_given_up),
        TEST(test_closed_port_is_followed_by_that_of_the_next_server),
        TEST(test_server_that_does_not_come_back_costs_the_deadline),
        TEST(test_default_deadline_holds_for_opening_too),
        TEST(test_handles_given_are_gone_and_given_once),
        TEST(test_session_that_another_thread_replaced_is_no_error),
        TEST(test_bad_handle_of_the_call_is_not_the_sessions_fault),
        TEST(test_errors_of_the_protocol_and_others_are_passed_on),
        TEST(test_callback_batch_and_subscription_use_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
