/* SPDX-License-Identifier: MIT */
/* Every door by its number, made from the ledger, and the smallest doors of all. */
#include "syscall/door.h"

#include <quay/abi/syscalls.h>

enum door_index {
    DOOR_NONE,
#define SYSCALL(number, name, arguments, summary) DOOR_##name,
#include <quay/abi/syscalls.def>
#undef SYSCALL
    DOOR_COUNT,
};

_Static_assert(DOOR_COUNT <= UINT8_MAX + 1, "an index is a byte");

static DOOR(none)
{
    return -ENOSYS;
}

const uint8_t syscall_index[SYSCALL_NUMBER_MAX + 1] = {
#define SYSCALL(number, name, arguments, summary) [number] = DOOR_##name,
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

syscall_fn *const syscall_doors[] = {
    sys_none,
#define SYSCALL(number, name, arguments, summary) sys_##name,
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

/* Also the null system call of the benchmarks. */
DOOR(abi_version)
{
    return ABI_VERSION;
}
