/* SPDX-License-Identifier: MIT */
/*
 * Kills every server that others call, again and again, while threads on all CPUs call the counter.
 * A kill is over when the next instance has answered. No client may see more than one error of it,
 * and the counter must not forget what it has answered.
 */
#include "command.h"
#include "figures_read.h"
#include "sessions.h"
#include "terminal.h"
#include <idl/counter.h>
#include <idl/servers.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/message.h>
#include <quay/text.h>
#include <quay/thread.h>

#define CALLERS_MAX   16
#define TIMES_DEFAULT 10
#define TIMES_MAX     10 /* more within a minute, and init gives the server up */
#define ANSWER_WITHIN (5 * QY_SECOND)

/* init starts a server at once if it has lived for a tenth of a second. */
#define LIFE (150 * QY_MILLISECOND)

struct caller {
    struct qy_thread *thread;
    uint64_t calls, errors; /* atomic */
    const char *failed;     /* what was wrong, or NULL */
    int64_t error;
};

/* What came of the kills of one server. */
struct outcome {
    time_ns_t longest, sum;
    uint32_t errors_max; /* that one client saw of one kill */
    const char *failed;
};

static struct {
    struct caller callers[CALLERS_MAX];
    uint32_t caller_count;
    uint32_t stopped; /* atomic */
    handle_t counter; /* session */
} restarts_state;

static void caller_run(void *argument)
{
    struct caller *caller = argument;
    handle_t session = restarts_state.counter;
    uint64_t before = 0;
    while (__atomic_load_n(&restarts_state.stopped, __ATOMIC_RELAXED) == 0) {
        uint64_t value;
        int64_t status = qy_counter_increment(session, 1, &value, DEADLINE_NEVER);
        if (status == -EPEER_DIED) {
            __atomic_fetch_add(&caller->errors, 1, __ATOMIC_RELAXED);
        } else if (status != 0) {
            caller->failed = "a call failed";
            caller->error = status;
            return;
        } else if (value <= before) {
            caller->failed = "the counter went back";
            return;
        } else {
            before = value;
            __atomic_fetch_add(&caller->calls, 1, __ATOMIC_RELAXED);
        }
    }
}

static void callers_start(uint32_t cpu_count)
{
    while (restarts_state.caller_count < 2 * cpu_count &&
           restarts_state.caller_count < CALLERS_MAX) {
        struct caller *caller = &restarts_state.callers[restarts_state.caller_count];
        int error = qy_thread_create(caller_run, caller, 0, &caller->thread);
        if (error < 0) {
            qy_printf("only %u threads: %s\n", restarts_state.caller_count, qy_error_text(error));
            return;
        }
        restarts_state.caller_count++;
    }
}

/* Whether all callers found everything right. */
static bool callers_stop(void)
{
    uint64_t calls = 0;
    bool is_good = true;
    __atomic_store_n(&restarts_state.stopped, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < restarts_state.caller_count; i++) {
        struct caller *caller = &restarts_state.callers[i];
        (void)qy_thread_join(caller->thread, DEADLINE_NEVER); /* cannot time out */
        calls += caller->calls;
        if (caller->failed != NULL) {
            is_good = false;
            qy_printf("thread %u: %s (%s)\n", i, caller->failed, qy_error_text(caller->error));
        }
    }
    qy_printf("%lu calls by %u threads meanwhile\n", calls, restarts_state.caller_count);
    return is_good;
}

/* The most errors that a caller has seen since errors_before was noted; notes anew. */
static uint32_t caller_errors(uint64_t *errors_before)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < restarts_state.caller_count; i++) {
        uint64_t errors = __atomic_load_n(&restarts_state.callers[i].errors, __ATOMIC_RELAXED);
        most = errors - errors_before[i] > most ? errors - errors_before[i] : most;
        errors_before[i] = errors;
    }
    return (uint32_t)most;
}

