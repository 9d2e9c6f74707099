/* SPDX-License-Identifier: MIT */
/* The name service, called as servers and clients call it: through <quay/names.h>. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <idl/counter.h>
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/host.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/text.h>
#include <string.h>
#include "../../servers/names/names.h"

static struct {
    struct directory directory;
    struct qy_manifest manifest;
    struct qy_manifest_entry entries[2];
    struct qy_server names;
    handle_t session;
    uint64_t badge; /* that the counter saw last */
    uint32_t events;
    uint64_t generation;
} state;

/* --- a server to be found ------------------------------------------------------------------ */

static int64_t counter_read(struct qy_request *request, uint64_t *ret_value)
{
    state.badge = request->in.badge;
    *ret_value = 7;
    return 0;
}

static int64_t counter_increment(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    (void)request;
    *ret_value = by;
    return 0;
}

static const struct qy_counter_handlers counter_handlers = {
    .increment = counter_increment,
    .read = counter_read,
};
static struct qy_server counter = {.dispatch = qy_counter_dispatch, .handlers = &counter_handlers};

/* --- the service --------------------------------------------------------------------------- */

static void names_start(void)
{
    names_init(&state.directory, &state.manifest);
    state.names = (struct qy_server){
        .dispatch = names_dispatch,
        .handlers = &names_handlers,
        .cancelled = names_cancelled,
    };
}

static int setup(void **unused)
{
    (void)unused;
    memset(&state, 0, sizeof state);
    qy_host_reset();
    names_start();
    state.session = qy_host_session(&state.names, QY_NAMES_ACCESS_BIND | QY_NAMES_ACCESS_CONNECT);
    qy_host_give(BOOTSTRAP_SESSION, "names", state.session);
    counter.port = qy_host_port(&counter);
    return 0;
}

static void test_connect_after_bind_gives_a_session_with_a_badge_of_its_own(void **unused)
{
    (void)unused;
    struct qy_connection one, other;
    uint64_t value, badge;
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
    assert_int_equal(qy_connection_open(&one, "counter", DEADLINE_NEVER), 0);
    assert_int_equal(qy_connection_open(&other, "counter", DEADLINE_NEVER), 0);
    assert_int_equal(one.generation, 1);
    assert_int_equal(qy_counter_read(one.session, &value, DEADLINE_NEVER), 0);
    assert_int_equal(value, 7);
    badge = state.badge;
    assert_int_equal((uint32_t)badge, 5);
    assert_int_equal(qy_counter_read(other.session, &value, DEADLINE_NEVER), 0);
    assert_int_equal((uint32_t)state.badge, 5);
    assert_int_not_equal(badge, state.badge);
    qy_connection_close(&one);
    qy_connection_close(&other);
}

static void counter_bind(void)
{
    qy_host_idle = NULL;
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
}

static void test_connect_before_bind_waits_for_the_server(void **unused)
{
    (void)unused;
    struct qy_connection connection;
    uint64_t value;
    qy_host_idle = counter_bind;
    assert_int_equal(qy_connection_open(&connection, "counter", DEADLINE_NEVER), 0);
    assert_int_equal(qy_counter_read(connection.session, &value, DEADLINE_NEVER), 0);
}

static void test_connect_without_a_server_ends_at_the_deadline(void **unused)
{
    (void)unused;
    struct qy_connection connection;
    uint32_t handles = qy_host_handle_count();
    for (uint32_t i = 0; i <= WAITERS_MAX; i++) { /* who has gone takes no place */
        assert_int_equal(qy_connection_open(&connection, "counter", 1000), -ETIMEDOUT);
    }
    assert_int_equal(connection.session, HANDLE_INVALID);
    assert_int_equal(qy_host_handle_count(), handles);
}

static void test_bind_of_a_name_whose_port_is_open_is_refused(void **unused)
{
    (void)unused;
    struct qy_connection connection;
    handle_t other = qy_host_port(&counter);
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
    assert_int_equal(qy_name_bind("counter", other, 5), -EEXIST);
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0); /* it was started again */
    assert_int_equal(qy_handle_close(counter.port), 0);
    assert_int_equal(qy_name_bind("counter", other, 5), 0);
    assert_int_equal(qy_connection_open(&connection, "counter", DEADLINE_NEVER), 0);
    assert_int_equal(connection.generation, 3);
}

