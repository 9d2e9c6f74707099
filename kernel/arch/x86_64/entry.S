/* SPDX-License-Identifier: MIT */
/*
 * Every way into the kernel and out of it.
 *
 *   from user mode    swapgs; all registers into the current thread's struct user_frame (by hand in
 *                     a system call, pushed through TSS.rsp0 by an interrupt); kernel stack; C
 *   from the kernel   only while idle (then what lies on the stack is given up), or a fault in the
 *                     two places that touch user memory; anything else is a panic
 *   NMI, #DF, #MC     on stacks of their own that end in a pointer to the CPU's record, because
 *                     they may come between swapgs and the loading of rsp
 *
 * Out: arch_resume restores whatever frame is current, by SYSRET where it came by SYSCALL.
 */
#include "asm-offsets.h"
#include <arch_impl/layout.h>

/* Three bytes that x86_smap_patch turns into CLAC (0) or STAC (1) if the CPU has SMAP. */
.macro SMAP_SITE kind
771:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .quad 771b, \kind
    .popsection
.endm

/* Registers to and from a struct user_frame, and to and from the stack. */
.macro SAVE frame, registers:vararg
    .irp register, \registers
    movq %\register, FRAME_\register(%\frame)
    .endr
.endm

.macro LOAD frame, registers:vararg
    .irp register, \registers
    movq FRAME_\register(%\frame), %\register
    .endr
.endm

.macro PUSH registers:vararg
    .irp register, \registers
    pushq %\register
    .endr
.endm

.macro POP registers:vararg
    .irp register, \registers
    popq %\register
    .endr
.endm

    .text

/*
 * System calls (SDM Vol. 2B, SYSCALL): rcx = rip, r11 = rflags, rsp still the user's, interrupts
 * off by SFMASK. cs and ss in the frame are always the user's and never change. rcx and r11 of the
 * frame keep what they had: both are lost to the caller anyway.
 */
    .balign 64
    .globl x86_syscall_entry
x86_syscall_entry:
    swapgs
x86_syscall_swapped:
    /* The fast path has registers of its own (ipc.h) and saves only what it needs. */
    cmpl $NUMBER_PORT_CALL, %eax
    je x86_fast_call
    cmpl $NUMBER_PORT_REPLY_RECEIVE, %eax
    je x86_fast_reply_receive
x86_syscall_generic:
    movq %rsp, %gs:CPU_ENTRY_SCRATCH
    movq %gs:CPU_CURRENT, %rsp
    movq %rcx, FRAME_rip(%rsp)
    movq %r11, FRAME_rflags(%rsp)
    movq %gs:CPU_ENTRY_SCRATCH, %rcx
    movq %rcx, FRAME_rsp(%rsp)
    movq $0, FRAME_vector(%rsp)
    SAVE rsp, rdi, rsi, rdx, rax, r8, r9, r10, rbx, rbp, r12, r13, r14, r15
    movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    cmpq $SYSCALL_TABLE_LAST, %rax
    ja 1f
    movzbl syscall_index(%rax), %eax
    movq %r10, %rcx
    call *syscall_doors(, %rax, 8)
    cmpq $SYSCALL_RESULT_RESUME, %rax
    je arch_resume
2:  /* The handler may have set rdx and rdi in the frame. C kept rbx, rbp and r12 to r15. */
    movq %gs:CPU_CURRENT, %rsp
    LOAD rsp, rdi, rsi, rdx, r8, r9, r10
    movq FRAME_rip(%rsp), %rcx /* canonical: user space ends a page below the hole */
    movq FRAME_rflags(%rsp), %r11
    movq FRAME_rsp(%rsp), %rsp
    swapgs
    sysretq
1:  movq $-ERROR_NOSYS, %rax
    jmp 2b

/*
 * port_call and port_reply_receive (kernel/syscall/sys_port_fast.h). Six of the payload registers
 * are those that C functions preserve: they pass through to the thread that is current afterwards.
 * The other two, and the header, go over the stack. What the long way would need beyond that is kept
 * in the frame, which costs a store each: the handle, the deadline and r10.
 */
.macro FAST_ENTER function, declined, token
    movq %rcx, FRAME_rip(%rax)
    movq %r11, FRAME_rflags(%rax)
    movq %rsp, FRAME_rsp(%rax)
    movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    movq %rdi, FRAME_rdi(%rax)
    movq %rdx, FRAME_rdx(%rax)
    pushq %rsi
    pushq %r8
    pushq %r9
    movq %rax, %rcx
    .ifnc \token,
    movq \token, %r8
    .endif
    call \function
    popq %r9
    popq %r8
    popq %rsi
    testq %rax, %rax
    jz \declined
    movq FRAME_rip(%rax), %rcx
    movq FRAME_rflags(%rax), %r11
    movq FRAME_rsp(%rax), %rsp
.endm

    .balign 64
