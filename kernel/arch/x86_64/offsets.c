/* SPDX-License-Identifier: MIT */
/* Never linked: tools/asm-offsets reads the values out of the compiler's output. */
#include <stddef.h>
#include <quay/abi/errno.h>
#include <quay/abi/memory.h>
#include <quay/abi/redirect.h>
#include <quay/abi/syscalls.h>
#include "arch/upcalls.h"
#include "arch/x86_64/ist.h"
#include "core/cpu.h"
#include <arch_impl/frame.h>

#define VALUE(name, value) __asm__ volatile("\n.ascii \"@" #name " %c0\"" : : "i"(value))

#define FRAME_OFFSET(field) VALUE(FRAME_##field, offsetof(struct user_frame, field))
#define FRAME_OFFSETS(a, b, c, d)                                                                  \
    FRAME_OFFSET(a);                                                                               \
    FRAME_OFFSET(b);                                                                               \
    FRAME_OFFSET(c);                                                                               \
    FRAME_OFFSET(d)

_Static_assert(offsetof(struct cpu, self) == 0, "arch_cpu_self");
_Static_assert(offsetof(struct cpu, current) == 8, "arch_current");

void offsets(void);
void offsets(void)
{
    VALUE(CPU_CURRENT, offsetof(struct cpu, current));
    VALUE(CPU_KERNEL_STACK_TOP, offsetof(struct cpu, kernel_stack_top));
    VALUE(CPU_ENTRY_SCRATCH, offsetof(struct cpu, entry_scratch));
    FRAME_OFFSETS(r15, r14, r13, r12);
    FRAME_OFFSETS(rbp, rbx, r11, r10);
    FRAME_OFFSETS(r9, r8, rax, rcx);
    FRAME_OFFSETS(rdx, rsi, rdi, vector);
    FRAME_OFFSETS(rip, cs, rflags, rsp);
    FRAME_OFFSET(ss);
    FRAME_OFFSET(error_code);
    VALUE(FRAME_INTERRUPT, FRAME_INTERRUPT);
    VALUE(CPU_REDIRECT, offsetof(struct cpu, arch.redirect));
    VALUE(REDIRECT_RIP, offsetof(struct redirect, registers.rip));
    VALUE(REDIRECT_RFLAGS, offsetof(struct redirect, registers.rflags));
    VALUE(REDIRECT_RSP, offsetof(struct redirect, registers.rsp));
    VALUE(REDIRECT_REASON, offsetof(struct redirect, reason));
    VALUE(REDIRECT_START, offsetof(struct redirect, start));
    VALUE(REDIRECT_END, offsetof(struct redirect, end));
    VALUE(REDIRECT_ENTRY, offsetof(struct redirect, entry));
    VALUE(REDIRECT_STACK, offsetof(struct redirect, stack));
    VALUE(REASON_SYSCALL, REDIRECT_SYSCALL);
    VALUE(USER_FLAGS, USER_RFLAGS_FIXED);
    VALUE(NUMBER_PORT_CALL, SYS_port_call);
    VALUE(NUMBER_PORT_REPLY_RECEIVE, SYS_port_reply_receive);
    VALUE(SYSCALL_TABLE_LAST, SYSCALL_NUMBER_MAX);
    VALUE(SYSCALL_RESULT_RESUME, SYSCALL_RESUME);
    VALUE(ERROR_NOSYS, ENOSYS);
    VALUE(USER_SPACE_LIMIT, USER_LIMIT);
    VALUE(IST_STACK_SIZE, X86_IST_STACK_SIZE);
}
