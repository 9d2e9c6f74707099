/* SPDX-License-Identifier: MIT */
/* Times at which a server's loop does something. */
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/server.h>

/* Above every address of a program, below the keys of inboxes. */
#define KEY_TIMER 0x8000000000000000ul

static int64_t timer_make(struct qy_server *server, struct qy_server_timer *timer)
{
    int64_t made = qy_timer_create(qy_self_job());
    if (made < 0) {
        return made;
    }
    int64_t status = qy_port_bind(server->port, (handle_t)made, SIGNAL_FIRED,
                                  KEY_TIMER | (uint64_t)(uintptr_t)timer);
    if (status < 0) {
        (void)qy_handle_close((handle_t)made); /* it was made just now */
        return status;
    }
    timer->handle = (handle_t)made;
    return 0;
}

int64_t qy_server_timer_set(struct qy_server *server, struct qy_server_timer *timer,
                            time_ns_t deadline, uint64_t period_ns)
{
    int64_t status = 0;
    qy_mutex_lock(&server->mutex);
    if (timer->handle == HANDLE_INVALID) {
        status = timer_make(server, timer);
    }
    if (status == 0) {
        status = qy_timer_set(timer->handle, deadline, period_ns, 0);
    }
    if (status == 0) {
        timer->deadline = deadline;
        timer->period_ns = deadline != DEADLINE_NEVER ? period_ns : 0;
    }
    qy_mutex_unlock(&server->mutex);
    return status;
}

/* Whether it is its time. A notice may have been on its way when the timer was set anew. */
static bool timer_take(struct qy_server *server, struct qy_server_timer *timer)
{
    time_ns_t now = qy_clock_read();
    qy_mutex_lock(&server->mutex);
    bool is_due = timer->deadline != DEADLINE_NEVER && now >= timer->deadline;
    if (is_due && timer->period_ns == 0) {
        timer->deadline = DEADLINE_NEVER;
    } else if (is_due) {
        uint64_t periods = (uint64_t)(now - timer->deadline) / timer->period_ns + 1;
        timer->deadline += (time_ns_t)(periods * timer->period_ns);
    }
    qy_mutex_unlock(&server->mutex);
    return is_due;
}

bool qy_server_timer_notice(struct qy_server *server, uint64_t key)
{
    if (key < KEY_TIMER || key >= QY_KEY_INBOX) {
        return false;
    }
    struct qy_server_timer *timer = (struct qy_server_timer *)(uintptr_t)(key & ~KEY_TIMER);
    if (timer_take(server, timer)) {
        timer->fired(server, timer);
    }
    return true;
}