x86_fast_call:
    testq %r10, %r10 /* reserved */
    jnz x86_syscall_generic
    movq %gs:CPU_CURRENT, %rax
    FAST_ENTER sys_port_call_fast, x86_fast_call_declined
    movq FRAME_rdi(%rax), %rdi
    movq FRAME_rdx(%rax), %rdx
    movq FRAME_r10(%rax), %r10
    xorl %eax, %eax
    swapgs
    sysretq

    .balign 64
x86_fast_reply_receive:
    movq %gs:CPU_CURRENT, %rax
    movq %r10, FRAME_r10(%rax)
    FAST_ENTER sys_port_reply_receive_fast, x86_fast_reply_receive_declined, %r10
    xorl %edi, %edi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %eax, %eax
    swapgs
    sysretq

/* Nothing was done, and the payload registers that C preserves are untouched. */
.macro FAST_DECLINED number
    movq %gs:CPU_CURRENT, %rax
    movq FRAME_rip(%rax), %rcx
    movq FRAME_rflags(%rax), %r11
    movq FRAME_rsp(%rax), %rsp
    movq FRAME_rdi(%rax), %rdi
    movq FRAME_rdx(%rax), %rdx
    movq FRAME_r10(%rax), %r10
    movl $\number, %eax
    jmp x86_syscall_generic
.endm

x86_fast_call_declined:
    movq %gs:CPU_CURRENT, %rax
    movq $0, FRAME_r10(%rax)
    FAST_DECLINED NUMBER_PORT_CALL

x86_fast_reply_receive_declined:
    FAST_DECLINED NUMBER_PORT_REPLY_RECEIVE

/*
 * System calls of threads that redirect (include/abi/quay/abi/redirect.h). All of the struct may be
 * written by the program meanwhile: the library's entry is made canonical, for SYSRET.
 */
    .balign 64
    .globl x86_syscall_redirect
x86_syscall_redirect:
    swapgs
    movq %rsp, %gs:CPU_ENTRY_SCRATCH
    movq %gs:CPU_REDIRECT, %rsp
    cmpq REDIRECT_START(%rsp), %rcx
    jb 1f
    cmpq REDIRECT_END(%rsp), %rcx
    jae 1f
    movq %gs:CPU_ENTRY_SCRATCH, %rsp
    jmp x86_syscall_swapped
1:  SAVE rsp, rdi, rsi, rdx, rax, r8, r9, r10, rbx, rbp, r12, r13, r14, r15
    movq %rcx, REDIRECT_RIP(%rsp)
    movq %r11, REDIRECT_RFLAGS(%rsp)
    movq %gs:CPU_ENTRY_SCRATCH, %rcx
    movq %rcx, REDIRECT_RSP(%rsp)
    movq $REASON_SYSCALL, REDIRECT_REASON(%rsp)
    movq REDIRECT_ENTRY(%rsp), %rcx
    movq REDIRECT_STACK(%rsp), %rsp
    shlq $17, %rcx
    shrq $17, %rcx
    movl $USER_FLAGS, %r11d
    swapgs
    sysretq

/*
 * Whatever thread is current goes on; the stack of this CPU is empty from here. The idle thread's
 * frame is all zero: no cs.
 */
    .balign 16
    .globl arch_resume
arch_resume:
    movq %gs:CPU_CURRENT, %rsp
    cmpq $0, FRAME_cs(%rsp)
    je 3f
    movabsq $USER_SPACE_LIMIT, %rax
    cmpq %rax, FRAME_rip(%rsp) /* neither SYSRET nor IRET may see a non-canonical rip */
    jae 4f
    LOAD rsp, r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rax, rdx, rsi, rdi
    cmpq $0, FRAME_vector(%rsp)
    jne 2f
    movq FRAME_rip(%rsp), %rcx
    movq FRAME_rflags(%rsp), %r11
    movq FRAME_rsp(%rsp), %rsp
    swapgs
    sysretq
2:  LOAD rsp, r11, rcx
    addq $FRAME_rip, %rsp
    swapgs
    iretq
3:  movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    xorl %ebp, %ebp
    call upcall_idle
    ud2
4:  movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    xorl %ebp, %ebp
    call x86_resume_refuse
    jmp arch_resume

/* Idle: the interrupt finds rip at the hlt or behind it and gives the stack up. The sti takes
 * effect after the next instruction (SDM Vol. 2B, STI), so no wake-up is lost before the hlt. */
    .balign 16
    .globl arch_idle_wait, x86_idle_end
arch_idle_wait:
    movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    pushq $0
1:  sti
    hlt
    jmp 1b
x86_idle_end:

/* One entry a vector: error code (the CPU's or 0), vector, then the common part. */
.macro GATE_ENTRY vector, has_error
    .balign 16
    .if !\has_error
    pushq $0
    .endif
    pushq $(FRAME_INTERRUPT + \vector)
    jmp interrupt_common
