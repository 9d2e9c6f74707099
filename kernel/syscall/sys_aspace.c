/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"
#include "vm/aspace.h"
#include "vm/memory.h"

/* The permissions that a memory handle's rights are worth. */
static uint32_t permissions_of(rights_t rights)
{
    _Static_assert(RIGHT_READ == MAP_READ << 16 && RIGHT_WRITE == MAP_WRITE << 16 &&
                       RIGHT_EXEC == MAP_EXEC << 16,
                   "in the same order");
    return rights >> 16 & (MAP_READ | MAP_WRITE | MAP_EXEC);
}

DOOR_FAST_OF(aspace_map, aspace, OBJECT_ASPACE, RIGHT_MAP)
{
    const uint32_t permissions = MAP_READ | MAP_WRITE | MAP_EXEC;
    struct object *memory;
    uint64_t address;
    rights_t rights;
    int status =
        handle_lookup_rights(thread_current()->table, a1, OBJECT_MEMORY, 0, &memory, &rights);

    if (status != 0) {
        return status;
    }
    if (a5 > UINT32_MAX) {
        return -EINVAL;
    }
    if ((a5 & permissions & ~permissions_of(rights)) != 0) {
        return -EACCES;
    }
    status = aspace_map(aspace, memory_of(memory), a2, a3, a4, (uint32_t)a5, permissions_of(rights),
                        &address);
    return status != 0 ? status : (int64_t)address;
}

DOOR_FAST_OF(aspace_unmap, aspace, OBJECT_ASPACE, RIGHT_MAP)
{
    return aspace_unmap(aspace, a1, a2);
}

DOOR_OF(aspace_fork, aspace, OBJECT_ASPACE, RIGHT_MAP)
{
    struct object *source;
    int status = door_lookup(a1, OBJECT_ASPACE, RIGHT_MAP, &source);

    return status != 0 ? status : door_result(aspace_fork(aspace, aspace_of(source)));
}

DOOR_FAST_OF(aspace_protect, aspace, OBJECT_ASPACE, RIGHT_MAP)
{
    return a3 > UINT32_MAX ? -EINVAL : aspace_protect(aspace, a1, a2, (uint32_t)a3);
}
