/* SPDX-License-Identifier: MIT */
#include <quay/keeper.h>
#include <idl/keeper.h>
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/port.h>

#define PATIENCE QY_SECOND

static handle_t watched; /* our end */

/* The end of our last instance, whose binding the port has still, lies beside the other one. */
static void last_end(handle_t keeper, uint64_t key, handle_t port)
{
    handle_t sender, none[3];
    if (watched == HANDLE_INVALID &&
        qy_keeper_get(keeper, key, &sender, &watched, &none[0], &none[1], &none[2],
                      qy_deadline_after(PATIENCE)) == 0) {
        qy_handle_discard(sender);
    }
    if (watched != HANDLE_INVALID) {
        (void)qy_port_unbind(port, watched); /* it may not be bound */
        qy_handle_discard(watched);
        watched = HANDLE_INVALID;
    }
}

int64_t qy_keeper_watch(handle_t keeper, uint64_t key, handle_t port, uint64_t notice_key)
{
    uint64_t instance;
    last_end(keeper, key, port);
    struct qy_result ends = qy_channel_create(qy_self_job(), 1, 8, 0);
    if (ends.status < 0) {
        return ends.status;
    }
    watched = (handle_t)ends.second;
    int64_t status = qy_port_bind(port, watched, SIGNAL_PEER_CLOSED, notice_key);
    if (status == 0) {
        status =
            qy_keeper_put(keeper, key, (handle_t)ends.status, watched, HANDLE_INVALID,
                          HANDLE_INVALID, HANDLE_INVALID, &instance, qy_deadline_after(PATIENCE));
    }
    qy_handle_discard((handle_t)ends.status); /* the keeper has a copy */
    return status > 0 ? -status : status;
}
