/* SPDX-License-Identifier: MIT */
/* Every door by its number, made from the ledger, and the smallest doors of all. */
#include "syscall/door.h"

#include <quay/abi/syscalls.h>

syscall_fn *const syscall_table[SYSCALL_NUMBER_MAX + 1] = {
#define SYSCALL(number, name, arguments, summary) [number] = sys_##name,
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

/* Also the null system call of the benchmarks. */
DOOR(abi_version)
{
    UNUSED6();
    return ABI_VERSION;
}
