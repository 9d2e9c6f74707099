/* SPDX-License-Identifier: MIT */
#include <idl/crew.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

#define THREADS        4
#define SESSIONS_MAX   32
#define HELD_MAX       4
#define CREW_CANCELLED 7 /* what a call that is to end is answered with */
#define MEET_WITHIN    (5 * QY_SECOND)

struct session {
    uint64_t count, value;
    bool has_begun;
};

static struct {
    struct qy_mutex mutex; /* of everything here */
    struct qy_condition came;
    uint32_t meeting;
    bool has_met;
    struct qy_pending held[HELD_MAX];
    _Alignas(8) uint8_t sessions[SESSIONS_MAX * QY_SESSION_BYTES(sizeof(struct session))];
} crew;

static int64_t count(struct qy_request *request, uint64_t *ret_value)
{
    qy_mutex_lock(&crew.mutex);
    struct session *session = qy_session_state(request->server, request->in.badge);
    if (session != NULL) {
        *ret_value = ++session->count;
    }
    qy_mutex_unlock(&crew.mutex);
    return session != NULL ? 0 : EQUOTA;
}

static int64_t echo(struct qy_request *request, uint64_t value, uint64_t *ret_value)
{
    (void)request;
    *ret_value = value;
    return 0;
}

static int64_t begin(struct qy_request *request, uint64_t value)
{
    qy_mutex_lock(&crew.mutex);
    struct session *session = qy_session_state(request->server, request->in.badge);
    if (session != NULL) {
        session->value = value;
        session->has_begun = true;
    }
    qy_mutex_unlock(&crew.mutex);
    return session != NULL ? 0 : EQUOTA;
}

static int64_t add(struct qy_request *request, uint64_t by, uint64_t *ret_value)
{
    int64_t status = ESESSION_STALE;
    qy_mutex_lock(&crew.mutex);
    struct session *session = qy_session_state(request->server, request->in.badge);
    if (session != NULL && session->has_begun) {
        *ret_value = session->value += by;
        status = 0;
    }
    qy_mutex_unlock(&crew.mutex);
    return status;
}

static int64_t recall(struct qy_request *request, uint64_t *ret_value)
{
    return add(request, 0, ret_value);
}

static int64_t step(struct qy_request *request, uint64_t *ret_value)
{
    return add(request, 1, ret_value);
}

static int64_t meet(struct qy_request *request, uint32_t wanted, bool *ret_met)
{
    (void)request;
    time_ns_t deadline = qy_deadline_after(MEET_WITHIN);
    int status = 0;
    qy_mutex_lock(&crew.mutex);
    if (++crew.meeting == wanted) {
        crew.has_met = true;
        qy_condition_broadcast(&crew.came);
    }
    while (!crew.has_met && status == 0) {
        status = qy_condition_wait(&crew.came, &crew.mutex, deadline);
    }
    *ret_met = crew.has_met;
    if (--crew.meeting == 0) {
        crew.has_met = false;
    }
    qy_mutex_unlock(&crew.mutex);
    return 0;
}

static int64_t hold(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    int64_t status = EQUOTA;
    qy_mutex_lock(&crew.mutex);
    for (uint32_t i = 0; i < HELD_MAX && status != QY_DEFER; i++) {
        if (!qy_is_pending(&crew.held[i])) {
            status = qy_defer(request, &crew.held[i]);
        }
    }
    qy_mutex_unlock(&crew.mutex);
    return status;
}

static int64_t held(struct qy_request *request, uint32_t *ret_count)
{
    (void)request;
    qy_mutex_lock(&crew.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        *ret_count += qy_is_pending(&crew.held[i]) ? 1 : 0;
    }
    qy_mutex_unlock(&crew.mutex);
    return 0;
}

static int64_t release(struct qy_request *request, uint64_t value, uint32_t *ret_count)
{
    qy_mutex_lock(&crew.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        if (qy_is_pending(&crew.held[i]) &&
            qy_crew_hold_answer(request->server, &crew.held[i], value) == 0) {
            ++*ret_count;
        }
    }
    qy_mutex_unlock(&crew.mutex);
    return 0;
}

static int64_t stop(struct qy_request *request)
{
    qy_server_stop(request->server);
    return 0;
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    qy_mutex_lock(&crew.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        (void)qy_pending_cancel(server, &crew.held[i], token);
    }
    qy_mutex_unlock(&crew.mutex);
}

static void cancel_requested(struct qy_server *server, uint64_t token)
{
    qy_mutex_lock(&crew.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        if (qy_pending_is(&crew.held[i], token)) {
            /* It fails only if the caller has gone. */
            (void)qy_crew_hold_answer(server, &crew.held[i], CREW_CANCELLED);
        }
    }
    qy_mutex_unlock(&crew.mutex);
}

int main(int argument_count, char **arguments)
{
    static const struct qy_crew_handlers handlers = {
        .count = count,
        .meet = meet,
        .hold = hold,
        .held = held,
        .release = release,
        .stop = stop,
        .echo = echo,
        .begin = begin,
        .recall = recall,
        .step = step,
    };
    struct qy_server server = {
        .dispatch = qy_crew_dispatch,
        .handlers = &handlers,
        .cancelled = cancelled,
        .cancel_requested = cancel_requested,
        .sessions = crew.sessions,
        .session_bytes = sizeof(struct session),
        .session_max = SESSIONS_MAX,
        .thread_count = THREADS,
    };
    return qy_server_main(&server, argument_count > 0 ? arguments[0] : "crew");
}