static bool server_get(uint32_t index, struct qy_servers_record *ret_server)
{
    handle_t servers = qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers");
    return qy_servers_get(servers, index, ret_server, DEADLINE_NEVER) == 0;
}

/* Every server answers that it has no method 0. */
static int64_t server_probe(handle_t session, time_ns_t deadline)
{
    struct qy_message message;
    qy_message_set(&message, 0, NULL, 0);
    return qy_message_call(session, &message, deadline);
}

/* One kill; false if the server did not come back. */
static bool kill_once(uint32_t index, const struct qy_servers_record *server, handle_t session,
                      struct outcome *outcome)
{
    struct qy_servers_record now = {0};
    uint32_t errors = 0;
    time_ns_t begin = qy_clock_read();
    time_ns_t deadline = begin + ANSWER_WITHIN;
    int64_t status = qy_servers_kill(qy_bootstrap_handle(BOOTSTRAP_SESSION, "servers"),
                                     server->name, DEADLINE_NEVER);
    if (status != 0) {
        outcome->failed = "cannot be killed";
        return false;
    }
    do {
        status = server_probe(session, deadline);
        errors += status == -EPEER_DIED ? 1 : 0;
        if (qy_clock_read() >= deadline || !server_get(index, &now)) {
            outcome->failed = "did not come back";
            return false;
        }
    } while (status != -ENO_METHOD || now.id == server->id);
    time_ns_t took = qy_clock_read() - begin;
    outcome->sum += took;
    outcome->longest = took > outcome->longest ? took : outcome->longest;
    outcome->errors_max = errors > outcome->errors_max ? errors : outcome->errors_max;
    return true;
}

static bool server_torment(uint32_t index, const char *name, handle_t session, uint32_t times)
{
    struct outcome outcome = {0};
    uint64_t errors_before[CALLERS_MAX] = {0};
    (void)caller_errors(errors_before);
    for (uint32_t i = 0; i < times && outcome.failed == NULL; i++) {
        (void)qy_thread_sleep(qy_deadline_after(LIFE)); /* it only sleeps */
        struct qy_servers_record server;
        if (!server_get(index, &server) || !kill_once(index, &server, session, &outcome)) {
            break;
        }
        uint32_t errors = caller_errors(errors_before);
        outcome.errors_max = errors > outcome.errors_max ? errors : outcome.errors_max;
    }
    if (outcome.failed != NULL) {
        qy_printf("%s %s\n", name, outcome.failed);
        return false;
    }
    qy_printf("%s: killed %u times, back after %s, at most %s; errors per client and kill: %u\n",
              name, times, text_duration((uint64_t)outcome.sum / times),
              text_duration((uint64_t)outcome.longest), outcome.errors_max);
    return outcome.errors_max <= 1 && outcome.longest < QY_SECOND;
}

void cmd_restarts(int count, char **words)
{
    uint64_t times = TIMES_DEFAULT;
    if (count == 2 && !command_number(words[1], "the number of kills", 1, TIMES_MAX, &times)) {
        return;
    }
    struct system_kernel kernel;
    if (!figures_one(SYSTEM_KERNEL, &kernel, sizeof kernel)) {
        return;
    }
    memset(&restarts_state, 0, sizeof restarts_state);
    restarts_state.counter = session_handle("counter");
    if (restarts_state.counter == HANDLE_INVALID) {
        return;
    }
    callers_start(kernel.cpu_count);
    bool is_good = true;
    struct qy_servers_record server;
    for (uint32_t index = 0; server_get(index, &server); index++) {
        handle_t session = server.serves[0] != 0 ? session_handle(server.serves) : HANDLE_INVALID;
        if (session != HANDLE_INVALID &&
            !server_torment(index, server.name, session, (uint32_t)times)) {
            is_good = false;
        }
    }
    is_good = callers_stop() && is_good;
    qy_printf("restarts: %s\n", is_good ? "all results right" : "WRONG RESULTS");
}
