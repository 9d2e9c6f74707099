/* SPDX-License-Identifier: MIT */
/*
 * The syscall instruction. Arguments travel in rdi rsi rdx r10 r8 r9, the number in rax; the result
 * is rax, and for a few calls also rdx and rdi. Only rcx and r11 are lost. port_call and
 * port_reply_receive have registers of their own and are in port.h.
 *
 * Each call of the ledger has one inline wrapper named qy_<name> in the header of its object; they
 * return what the kernel returned: 0 or more, or the negative of an error number. wrappers.c makes
 * the compiler prove that none is missing.
 */
#pragma once

#include <quay/abi/types.h>
#include <quay/abi/errno.h>
#include <quay/abi/syscalls.h>

#define QY_MUST_USE __attribute__((warn_unused_result))
#define QY_NORETURN __attribute__((noreturn))

/* All that a call can answer. */
struct qy_result {
    int64_t status;  /* rax */
    uint64_t second; /* rdx */
    uint64_t third;  /* rdi */
};

static inline struct qy_result qy_syscall_full(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                                               uint64_t d, uint64_t e, uint64_t f)
{
    int64_t status = (int64_t)number;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(status), "+D"(a), "+d"(c)
                     : "S"(b), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return (struct qy_result){.status = status, .second = c, .third = a};
}

static inline int64_t qy_syscall0(uint64_t number)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall" : "+a"(status) : : "rcx", "rdx", "rdi", "r11", "memory");
    return status;
}

static inline int64_t qy_syscall1(uint64_t number, uint64_t a)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall" : "+a"(status), "+D"(a) : : "rcx", "rdx", "r11", "memory");
    return status;
}

static inline int64_t qy_syscall2(uint64_t number, uint64_t a, uint64_t b)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall" : "+a"(status), "+D"(a) : "S"(b) : "rcx", "rdx", "r11", "memory");
    return status;
}

static inline int64_t qy_syscall3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t status = (int64_t)number;
    __asm__ volatile("syscall" : "+a"(status), "+D"(a), "+d"(c) : "S"(b) : "rcx", "r11", "memory");
    return status;
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
