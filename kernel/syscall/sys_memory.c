/* SPDX-License-Identifier: MIT */
#include "lib/checked.h"
#include "object/job.h"
#include "object/pager.h"
#include "syscall/door.h"
#include "vm/memory.h"

#define ANONYMOUS_RIGHTS (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)
#define PHYSICAL_RIGHTS  (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE)

DOOR_OF(memory_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct memory *memory;
    int status;

    if (a2 != 0 && a2 != MEMORY_RESIZABLE && a2 != MEMORY_LARGE) {
        return a2 == MEMORY_CONTIGUOUS ? -ENOTSUP : -EINVAL;
    }
    status = memory_create(&job->account, a1, &memory);
    if (status != 0) {
        return status;
    }
    memory->is_resizable = a2 == MEMORY_RESIZABLE;
    if (a2 == MEMORY_LARGE && memory_size(memory) >= LARGE_SIZE) {
        memory->has_blocks = memory->is_large = true;
        memory->is_simple = false;
    }
    return door_new(&memory->object, memory->is_resizable ? RIGHTS_MEMORY : ANONYMOUS_RIGHTS);
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
    bool waits = false;
    int64_t done;
    int status = door_lookup(a2, OBJECT_MEMORY, RIGHT_READ, &from);

    if (status != 0) {
        return status;
    }
    done = memory_supply(memory, a1, memory_of(from), a3, a4, &waits);
    if (done > 0 && memory->pager != NULL) {
        pager_supplied(memory, a1, (uint64_t)done);
    }
    if (!waits) {
        return done > 0 ? sched_return(done) : door_result(done);
    }
    frame_set_result(&thread_current()->frame, done);
    return sched_wait(DEADLINE_NEVER);
}

DOOR_OF(memory_pager, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct memory *memory;
    struct object *port;
    int status = door_lookup(a2, OBJECT_PORT, RIGHT_BIND, &port);

    if (status == 0) {
        status = (time_ns_t)a4 <= 0 ? -EINVAL : memory_create(&job->account, a1, &memory);
    }
    if (status != 0) {
        return status;
    }
    status = pager_create(memory, port_of(port), a3, (time_ns_t)a4);
    if (status != 0) {
        object_unref(&memory->object);
        return status;
    }
    return door_new(&memory->object, ANONYMOUS_RIGHTS);
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
