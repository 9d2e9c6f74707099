/* SPDX-License-Identifier: MIT */
/* In place of libsys's: system calls of a program on the host go to the fake kernel of host.c. */
#pragma once

#include <quay/abi/types.h>
#include <quay/abi/errno.h>
#include <quay/abi/syscalls.h>

#define QY_MUST_USE __attribute__((warn_unused_result))
#define QY_NORETURN __attribute__((noreturn))

struct qy_result {
    int64_t status;
    uint64_t second;
    uint64_t third;
};

struct qy_result qy_syscall_full(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                 uint64_t e, uint64_t f);

int64_t qy_syscall_call(handle_t session, uint64_t header, time_ns_t deadline, uint64_t words[8]);

static inline int64_t qy_syscall0(uint64_t number)
{
    return qy_syscall_full(number, 0, 0, 0, 0, 0, 0).status;
}

static inline int64_t qy_syscall1(uint64_t number, uint64_t a)
{
    return qy_syscall_full(number, a, 0, 0, 0, 0, 0).status;
}

static inline int64_t qy_syscall2(uint64_t number, uint64_t a, uint64_t b)
{
    return qy_syscall_full(number, a, b, 0, 0, 0, 0).status;
}

static inline int64_t qy_syscall3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    return qy_syscall_full(number, a, b, c, 0, 0, 0).status;
}

static inline int64_t qy_syscall4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return qy_syscall_full(number, a, b, c, d, 0, 0).status;
}

static inline int64_t qy_syscall6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                  uint64_t e, uint64_t f)
{
    return qy_syscall_full(number, a, b, c, d, e, f).status;
}
