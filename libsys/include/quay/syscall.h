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

/* The second word of a payload is in rbp. Where that is the frame pointer it cannot be an operand:
 * rcx brings the word then, and what is stored below the stack pointer is stepped over. */
#ifdef QY_NO_FRAME_POINTER
#define QY_CALL_WORD_1(name) register uint64_t name __asm__("rbp")
#define QY_CALL              "syscall"
#define QY_CALL_LOST         "rcx", "r11", "memory"
#else
#define QY_CALL_WORD_1(name) register uint64_t name __asm__("rcx")
#define QY_CALL                                                                                    \
    "lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tmov %%rcx, %%rbp\n\tsyscall\n\tmov %%rbp, %%rcx\n\t"  \
    "pop %%rbp\n\tlea 128(%%rsp), %%rsp"
#define QY_CALL_LOST "r11", "memory"
#endif

/* port_call for a payload that is in registers both ways, where the compiler has it: *words are the
 * eight of the payload and then of the answer. Returns the answer's header, or the negative of an
 * error number. */
static inline __attribute__((always_inline)) int64_t
qy_syscall_call(handle_t session, uint64_t header, time_ns_t deadline, uint64_t words[8])
{
    int64_t status = SYS_port_call;
    uint64_t word_0 = words[0];
    QY_CALL_WORD_1(word_1) = words[1];
    register uint64_t r12 __asm__("r12") = words[2];
    register uint64_t r13 __asm__("r13") = words[3];
    register uint64_t r14 __asm__("r14") = words[4];
    register uint64_t r15 __asm__("r15") = words[5];
    register uint64_t r8 __asm__("r8") = words[6];
    register uint64_t r9 __asm__("r9") = words[7];
    register uint64_t r10 __asm__("r10") = 0;
    __asm__ volatile(QY_CALL
                     : "+a"(status), "+D"(session), "+S"(header), "+d"(deadline), "+b"(word_0),
                       "+r"(word_1), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12), "+r"(r13), "+r"(r14),
                       "+r"(r15)
                     :
                     : QY_CALL_LOST);
    words[0] = word_0;
    words[1] = word_1;
    words[2] = r12;
    words[3] = r13;
    words[4] = r14;
    words[5] = r15;
    words[6] = r8;
    words[7] = r9;
    return status < 0 ? status : (int64_t)header;
}