.endm

    .balign 16
    .globl x86_gates_exception, x86_gates_irq, x86_gates_system
x86_gates_exception:
    .set vector, 0
    .rept 32
    /* SDM Vol. 3A, table 6-1: 8, 10 to 14, 17, 21 push an error code; 29 and 30 are AMD's. */
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    GATE_ENTRY vector, 1
    .else
    GATE_ENTRY vector, 0
    .endif
    .set vector, vector + 1
    .endr
x86_gates_irq:
    .rept VECTOR_IRQ_COUNT
    GATE_ENTRY vector, 0
    .set vector, vector + 1
    .endr
x86_gates_system: /* 0xf0 to 0xff */
    .set vector, 0xf0
    .rept 16
    GATE_ENTRY vector, 0
    .set vector, vector + 1
    .endr

.macro PUSH_REGISTERS
    PUSH rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
.endm

.macro POP_REGISTERS
    POP r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    addq $16, %rsp /* vector, error code */
.endm

    .balign 64
interrupt_common:
    testb $3, FRAME_cs - FRAME_vector(%rsp)
    jz interrupt_kernel
    swapgs
    PUSH_REGISTERS
    cld
    SMAP_SITE 0 /* the CPU leaves AC as the program set it */
    movq %rsp, %rdi
    movq %gs:CPU_KERNEL_STACK_TOP, %rsp
    xorl %ebp, %ebp
    call x86_interrupt_user
    jmp arch_resume

interrupt_kernel:
    PUSH_REGISTERS
    cld
    SMAP_SITE 0
    movq %rsp, %rdi /* rbp is still the interrupted function's: the backtrace goes on there */
    call x86_interrupt_kernel
    testb %al, %al
    jz arch_resume /* idle, or a system call given up */
    POP_REGISTERS
    iretq

/*
 * #DB. A breakpoint on memory that `mov ss` reads is met after the instruction behind it: if that is
 * `syscall`, in the kernel, on the program's stack. So there is a stack of its own. From user mode
 * all goes on as if it had come through TSS.rsp0; the kernel's own accesses are let pass.
 */
    .balign 16
    .globl x86_debug_gate
x86_debug_gate:
    testb $3, 8(%rsp) /* cs */
    jz 1f
    swapgs
    pushq %rax
    movq %gs:CPU_CURRENT, %rax
    .irp register, rax, rip, cs, rflags, rsp, ss
    popq FRAME_\register(%rax)
    .endr
    movq $0, FRAME_error_code(%rax)
    movq $(FRAME_INTERRUPT + 1), FRAME_vector(%rax)
    leaq FRAME_vector(%rax), %rsp
    movq FRAME_rax(%rax), %rax
    swapgs
    jmp interrupt_common
1:  iretq

/* NMI, double fault, machine check: which GS base is active is unknown, so the record's address
 * comes from the top of the stack page. IST stacks are two pages, aligned to their size. */
.macro PARANOID name, handler, vector, has_error
    .balign 16
    .globl \name
\name:
    .if !\has_error
    pushq $0
    .endif
    pushq $(FRAME_INTERRUPT + \vector)
    PUSH_REGISTERS
    cld
    SMAP_SITE 0
    movl $0xc0000101, %ecx /* IA32_GS_BASE */
    rdmsr
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %rbx
    movq %rsp, %rax
    orq $(IST_STACK_SIZE - 1), %rax
    movq -7(%rax), %rax /* struct cpu * */
    movq %rax, %rdx
    shrq $32, %rdx
    wrmsr
    movq %rsp, %rdi
    call \handler
    movq %rbx, %rax
    movq %rbx, %rdx
    shrq $32, %rdx
    movl $0xc0000101, %ecx
    wrmsr
    POP_REGISTERS
    iretq
.endm

    PARANOID x86_nmi_gate, x86_nmi, 2, 0
    PARANOID x86_double_fault_gate, x86_fatal_exception, 8, 1
    PARANOID x86_machine_check_gate, x86_fatal_exception, 18, 0

/* void arch_user_copy_in(void *to, struct uaddr from, size_t size) */
    .balign 16
    .globl arch_user_copy_in, x86_copy_in_end
arch_user_copy_in:
    movq %rdx, %rcx
    SMAP_SITE 1
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    SMAP_SITE 0
    ret
x86_copy_in_end:

/* bool arch_user_try_read_u32(struct uaddr from, uint32_t *ret_value) */
    .balign 16
    .globl arch_user_try_read_u32, x86_try_read, x86_try_read_failed
arch_user_try_read_u32:
    SMAP_SITE 1
x86_try_read:
    movl (%rdi), %ecx
    SMAP_SITE 0
    movl %ecx, (%rsi)
    movl $1, %eax
    ret
x86_try_read_failed: /* the interrupt entry has cleared AC, but the IRET restored it */
    SMAP_SITE 0
    xorl %eax, %eax
    ret
