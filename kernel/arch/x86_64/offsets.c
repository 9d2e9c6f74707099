/* SPDX-License-Identifier: MIT */
/* Never linked: tools/asm-offsets reads the values out of the compiler's output. */
#include <stddef.h>
#include <quay/abi/errno.h>
#include <quay/abi/memory.h>
#include <quay/abi/syscalls.h>
#include "arch/upcalls.h"
#include "arch/x86_64/ist.h"
#include "core/cpu.h"
#include <arch_impl/frame.h>

#define VALUE(name, value) __asm__ volatile("\n.ascii \"@" #name " %c0\"" : : "i"(value))

_Static_assert(offsetof(struct cpu, self) == 0, "arch_cpu_self");
_Static_assert(offsetof(struct cpu, current) == 8, "arch_current");

void offsets(void);
void offsets(void)
{
    VALUE(CPU_CURRENT, offsetof(struct cpu, current));
    VALUE(CPU_KERNEL_STACK_TOP, offsetof(struct cpu, kernel_stack_top));
    VALUE(CPU_ENTRY_SCRATCH, offsetof(struct cpu, entry_scratch));
    VALUE(FRAME_R15, offsetof(struct user_frame, r15));
    VALUE(FRAME_R14, offsetof(struct user_frame, r14));
    VALUE(FRAME_R13, offsetof(struct user_frame, r13));
    VALUE(FRAME_R12, offsetof(struct user_frame, r12));
    VALUE(FRAME_RBP, offsetof(struct user_frame, rbp));
    VALUE(FRAME_RBX, offsetof(struct user_frame, rbx));
    VALUE(FRAME_R11, offsetof(struct user_frame, r11));
    VALUE(FRAME_R10, offsetof(struct user_frame, r10));
    VALUE(FRAME_R9, offsetof(struct user_frame, r9));
    VALUE(FRAME_R8, offsetof(struct user_frame, r8));
    VALUE(FRAME_RAX, offsetof(struct user_frame, rax));
    VALUE(FRAME_RCX, offsetof(struct user_frame, rcx));
    VALUE(FRAME_RDX, offsetof(struct user_frame, rdx));
    VALUE(FRAME_RSI, offsetof(struct user_frame, rsi));
    VALUE(FRAME_RDI, offsetof(struct user_frame, rdi));
    VALUE(FRAME_VECTOR, offsetof(struct user_frame, vector));
    VALUE(FRAME_RIP, offsetof(struct user_frame, rip));
    VALUE(FRAME_CS, offsetof(struct user_frame, cs));
    VALUE(FRAME_RFLAGS, offsetof(struct user_frame, rflags));
    VALUE(FRAME_RSP, offsetof(struct user_frame, rsp));
    VALUE(NUMBER_PORT_CALL, SYS_port_call);
    VALUE(NUMBER_PORT_REPLY_RECEIVE, SYS_port_reply_receive);
    VALUE(SYSCALL_TABLE_LAST, SYSCALL_NUMBER_MAX);
    VALUE(SYSCALL_RESULT_RESUME, SYSCALL_RESUME);
    VALUE(ERROR_NOSYS, ENOSYS);
    VALUE(USER_SPACE_LIMIT, USER_LIMIT);
    VALUE(IST_STACK_SIZE, X86_IST_STACK_SIZE);
}
