/* SPDX-License-Identifier: MIT */
#include "lib/checked.h"
#include "object/message.h"
#include "syscall/door.h"

DOOR(handle_close)
{
    return door_result(handle_close(thread_current()->table, a0));
}

DOOR(handle_dup)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *entry;
    handle_t handle;
    int error = handle_reserve(table, &entry);

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
    return door_result(handle_revoke(thread_current()->table, a0));
}

DOOR(handle_info)
{
    struct object *object;
    rights_t rights;
    int error = handle_lookup_rights(thread_current()->table, a0, OBJECT_NONE, 0, &object, &rights);

    if (error != 0) {
        return error;
    }
    frame_set_result2(&thread_current()->frame, rights);
    frame_set_result3(&thread_current()->frame, object->koid);
    return object->type;
}

DOOR_OF(handle_fork, process, OBJECT_PROCESS, RIGHT_MANAGE)
{
    struct object *source;
    int status = door_lookup(a1, OBJECT_PROCESS, RIGHT_MANAGE, &source);

    if (status == 0) {
        status = process->state != PROCESS_NEW
                     ? -EBUSY
                     : handle_table_fork(&process->table, &process_of(source)->table);
    }
    return door_result(status);
}

/* One that begins to die meanwhile has a closed table: then the call runs again, and says so. */
DOOR_OF(handle_grant, process, OBJECT_PROCESS, RIGHT_MANAGE)
{
    struct message_handle passed = {
        .handle = a1,
        .rights = (rights_t)a2,
        .operation = (uint16_t)min_u64(a3, UINT16_MAX),
    };
    int error;

    if (process->state != PROCESS_NEW) {
        return -EBUSY;
    }
    error = handles_transfer(thread_current()->table, &process->table, &passed, 1);
    return error != 0 ? door_result(error) : (int64_t)passed.handle;
}
