/* SPDX-License-Identifier: MIT */
#include <idl/work.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

#define THREADS        4
#define SESSIONS_MAX   16
#define HELD_MAX       4
#define WORK_CANCELLED 7 /* what a call that is to end is answered with */
#define MEET_WITHIN    (5 * QY_SECOND)

static struct {
    struct qy_mutex mutex; /* of everything here */
    struct qy_condition came;
    uint32_t meeting;
    bool has_met;
    struct qy_pending held[HELD_MAX];
    _Alignas(8) uint8_t sessions[SESSIONS_MAX * QY_SESSION_BYTES(sizeof(uint64_t))];
} work;

static int64_t count(struct qy_request *request, uint64_t *ret_value)
{
    qy_mutex_lock(&work.mutex);
    uint64_t *value = qy_session_state(request->server, request->in.badge);
    if (value != NULL) {
        *ret_value = ++*value;
    }
    qy_mutex_unlock(&work.mutex);
    return value != NULL ? 0 : EQUOTA;
}

static int64_t meet(struct qy_request *request, uint32_t wanted, bool *ret_met)
{
    (void)request;
    time_ns_t deadline = qy_deadline_after(MEET_WITHIN);
    int status = 0;
    qy_mutex_lock(&work.mutex);
    if (++work.meeting == wanted) {
        work.has_met = true;
        qy_condition_broadcast(&work.came);
    }
    while (!work.has_met && status == 0) {
        status = qy_condition_wait(&work.came, &work.mutex, deadline);
    }
    *ret_met = work.has_met;
    if (--work.meeting == 0) {
        work.has_met = false;
    }
    qy_mutex_unlock(&work.mutex);
    return 0;
}

static int64_t hold(struct qy_request *request, uint64_t *ret_value)
{
    (void)ret_value;
    int64_t status = EQUOTA;
    qy_mutex_lock(&work.mutex);
    for (uint32_t i = 0; i < HELD_MAX && status != QY_DEFER; i++) {
        if (!qy_is_pending(&work.held[i])) {
            status = qy_defer(request, &work.held[i]);
        }
    }
    qy_mutex_unlock(&work.mutex);
    return status;
}

static int64_t held(struct qy_request *request, uint32_t *ret_count)
{
    (void)request;
    qy_mutex_lock(&work.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        *ret_count += qy_is_pending(&work.held[i]) ? 1 : 0;
    }
    qy_mutex_unlock(&work.mutex);
    return 0;
}

static int64_t release(struct qy_request *request, uint64_t value, uint32_t *ret_count)
{
    qy_mutex_lock(&work.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        if (qy_is_pending(&work.held[i]) &&
            qy_work_hold_answer(request->server, &work.held[i], value) == 0) {
            ++*ret_count;
        }
    }
    qy_mutex_unlock(&work.mutex);
    return 0;
}

static int64_t stop(struct qy_request *request)
{
    qy_server_stop(request->server);
    return 0;
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    qy_mutex_lock(&work.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        (void)qy_pending_cancel(server, &work.held[i], token);
    }
    qy_mutex_unlock(&work.mutex);
}

static void cancel_requested(struct qy_server *server, uint64_t token)
{
    qy_mutex_lock(&work.mutex);
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        if (qy_pending_is(&work.held[i], token)) {
            /* It fails only if the caller has gone. */
            (void)qy_work_hold_answer(server, &work.held[i], WORK_CANCELLED);
        }
    }
    qy_mutex_unlock(&work.mutex);
}

int main(int argument_count, char **arguments)
{
    static const struct qy_work_handlers handlers = {
        .count = count,
        .meet = meet,
        .hold = hold,
        .held = held,
        .release = release,
        .stop = stop,
    };
    struct qy_server server = {
        .dispatch = qy_work_dispatch,
        .handlers = &handlers,
        .cancelled = cancelled,
        .cancel_requested = cancel_requested,
        .sessions = work.sessions,
        .session_bytes = sizeof(uint64_t),
        .session_max = SESSIONS_MAX,
        .thread_count = THREADS,
    };
    return qy_server_main(&server, argument_count > 0 ? arguments[0] : "work");
}
