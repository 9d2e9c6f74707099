/* SPDX-License-Identifier: MIT */
#include <quay/channel.h>

int64_t qy_channel_receive_wait(handle_t receiver, struct qy_message *message, time_ns_t deadline)
{
    for (;;) {
        int64_t status = qy_channel_receive(receiver, message);

        if (status != -EAGAIN) {
            return status;
        }
        status = qy_object_wait(receiver, SIGNAL_READABLE | SIGNAL_PEER_CLOSED, deadline);
        if (status < 0) {
            return status;
        }
    }
}
