/* SPDX-License-Identifier: MIT */
/* Calls the server `crew` from several threads and stops it in the middle. Nothing may fail. */
#include <idl/crew.h>
#include <quay/clock.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/text.h>
#include <quay/thread.h>

#define CALLERS        4
#define CALLS          500
#define CREW_CANCELLED 7 /* as the server has it */
#define CREW_RELEASED  9
#define MEETING        3 /* threads at a time */
#define ANSWER_WITHIN  (10 * QY_SECOND)

struct caller {
    struct qy_thread *thread;
    const char *failed; /* what was wrong, or NULL */
    int64_t error;
    uint64_t value;
};

static time_ns_t soon(void)
{
    return qy_deadline_after(ANSWER_WITHIN);
}

static void fail(struct caller *caller, const char *what, int64_t error)
{
    if (caller->failed == NULL) {
        caller->failed = what;
        caller->error = error;
    }
}

/* A session of one's own counts one's own calls. */
static void counts(void *argument)
{
    struct caller *caller = argument;
    struct qy_connection connection;
    uint64_t value = 0;
    int64_t status = qy_connection_open(&connection, "crew", soon());
    for (uint32_t i = 1; status == 0 && i <= CALLS; i++) {
        status = qy_crew_count(connection.session, &value, soon());
        if (status == 0 && value != i) {
            fail(caller, "a wrong count", (int64_t)value);
        }
    }
    if (status != 0) {
        fail(caller, "count", status);
    }
    qy_connection_close(&connection);
}

static void meets(void *argument)
{
    struct caller *caller = argument;
    struct qy_connection connection;
    bool has_met = false;
    int64_t status = qy_connection_open(&connection, "crew", soon());
    if (status == 0) {
        status = qy_crew_meet(connection.session, MEETING, &has_met, soon());
    }
    if (status != 0 || !has_met) {
        fail(caller, "meet", status);
    }
    qy_connection_close(&connection);
}

static void holds(void *argument)
{
    struct caller *caller = argument;
    struct qy_connection connection;
    uint64_t value = 0;
    int64_t status = qy_connection_open(&connection, "crew", soon());
    if (status == 0) {
        status = qy_crew_hold(connection.session, &value, soon());
    }
    caller->value = value;
    if (status != 0) {
        fail(caller, "hold", status);
    }
    qy_connection_close(&connection);
}

/* Whether all went well. */
static bool together(void (*run)(void *), uint32_t count, void (*meanwhile)(struct caller *),
                     uint64_t value)
{
    struct caller callers[CALLERS + 1] = {{0}};
    bool is_good = true;
    for (uint32_t i = 0; i < count; i++) {
        int error = qy_thread_create(run, &callers[i], 0, &callers[i].thread);
        if (error < 0) {
            qy_log("no thread: %s", qy_error_text(error));
            return false;
        }
    }
    if (meanwhile != NULL) {
        meanwhile(callers);
    }
    for (uint32_t i = 0; i <= CALLERS; i++) {
        if (callers[i].thread != NULL) {
            (void)qy_thread_join(callers[i].thread, DEADLINE_NEVER); /* cannot time out */
        }
        if (i < count && callers[i].value != value) {
            fail(&callers[i], "a wrong value", (int64_t)callers[i].value);
        }
        if (callers[i].failed != NULL) {
            qy_log("%s: %ld", callers[i].failed, (long)callers[i].error);
            is_good = false;
        }
    }
    return is_good;
}

/* Waits until the server holds a call. */
static int64_t hold_await(struct qy_connection *connection, time_ns_t deadline)
{
    uint32_t held = 0;
    int64_t status = qy_connection_open(connection, "crew", deadline);
    while (status == 0 && held == 0 && qy_clock_read() < deadline) {
        status = qy_crew_held(connection->session, &held, deadline);
    }
    return status;
}

/* A kick ends the call, but not what the server has to say. */
static void kicks(struct caller *callers)
{
    struct qy_connection connection;
    int64_t status = hold_await(&connection, soon());
    if (status == 0) {
        status = qy_thread_kick(callers[0].thread->handle, soon());
    }
    if (status != 0) {
        fail(&callers[CALLERS], "kick", status);
    }
    qy_connection_close(&connection);
}

/* Stops the server while a call is held: it is answered first, and the next instance answers the
 * same session, of which it knows nothing. */
static void stops(struct caller *callers)
{
    struct caller *caller = &callers[CALLERS];
    struct qy_connection connection;
    uint32_t released = 0;
    uint64_t value = 0;
    time_ns_t deadline = soon();
    int64_t status = hold_await(&connection, deadline);
    for (uint32_t i = 0; status == 0 && i < 3; i++) {
        status = qy_crew_count(connection.session, &value, deadline);
    }
    status = status == 0 ? qy_crew_stop(connection.session, deadline) : status;
    status = status == 0 ? qy_crew_release(connection.session, CREW_RELEASED, &released, deadline)
                         : status;
    if (status != 0 || released != 1) {
        fail(caller, "stop or release", status);
    }
    do {
        status = qy_crew_count(connection.session, &value, deadline);
    } while (status == 0 && value != 1 && qy_clock_read() < deadline);
    if (status != 0 || value != 1) {
        fail(caller, "count after the restart", status);
    }
    qy_connection_close(&connection);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    bool is_good = together(counts, CALLERS, NULL, 0);
    is_good = together(meets, MEETING, NULL, 0) && is_good;
    is_good = together(holds, 1, kicks, CREW_CANCELLED) && is_good;
    is_good = together(holds, 1, stops, CREW_RELEASED) && is_good;
    qy_log("%s", is_good ? "all results right" : "WRONG RESULTS");
    return is_good ? 0 : 1;
}
