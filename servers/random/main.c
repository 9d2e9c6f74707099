/* SPDX-License-Identifier: MIT */
#include "random.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>

#define STEP_AFTER (20 * QY_MILLISECOND) /* while it is not seeded */

static struct qy_server_timer step_timer;

static void step_later(struct qy_server *server)
{
    int64_t error = qy_server_timer_set(server, &step_timer, qy_deadline_after(STEP_AFTER), 0);
    if (error < 0) {
        qy_log("no timer: %s", qy_error_text(error));
    }
}

static void step(struct qy_server *server, struct qy_server_timer *timer)
{
    (void)timer;
    if (random_continue(server)) {
        step_later(server);
    }
}

static struct qy_server_timer step_timer = {.fired = step};

int main(int argument_count, char **arguments)
{
    static struct kept unkept; /* where nobody keeps memory for us */
    struct kept *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_random_dispatch,
        .handlers = &random_handlers,
        .cancelled = random_cancelled,
        .cancel_requested = random_cancelled, /* what waits has got nothing */
    };
    (void)argument_count;
    (void)arguments;
    random_init(kept != NULL ? kept : &unkept, entropy_machine_find());
    step_later(&server); /* more steps, if the first was not enough */
    return qy_server_main(&server, "random");
}
