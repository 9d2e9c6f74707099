/* SPDX-License-Identifier: MIT */
#include "lib/checked.h"
#include "object/job.h"
#include "syscall/door.h"
#include "vm/memory.h"

#define ANONYMOUS_RIGHTS (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)
#define PHYSICAL_RIGHTS  (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE)

DOOR_OF(memory_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct memory *memory;
    int status;

    if ((a2 & ~(uint64_t)MEMORY_RESIZABLE) != 0) {
        return a2 == MEMORY_CONTIGUOUS ? -ENOTSUP : -EINVAL;
    }
    status = memory_create(&job->account, a1, &memory);
    return status != 0 ? status
                       : door_new(&memory->object, a2 != 0 ? RIGHTS_MEMORY : ANONYMOUS_RIGHTS);
}

DOOR_OF(memory_resize, memory, OBJECT_MEMORY, RIGHT_RESIZE)
{
    return door_result(memory_resize(memory, a1));
}

DOOR_OF(memory_decommit, memory, OBJECT_MEMORY, RIGHT_WRITE)
{
    return door_result(memory_decommit(memory, a1, a2));
}

DOOR_OF(memory_clone, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct object *memory;
    struct memory *clone;
    int status = door_lookup(a1, OBJECT_MEMORY, RIGHT_READ, &memory);

    if (status == 0) {
        status = memory_clone(&job->account, memory_of(memory), a2, a3, &clone);
    }
    return status != 0 ? status : door_new(&clone->object, ANONYMOUS_RIGHTS);
}

DOOR_OF(memory_supply, memory, OBJECT_MEMORY, RIGHT_WRITE)
{
    struct object *from;
    int status = door_lookup(a2, OBJECT_MEMORY, RIGHT_READ, &from);

    return status != 0 ? status : door_result(memory_supply(memory, a1, memory_of(from), a3, a4));
}

DOOR_OF(memory_info, memory, OBJECT_MEMORY, RIGHT_INSPECT)
{
    struct memory_figures figures;

    memory_figures(memory, &figures);
    frame_set_result2(&thread_current()->frame, figures.committed_bytes);
    return (int64_t)figures.size_bytes;
}

DOOR_OF(memory_physical, object, OBJECT_RESOURCE, RIGHT_MINT_MEMORY)
{
    struct object *job;
    struct memory *memory;
    int status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);

    if (status == 0) {
        status = memory_create_physical(&job_of(job)->account, paddr_of(a2), a3, &memory);
    }
    return status != 0 ? status : door_new(&memory->object, PHYSICAL_RIGHTS);
}
