/* SPDX-License-Identifier: MIT */
/* Numbers of the system calls, made from the ledger: SYS_port_call and so on. */
#pragma once

#include <quay/abi/types.h>

enum syscall_number {
#define SYSCALL(number, name, arguments, summary) SYS_##name = (number),
#include <quay/abi/syscalls.def>
#undef SYSCALL
};

#define SYSCALL_NUMBER_MAX 900
#define ABI_VERSION        ((0u << 16) | 1u)
