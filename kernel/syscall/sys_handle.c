/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include <quay/abi/ipc.h>

DOOR(handle_close)
{
    UNUSED5();
    return door_result(handle_close(thread_current()->table, a0));
}

DOOR(handle_dup)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *entry;
    handle_t handle;
    int error = handle_reserve(table, &entry);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    error = handle_derive(entry, table, a0, (rights_t)a1, &handle);
    if (error != 0) {
        handle_unreserve(entry);
        return door_result(error);
    }
    return (int64_t)handle;
}

DOOR(handle_revoke)
{
    UNUSED5();
    return door_result(handle_revoke(thread_current()->table, a0));
}

DOOR(handle_info)
{
    struct object *object;
    rights_t rights;
    int error = handle_lookup_rights(thread_current()->table, a0, OBJECT_NONE, 0, &object, &rights);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    frame_set_result2(&thread_current()->frame, rights);
    frame_set_result3(&thread_current()->frame, object->koid);
    return object->type;
}

/* Moves or copies a handle into a process that has not started. */
static int64_t grant(struct process *target, handle_t source, rights_t rights, uint64_t operation)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *entry, *old;
    handle_t handle;
    int error = handle_reserve(&target->table, &entry);

    if (error != 0) {
        return error == -EBADF ? -EBUSY : error; /* closed: the process is dying */
    }
    if (operation == HANDLE_MOVE) {
        error = handle_move(entry, table, source, rights, &old);
    } else {
        error = handle_derive(entry, table, source, rights, &handle);
    }
    if (error != 0) {
        handle_unreserve(entry);
        return door_result(error);
    }
    if (operation == HANDLE_MOVE) {
        handle = handle_move_finish(entry, old);
    }
    return (int64_t)handle;
}

DOOR(handle_grant)
{
    struct object *process, *object;
    rights_t needed = RIGHT_TRANSFER | (a3 == HANDLE_COPY ? RIGHT_DUP : 0);
    int error = door_lookup(a0, OBJECT_PROCESS, RIGHT_MANAGE, &process);

    UNUSED2();
    if (error == 0 && a3 > HANDLE_COPY) {
        error = -EINVAL;
    }
    if (error == 0) {
        error = door_lookup(a1, OBJECT_NONE, needed, &object);
    }
    if (error == 0 && process_of(process)->state != PROCESS_NEW) {
        error = -EBUSY;
    }
    if (error != 0) {
        return error;
    }
    return grant(process_of(process), a1, (rights_t)a2, a3);
}
