/* SPDX-License-Identifier: MIT */
#include "object/io.h"
#include "lib/checked.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR_OF(io_create, object, OBJECT_RESOURCE, RIGHT_MINT_IO)
{
    struct object *job;
    struct io *io;
    int status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);

    if (status == 0 && (a2 > UINT32_MAX || a3 > UINT32_MAX)) {
        status = -EINVAL;
    }
    if (status == 0) {
        status = io_create(&job_of(job)->account, (uint32_t)a2, (uint32_t)a3, &io);
    }
    return status != 0 ? status : door_new(&io->object, RIGHTS_IO);
}

DOOR_OF(io_read, io, OBJECT_IO, RIGHT_USE)
{
    uint32_t value;
    int status =
        io_read(io, (uint32_t)min_u64(a1, UINT32_MAX), (uint32_t)min_u64(a2, UINT32_MAX), &value);

    return status != 0 ? status : (int64_t)value;
}

DOOR_OF(io_write, io, OBJECT_IO, RIGHT_USE)
{
    return io_write(io, (uint32_t)min_u64(a1, UINT32_MAX), (uint32_t)min_u64(a2, UINT32_MAX),
                    (uint32_t)a3);
}
