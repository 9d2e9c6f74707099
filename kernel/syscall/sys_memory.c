/* SPDX-License-Identifier: MIT */
#include "lib/checked.h"
#include "object/job.h"
#include "syscall/door.h"
#include "vm/memory.h"

/* Nothing grows yet, so RESIZE is not given. */
#define ANONYMOUS_RIGHTS (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)
#define PHYSICAL_RIGHTS  (RIGHTS_BASIC | RIGHT_READ | RIGHT_WRITE)

DOOR(memory_create)
{
    struct handle_entry *entry;
    struct memory *memory;
    struct object *job;
    int status = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &job);

    UNUSED3();
    if (status != 0) {
        return status;
    }
    if (a2 != 0) {
        return a2 == MEMORY_CONTIGUOUS ? -ENOTSUP : -EINVAL;
    }
    status = handle_reserve(thread_current()->table, &entry);
    if (status != 0) {
        return status;
    }
    status = memory_create(&job_of(job)->account, a1, &memory);
    if (status != 0) {
        handle_unreserve(entry);
        return status;
    }
    return (int64_t)handle_install(entry, &memory->object, ANONYMOUS_RIGHTS);
}

DOOR(memory_info)
{
    struct memory_figures figures;
    struct object *memory;
    int status = door_lookup(a0, OBJECT_MEMORY, RIGHT_INSPECT, &memory);

    UNUSED5();
    if (status != 0) {
        return status;
    }
    memory_figures(memory_of(memory), &figures);
    frame_set_result2(&thread_current()->frame, figures.committed_bytes);
    return (int64_t)figures.size_bytes;
}

DOOR(memory_physical)
{
    struct handle_entry *entry;
    struct object *resource, *job;
    struct memory *memory;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_MINT_MEMORY, &resource);

    UNUSED2();
    if (status == 0) {
        status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);
    }
    if (status == 0) {
        status = handle_reserve(thread_current()->table, &entry);
    }
    if (status != 0) {
        return status;
    }
    status = memory_create_physical(&job_of(job)->account, paddr_of(a2), a3, &memory);
    if (status != 0) {
        handle_unreserve(entry);
        return status;
    }
    return (int64_t)handle_install(entry, &memory->object, PHYSICAL_RIGHTS);
}
