/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "vm/aspace.h"

#define NAME_LENGTH_MAX 255

DOOR(process_create)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *entry, *aspace_entry;
    struct object *job;
    struct process *process;
    char name[PROCESS_NAME_MAX] = {0};
    size_t length = a2 < PROCESS_NAME_MAX ? a2 : PROCESS_NAME_MAX - 1;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &job);

    UNUSED3();
    if (error != 0) {
        return error;
    }
    if (a2 > NAME_LENGTH_MAX) {
        return -EINVAL;
    }
    if (a2 != 0) {
        if (!door_range_ok(a1, a2)) {
            return -EFAULT;
        }
        arch_user_copy_in(name, (struct uaddr){a1}, length);
    }
    error = handle_reserve(table, &entry);
    if (error != 0) {
        return error;
    }
    error = handle_reserve(table, &aspace_entry);
    if (error != 0) {
        goto undo_entry;
    }
    error = process_create(job_of(job), name, length, &process);
    if (error != 0) {
        goto undo_aspace_entry;
    }
    object_ref(&process->aspace->object);
    frame_set_result2(&thread_current()->frame,
                      handle_install(aspace_entry, &process->aspace->object, RIGHTS_ASPACE));
    return (int64_t)handle_install(entry, &process->object, RIGHTS_PROCESS);

undo_aspace_entry:
    handle_unreserve(aspace_entry);
undo_entry:
    handle_unreserve(entry);
    return error;
}

DOOR(process_exit)
{
    UNUSED5();
    process_kill(process_current(), (int64_t)a0);
    return thread_exit_current();
}

DOOR(process_kill)
{
    struct object *process;
    int error = door_lookup(a0, OBJECT_PROCESS, RIGHT_MANAGE, &process);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    process_kill(process_of(process), PROCESS_EXIT_KILLED);
    if (process_of(process) == process_current()) {
        return thread_exit_current();
    }
    return 0;
}

DOOR(process_info)
{
    struct object *process;
    int error = door_lookup(a0, OBJECT_PROCESS, RIGHT_INSPECT, &process);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    frame_set_result2(&thread_current()->frame, (uint64_t)process_of(process)->exit_code);
    frame_set_result3(&thread_current()->frame, process->koid);
    return (process->signals & SIGNAL_EXITED) != 0;
}
