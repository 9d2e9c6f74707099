/* SPDX-License-Identifier: MIT */
#include "object/channel.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR_OF(channel_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct handle_entry *entries[2];
    struct channel *channel;
    int status = handle_reserve_two(thread_current()->table, entries);

    if (status != 0) {
        return status;
    }
    status = channel_create(&job->account, a1, a2, a3, &channel);
    if (status != 0) {
        handle_unreserve_two(entries);
        return status;
    }
    frame_set_result2(&thread_current()->frame,
                      handle_install(entries[1], &channel->receiver, RIGHTS_CHANNEL_RECEIVER));
    return (int64_t)handle_install(entries[0], &channel->sender, RIGHTS_CHANNEL_SENDER);
}

DOOR_FAST_OF(channel_send, object, OBJECT_CHANNEL_SENDER, RIGHT_SEND)
{
    int status = channel_send(object, a1);

    return status == 0 ? sched_return(0) : door_result(status);
}

DOOR_FAST_OF(channel_receive, object, OBJECT_CHANNEL_RECEIVER, RIGHT_RECV)
{
    int status = channel_receive(object);

    if (status != 0) {
        return door_result(status);
    }
    (void)sched_return(0);
    return SYSCALL_RESUME; /* the payload comes from the frame */
}
