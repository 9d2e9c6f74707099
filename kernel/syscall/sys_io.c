/* SPDX-License-Identifier: MIT */
#include "object/io.h"
#include "lib/checked.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR(io_create)
{
    struct handle_entry *entry;
    struct object *resource, *job;
    struct io *io;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_MINT_IO, &resource);

    UNUSED2();
    if (status == 0) {
        status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);
    }
    if (status == 0 && (a2 > UINT32_MAX || a3 > UINT32_MAX)) {
        status = -EINVAL;
    }
    if (status == 0) {
        status = handle_reserve(thread_current()->table, &entry);
    }
    if (status != 0) {
        return status;
    }
    status = io_create(&job_of(job)->account, (uint32_t)a2, (uint32_t)a3, &io);
    if (status != 0) {
        handle_unreserve(entry);
        return status;
    }
    return (int64_t)handle_install(entry, &io->object, RIGHTS_BASIC | RIGHT_USE);
}

DOOR(io_read)
{
    struct object *io;
    uint32_t value;
    int status = door_lookup(a0, OBJECT_IO, RIGHT_USE, &io);

    UNUSED3();
    if (status == 0) {
        status = io_read(io_of(io), (uint32_t)min_u64(a1, UINT32_MAX),
                         (uint32_t)min_u64(a2, UINT32_MAX), &value);
    }
    return status != 0 ? status : (int64_t)value;
}

DOOR(io_write)
{
    struct object *io;
    int status = door_lookup(a0, OBJECT_IO, RIGHT_USE, &io);

    UNUSED2();
    if (status != 0) {
        return status;
    }
    return io_write(io_of(io), (uint32_t)min_u64(a1, UINT32_MAX), (uint32_t)min_u64(a2, UINT32_MAX),
                    (uint32_t)a3);
}
