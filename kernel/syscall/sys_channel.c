/* SPDX-License-Identifier: MIT */
#include "object/channel.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR(channel_create)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *sender, *receiver;
    struct channel *channel;
    struct object *job;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &job);

    UNUSED2();
    if (error != 0) {
        return error;
    }
    error = handle_reserve(table, &sender);
    if (error != 0) {
        return error;
    }
    error = handle_reserve(table, &receiver);
    if (error != 0) {
        goto undo_sender;
    }
    error = channel_create(&job_of(job)->account, a1, a2, a3, &channel);
    if (error != 0) {
        goto undo_receiver;
    }
    frame_set_result2(&thread_current()->frame,
                      handle_install(receiver, &channel->receiver, RIGHTS_CHANNEL_RECEIVER));
    return (int64_t)handle_install(sender, &channel->sender, RIGHTS_CHANNEL_SENDER);

undo_receiver:
    handle_unreserve(receiver);
undo_sender:
    handle_unreserve(sender);
    return error;
}

DOOR(channel_send)
{
    struct object *sender;
    int error = door_lookup_fast(a0, OBJECT_CHANNEL_SENDER, RIGHT_SEND, &sender);

    UNUSED4();
    if (error == 0) {
        error = channel_send(sender, a1);
    }
    return error == 0 ? sched_return(0) : door_result(error);
}

DOOR(channel_receive)
{
    struct object *receiver;
    int error = door_lookup_fast(a0, OBJECT_CHANNEL_RECEIVER, RIGHT_RECV, &receiver);

    UNUSED5();
    if (error == 0) {
        error = channel_receive(receiver);
    }
    if (error != 0) {
        return door_result(error);
    }
    (void)sched_return(0);
    return SYSCALL_RESUME; /* the payload comes from the frame */
}
