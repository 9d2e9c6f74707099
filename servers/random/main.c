/* SPDX-License-Identifier: MIT */
#include "random.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/event.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>

#define KEY_TIMER  1
#define STEP_AFTER (20 * QY_MILLISECOND) /* while it is not seeded */

static handle_t timer;

static void step_later(void)
{
    (void)qy_timer_set(timer, qy_deadline_after(STEP_AFTER), 0, 0); /* ours, without a period */
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    if (key == KEY_TIMER && random_continue(server)) {
        step_later();
    }
}

/* What needs the port: more steps, if the first was not enough. */
static void timer_start(handle_t port)
{
    int64_t made = qy_timer_create(qy_self_job());
    int64_t error = made;
    if (made >= 0) {
        timer = (handle_t)made;
        error = qy_port_bind(port, timer, SIGNAL_FIRED, KEY_TIMER);
    }
    if (error < 0) {
        qy_log("no timer: %s", qy_error_text(error));
        return;
    }
    step_later();
}

int main(int argument_count, char **arguments)
{
    static struct kept unkept; /* where nobody keeps memory for us */
    struct kept *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_random_dispatch,
        .handlers = &random_handlers,
        .notice = notice,
        .cancelled = random_cancelled,
        .cancel_requested = random_cancelled, /* what waits has got nothing */
    };
    (void)argument_count;
    (void)arguments;
    random_init(kept != NULL ? kept : &unkept, entropy_machine_find());
    timer_start(server.port);
    return qy_server_main(&server, "random");
}
