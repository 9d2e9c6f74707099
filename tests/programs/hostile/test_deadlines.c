/* SPDX-License-Identifier: MIT */
/* Every call that blocks: a deadline of 0 polls, one that has passed is like it, one that comes is
 * kept. */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/futex.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/thread.h>

static uint32_t word;

static int64_t wait_object(time_ns_t deadline)
{
    return qy_object_wait(fixture_handle(OBJECT_EVENT), SIGNAL_USER, deadline);
}

static int64_t wait_event(time_ns_t deadline)
{
    return qy_event_wait(fixture_handle(OBJECT_EVENT), 1, 0, deadline).status;
}

static int64_t wait_futex(time_ns_t deadline)
{
    return qy_futex_wait(&word, 0, deadline);
}

static int64_t wait_call(time_ns_t deadline)
{
    static handle_t session; /* to a port that nobody serves: not even we */
    struct qy_message message = {0};
    if (session == 0) {
        session = qy_session_create((handle_t)qy_port_create(qy_self_job(), 1), 1, 1).second;
    }
    return qy_port_call(session, &message, deadline);
}

static int64_t wait_receive(time_ns_t deadline)
{
    struct qy_received io = {0};
    return qy_port_reply_receive(fixture_handle(OBJECT_PORT), &io, deadline);
}

static void deadlines_try(const char *name, int64_t (*wait)(time_ns_t deadline))
{
    tap_equal(wait(DEADLINE_POLL), -ETIMEDOUT, "%s polls", name);
    tap_equal(wait(1), -ETIMEDOUT, "%s with a deadline long ago", name);
    tap_equal(wait(qy_clock_read() - 1), -ETIMEDOUT, "%s with one just passed", name);
    time_ns_t deadline = qy_deadline_after(SHORTLY);
    tap_equal(wait(deadline), -ETIMEDOUT, "%s waits", name);
    tap_ok(qy_clock_read() >= deadline, "%s not less than asked", name);
}

void test_deadlines(void)
{
    (void)qy_event_signal(fixture_handle(OBJECT_EVENT), UINT64_MAX, 0);
    deadlines_try("object_wait", wait_object);
    deadlines_try("event_wait", wait_event);
    deadlines_try("futex_wait", wait_futex);
    deadlines_try("port_call", wait_call);
    deadlines_try("port_reply_receive", wait_receive);
    tap_equal(qy_thread_sleep(1), 0, "thread_sleep with a deadline long ago");
}