static void test_session_without_the_right_may_not(void **unused)
{
    (void)unused;
    handle_t connects = qy_host_session(&state.names, QY_NAMES_ACCESS_CONNECT);
    handle_t binds = qy_host_session(&state.names, QY_NAMES_ACCESS_BIND);
    handle_t session;
    uint64_t generation;
    assert_int_equal(
        qy_names_bind(connects, "counter", 5, qy_host_port(&counter), &generation, DEADLINE_NEVER),
        QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(qy_names_connect(binds, "counter", &session, &generation, DEADLINE_NEVER),
                     QY_NAMES_FAILURE_NO_ACCESS);
}

static void test_name_that_is_empty_or_too_long_is_refused(void **unused)
{
    (void)unused;
    struct qy_connection connection;
    assert_int_equal(qy_name_bind("", counter.port, 5), -EINVAL);
    assert_int_equal(qy_connection_open(&connection, "", DEADLINE_NEVER), -EINVAL);
    assert_int_equal(qy_connection_open(&connection, "longer-than-any-name", DEADLINE_NEVER),
                     -EINVAL);
}

static void test_names_beyond_the_bound_are_refused(void **unused)
{
    (void)unused;
    char name[] = "server00";
    for (uint32_t i = 0; i < DIRECTORY_MAX; i++) {
        name[6] = (char)('0' + i / 10);
        name[7] = (char)('0' + i % 10);
        handle_t port = qy_host_port(&counter);
        assert_int_equal(qy_name_bind(name, port, 5), 0);
        assert_int_equal(qy_handle_close(port), 0);
        struct qy_connection
            connection; /* the port is closed: this gives the binding's handle up */
        assert_int_equal(qy_connection_open(&connection, name, 1000), -ETIMEDOUT);
    }
    assert_int_equal(qy_name_bind("another", counter.port, 5), -ENOSPC);
}

/* --- what a restart does ------------------------------------------------------------------- */

static void test_new_instance_goes_on_with_names_and_generations(void **unused)
{
    (void)unused;
    struct qy_names_entry entry;
    struct qy_connection connection;
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
    names_start();
    assert_int_equal(qy_names_get(state.session, 0, &entry, DEADLINE_NEVER), 0);
    assert_string_equal(entry.name, "counter");
    assert_int_equal(entry.generation, 1);
    assert_false(entry.is_bound);
    assert_int_equal(qy_names_get(state.session, 1, &entry, DEADLINE_NEVER),
                     QY_NAMES_FAILURE_NO_SUCH_INDEX);
    names_preset("counter", 5, qy_host_port(&counter)); /* its instance has not come back yet */
    assert_int_equal(qy_connection_open(&connection, "counter", DEADLINE_NEVER), 0);
    assert_int_equal(connection.generation, 1);
}

/* --- who watches --------------------------------------------------------------------------- */

static void bound(void *context, const struct qy_names_entry *entry)
{
    (void)context;
    state.events++;
    state.generation = entry->generation;
    assert_true(entry->is_bound);
    assert_string_equal(entry->name, "counter");
}

static void test_subscriber_hears_of_every_bind(void **unused)
{
    (void)unused;
    static const struct qy_names_events events = {.bound = bound};
    handle_t channel;
    assert_int_equal(qy_names_subscribe(state.session, &channel, DEADLINE_NEVER), 0);
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
    assert_int_equal(qy_name_bind("counter", counter.port, 5), 0);
    assert_int_equal(qy_names_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(qy_names_receive(channel, &events, NULL, 0), 0);
    assert_int_equal(state.events, 2);
    assert_int_equal(state.generation, 2);
}

/* --- views --------------------------------------------------------------------------------- */

#define BOTH (QY_NAMES_ACCESS_BIND | QY_NAMES_ACCESS_CONNECT)

/* Entry 0 serves alpha and needs beta; entry 1 sees everything. */
static void views_make(void)
{
    struct qy_manifest_entry *entries = state.entries;
    (void)qy_strlcpy(entries[0].serves[0].name, "alpha", 16);
    (void)qy_strlcpy(entries[0].needs[0].name, "beta", 16);
    (void)qy_strlcpy(entries[1].needs[0].name, "*", 16);
    (void)qy_strlcpy(entries[1].binds[0].name, "*", 16);
    entries[0].serves_count = entries[0].needs_count = 1;
    entries[1].binds_count = entries[1].needs_count = 1;
    state.manifest = (struct qy_manifest){entries, 2};
    names_start();
}

static handle_t view_session(uint32_t view)
{
    return qy_host_session(&state.names, (uint64_t)view << 32 | BOTH);
}

static int64_t bind(handle_t session, const char *name)
{
    uint64_t generation;
    int64_t port = qy_handle_dup(counter.port, RIGHTS_BASIC | RIGHT_MINT);
    return qy_names_bind(session, name, 1, (handle_t)port, &generation, DEADLINE_NEVER);
}

static int64_t connect(handle_t session, const char *name)
{
    handle_t made;
    uint64_t generation;
    int64_t status = qy_names_connect(session, name, &made, &generation, qy_host_now + 1);
    if (status == 0) {
        (void)qy_handle_close(made);
    }
    return status;
}

static void test_view_binds_what_it_serves_and_connects_to_what_it_needs(void **unused)
{
    (void)unused;
    views_make();
    handle_t narrow = view_session(1), wide = view_session(2), none = view_session(3);
    assert_int_equal(bind(narrow, "alpha"), 0);
    assert_int_equal(bind(narrow, "beta"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(bind(narrow, "*"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(bind(wide, "beta"), 0);
    assert_int_equal(bind(wide, "gamma"), 0);
    assert_int_equal(connect(narrow, "beta"), 0);
    assert_int_equal(connect(narrow, "alpha"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(connect(narrow, "gamma"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(connect(narrow, "nobody"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(connect(wide, "alpha"), 0);
    assert_int_equal(connect(none, "beta"), QY_NAMES_FAILURE_NO_ACCESS);
    assert_int_equal(bind(none, "delta"), QY_NAMES_FAILURE_NO_ACCESS);
}

static uint32_t names_listed(handle_t session)
{
    struct qy_names_entry entry;
    uint32_t count = 0;
    while (qy_names_get(session, count, &entry, DEADLINE_NEVER) == 0) {
        count++;
    }
    return count;
}

static void heard(void *context, const struct qy_names_entry *entry)
{
    (void)context;
    (void)entry;
    state.events++;
}

static void test_view_lists_and_hears_only_of_what_it_sees(void **unused)
{
    (void)unused;
    views_make();
    handle_t narrow = view_session(1), wide = view_session(2), near, far;
    static const struct qy_names_events events = {.bound = heard};
    assert_int_equal(qy_names_subscribe(narrow, &near, DEADLINE_NEVER), 0);
    assert_int_equal(qy_names_subscribe(wide, &far, DEADLINE_NEVER), 0);
    assert_int_equal(bind(wide, "gamma"), 0);
    assert_int_equal(bind(wide, "beta"), 0);
    assert_int_equal(names_listed(narrow), 1);
    assert_int_equal(names_listed(wide), 2);
    assert_int_equal(qy_names_receive(near, &events, NULL, 0), 0);
    assert_int_equal(qy_names_receive(near, &events, NULL, 0), -ETIMEDOUT);
    assert_int_equal(qy_names_receive(far, &events, NULL, 0), 0);
    assert_int_equal(qy_names_receive(far, &events, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_view_binds_what_it_serves_and_connects_to_what_it_needs, setup),
        cmocka_unit_test_setup(test_view_lists_and_hears_only_of_what_it_sees, setup),
        cmocka_unit_test_setup(test_connect_after_bind_gives_a_session_with_a_badge_of_its_own,
                               setup),
        cmocka_unit_test_setup(test_connect_before_bind_waits_for_the_server, setup),
        cmocka_unit_test_setup(test_connect_without_a_server_ends_at_the_deadline, setup),
        cmocka_unit_test_setup(test_bind_of_a_name_whose_port_is_open_is_refused, setup),
        cmocka_unit_test_setup(test_session_without_the_right_may_not, setup),
        cmocka_unit_test_setup(test_name_that_is_empty_or_too_long_is_refused, setup),
        cmocka_unit_test_setup(test_names_beyond_the_bound_are_refused, setup),
        cmocka_unit_test_setup(test_new_instance_goes_on_with_names_and_generations, setup),
        cmocka_unit_test_setup(test_subscriber_hears_of_every_bind, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
