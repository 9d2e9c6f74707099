/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "vm/aspace.h"

#define NAME_LENGTH_MAX 255

DOOR_OF(process_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct handle_entry *entries[2];
    struct process *process;
    char name[PROCESS_NAME_MAX] = {0};
    size_t length = a2 < PROCESS_NAME_MAX ? a2 : PROCESS_NAME_MAX - 1;
    int status;

    if (a2 > NAME_LENGTH_MAX) {
        return -EINVAL;
    }
    if (a2 != 0) {
        if (!door_range_ok(a1, a2)) {
            return -EFAULT;
        }
        arch_user_copy_in(name, (struct uaddr){a1}, length);
    }
    status = handle_reserve_two(thread_current()->table, entries);
    if (status != 0) {
        return status;
    }
    status = process_create(job, name, length, &process);
    if (status != 0) {
        handle_unreserve_two(entries);
        return status;
    }
    object_ref(&process->aspace->object);
    frame_set_result2(&thread_current()->frame,
                      handle_install(entries[1], &process->aspace->object, RIGHTS_ASPACE));
    return (int64_t)handle_install(entries[0], &process->object, RIGHTS_PROCESS);
}

DOOR(process_exit)
{
    process_kill(process_current(), (int64_t)a0);
    return thread_exit_current();
}

DOOR_OF(process_kill, process, OBJECT_PROCESS, RIGHT_MANAGE)
{
    process_kill(process, PROCESS_EXIT_KILLED);
    return process == process_current() ? thread_exit_current() : 0;
}

DOOR_OF(process_info, process, OBJECT_PROCESS, RIGHT_INSPECT)
{
    frame_set_result2(&thread_current()->frame, (uint64_t)process->exit_code);
    frame_set_result3(&thread_current()->frame, process->object.koid);
    return (process->object.signals & SIGNAL_EXITED) != 0;
}
