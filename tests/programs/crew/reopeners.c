/* SPDX-License-Identifier: MIT */
/*
 * Calls the server `crew` from several threads while somebody kills it again and again. Calls that
 * are idempotent have no error, nor have those whose sessions are begun anew by themselves; of the
 * others a client has at most one for each kill, and nothing is lost without an error.
 */
#include <idl/crew.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/text.h>
#include <quay/thread.h>

#define KILLS         5
#define THREADS       6
#define ANSWER_WITHIN (10 * QY_SECOND)
#define KILLED_WITHIN (40 * QY_SECOND)
#define LOOK_AGAIN    (50 * QY_MILLISECOND)

struct client {
    struct qy_thread *thread;
    void (*run)(struct client *client);
    struct qy_connection connection;
    uint64_t number, calls;
    uint32_t errors;
    const char *failed; /* what was wrong, or NULL */
    int64_t error;
};

static uint32_t is_over; /* atomic */
static struct qy_connection shared = QY_CONNECTION("crew");

static time_ns_t soon(void)
{
    return qy_deadline_after(ANSWER_WITHIN);
}

/* Whether to go on. */
static bool check(struct client *client, const char *what, int64_t status, bool is_right)
{
    client->calls++;
    if (status != 0 || !is_right) {
        client->failed = what;
        client->error = status;
    }
    return client->failed == NULL && __atomic_load_n(&is_over, __ATOMIC_RELAXED) == 0;
}

static void echoes(struct client *client)
{
    uint64_t back = 0;
    int64_t status;
    do {
        status = qy_crew_echo_on(&shared, client->calls, &back, soon());
    } while (check(client, "echo", status, back == client->calls));
}

static int64_t begin_again(struct qy_connection *connection, handle_t *ret_session,
                           time_ns_t deadline)
{
    const struct client *client = connection->context;
    int64_t status = qy_connect(connection, ret_session, deadline);
    return status != 0 ? status : qy_crew_begin(*ret_session, client->number, deadline);
}

static void recalls(struct client *client)
{
    uint64_t value = 0;
    int64_t status;
    client->connection.open = begin_again;
    client->connection.context = client;
    do {
        status = qy_crew_recall_on(&client->connection, &value, soon());
    } while (check(client, "recall", status, value == client->number));
}

static bool is_death(int64_t status)
{
    return status == -EPEER_DIED || status == -ESESSION_STALE;
}

static void steps(struct client *client)
{
    uint64_t value = 0, expected = 0;
    int64_t status = -ESESSION_STALE; /* nothing has begun yet */
    do {
        if (is_death(status)) {
            expected = 0;
            status = qy_crew_begin_on(&client->connection, 0, soon());
        } else {
            expected++;
            status = qy_crew_step_on(&client->connection, &value, soon());
        }
        client->errors += is_death(status) ? 1 : 0;
    } while (check(client, "step", is_death(status) ? 0 : status,
                   is_death(status) || expected == 0 || value == expected));
}

static void client_run(void *argument)
{
    struct client *client = argument;
    client->run(client);
    qy_connection_close(&client->connection);
}

/* Waits until the name was bound KILLS times more. */
static bool kills_await(void)
{
    struct qy_connection connection;
    time_ns_t deadline = qy_deadline_after(KILLED_WITHIN);
    uint64_t first = 0, now = 0;
    while (now < first + KILLS && qy_clock_read() < deadline) {
        if (qy_connection_open(&connection, "crew", deadline) == 0) {
            now = connection.generation;
            first = first == 0 ? now : first;
        }
        qy_connection_close(&connection);
        (void)qy_thread_sleep(qy_deadline_after(LOOK_AGAIN)); /* it only sleeps */
    }
    return now >= first + KILLS;
}

int main(int argument_count, char **arguments)
{
    static void (*const runs[])(struct client *) = {echoes, recalls, steps};
    static struct client clients[THREADS];
    bool is_good = true;
    uint64_t calls = 0;
    uint32_t errors = 0;
    (void)argument_count;
    (void)arguments;
    for (uint32_t i = 0; i < THREADS; i++) {
        struct client *client = &clients[i];
        *client = (struct client){
            .run = runs[i % 3], .number = 1000 + i, .connection = QY_CONNECTION("crew")};
        int error = qy_thread_create(client_run, client, 0, &client->thread);
        if (error < 0) {
            qy_log("no thread: %s", qy_error_text(error));
            return 1;
        }
    }
    qy_log("calling");
    if (!kills_await()) {
        qy_log("not killed");
        is_good = false;
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < THREADS; i++) {
        struct client *client = &clients[i];
        (void)qy_thread_join(client->thread, DEADLINE_NEVER); /* cannot time out */
        calls += client->calls;
        errors += client->errors;
        if (client->failed != NULL || client->errors > KILLS) {
            qy_log("thread %u: %s: %ld, %u errors", i,
                   client->failed != NULL ? client->failed : "too many errors", (long)client->error,
                   client->errors);
            is_good = false;
        }
    }
    qy_log("%lu calls, %u errors", (unsigned long)calls, errors);
    qy_log("%s", is_good ? "all results right" : "WRONG RESULTS");
    return is_good ? 0 : 1;
}
