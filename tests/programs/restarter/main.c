/* SPDX-License-Identifier: MIT */
/*
 * Kills every server that init runs, but itself, so many times, and measures until the next
 * instance has answered a call of a session that was there before. What it finds goes to the kernel
 * log.
 *
 *   restarter TIMES MOST      MOST in milliseconds
 */
#include <idl/servers.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/message.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "../shared/tap.h"

#define ANSWER_WITHIN  (5 * QY_SECOND)
#define LOOK_EVERY     (100 * QY_MICROSECOND)
#define RUNNING_WITHIN (30 * QY_SECOND)

/* init starts a server at once if it has lived for a tenth of a second. */
#define LIFE (110 * QY_MILLISECOND)

struct outcome {
    time_ns_t longest, sum;
    uint32_t errors_max; /* that a client saw of one kill */
    const char *failed;
};

static bool server_get(uint32_t index, struct qy_servers_record *ret_server)
{
    handle_t servers = qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers");
    return qy_servers_get(servers, index, ret_server, DEADLINE_NEVER) == 0;
}

/* Every server answers a method 0, that it has none, or that it does not know the session; one
 * without a name has nothing to be asked with, and has come back when it runs. */
static int64_t probe(handle_t session, time_ns_t deadline)
{
    struct qy_message message;
    if (session == HANDLE_INVALID) {
        (void)qy_thread_sleep(qy_deadline_after(LOOK_EVERY)); /* it only sleeps */
        return -ENO_METHOD;
    }
    qy_message_set(&message, 0, NULL, 0);
    return qy_message_call(session, &message, deadline);
}

/* Waits until it runs: a session may wait some seconds for its next start. */
static bool running_wait(uint32_t index, struct qy_servers_record *ret_server)
{
    time_ns_t deadline = qy_deadline_after(RUNNING_WITHIN);
    do {
        (void)qy_thread_sleep(qy_deadline_after(LIFE)); /* it only sleeps */
        if (!server_get(index, ret_server)) {
            return false;
        }
    } while (ret_server->state == QY_SERVERS_STATE_WAITING && qy_clock_read() < deadline);
    return true;
}

/* One kill; what went wrong, or NULL. */
static const char *kill_once(uint32_t index, const struct qy_servers_record *server,
                             handle_t session, struct outcome *outcome)
{
    struct qy_servers_record now = {0};
    uint32_t errors = 0;
    time_ns_t begin = qy_clock_read();
    time_ns_t deadline = begin + ANSWER_WITHIN;
    if (qy_servers_kill(qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers"), server->name,
                        DEADLINE_NEVER) != 0) {
        return "cannot be killed";
    }
    int64_t status;
    do {
        status = probe(session, deadline);
        errors += status == -EPEER_DIED ? 1 : 0;
        if (qy_clock_read() >= deadline || !server_get(index, &now)) {
            return "did not come back";
        }
    } while (status == -EPEER_DIED || status == -ETIMEDOUT || now.id == server->id ||
             now.state != QY_SERVERS_STATE_RUNNING);
    time_ns_t took = qy_clock_read() - begin;
    outcome->sum += took;
    outcome->longest = took > outcome->longest ? took : outcome->longest;
    outcome->errors_max = errors > outcome->errors_max ? errors : outcome->errors_max;
    return NULL;
}

static struct outcome torment(uint32_t index, handle_t session, uint64_t times)
{
    struct outcome outcome = {0};
    for (uint64_t i = 0; i < times && outcome.failed == NULL; i++) {
        struct qy_servers_record server;
        outcome.failed = running_wait(index, &server) ? kill_once(index, &server, session, &outcome)
                                                      : "is not there any more";
    }
    return outcome;
}

/* A session from before the kills, or HANDLE_INVALID. */
static handle_t session_open(const char *name)
{
    static struct qy_connection connection;
    handle_t session = HANDLE_INVALID;
    if (name[0] != 0 &&
        qy_connection_open(&connection, name, qy_deadline_after(ANSWER_WITHIN)) == 0) {
        (void)qy_connection_session(&connection, &session, qy_deadline_after(ANSWER_WITHIN));
    }
    return session;
}

static uint64_t micros(time_ns_t duration)
{
    return (uint64_t)duration / QY_MICROSECOND;
}

static void server_check(uint32_t index, const struct qy_servers_record *server, uint64_t times,
                         time_ns_t most)
{
    handle_t session = session_open(server->serves);
    struct outcome outcome = torment(index, session, times);
    if (outcome.failed != NULL) {
        (void)tap_ok(false, "%s %s", server->name, outcome.failed);
        return;
    }
    (void)tap_ok(outcome.longest <= most && outcome.errors_max <= 1,
                 "%s: killed %lu times, back after %lu us, at most %lu us; errors per kill: %u",
                 server->name, (unsigned long)times, (unsigned long)(micros(outcome.sum) / times),
                 (unsigned long)micros(outcome.longest), outcome.errors_max);
}

static uint64_t number(int count, char **arguments, int index, uint64_t usual)
{
    uint64_t value;
    return index < count && qy_parse_u64(arguments[index], &value) == 0 && value > 0 ? value
                                                                                     : usual;
}

int main(int argument_count, char **arguments)
{
    uint64_t times = number(argument_count, arguments, 1, 100);
    time_ns_t most = (time_ns_t)number(argument_count, arguments, 2, 100) * QY_MILLISECOND;
    struct qy_servers_record server;
    for (uint32_t index = 0; server_get(index, &server); index++) {
        if (!qy_streq(server.name, arguments[0])) {
            server_check(index, &server, times, most);
        }
    }
    return (int)tap_end(); /* the script looks at the lines */
}
