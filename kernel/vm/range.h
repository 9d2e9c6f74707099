/* SPDX-License-Identifier: MIT */
/* Checks of addresses and permissions that programs ask for. */
#pragma once

#include "lib/checked.h"
#include "lib/compiler.h"
#include <quay/abi/errno.h>
#include <quay/abi/memory.h>

#define MAP_PERMISSIONS (MAP_READ | MAP_WRITE | MAP_EXEC)

static inline MUST_USE bool range_is_user(uint64_t address, uint64_t size_bytes)
{
    return range_contains(USER_BASE, USER_LIMIT - USER_BASE, address, size_bytes);
}

/* 0; -EACCES for writable and executable at once; -EINVAL for either without readable, which the
 * hardware cannot do. No permission at all is one too: such pages fault. */
static inline MUST_USE int permissions_check(uint32_t permissions)
{
    if ((permissions & (MAP_WRITE | MAP_EXEC)) == (MAP_WRITE | MAP_EXEC)) {
        return -EACCES;
    }
    return permissions != 0 && !(permissions & MAP_READ) ? -EINVAL : 0;
}
