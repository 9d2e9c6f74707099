/* SPDX-License-Identifier: MIT */
/*
 * Into the layer and out of it, for one thread, whose GS base is its struct redirect (docs/redirect.md;
 * the offsets are checked in guest.c).
 *
 *   posix_access_run ... the only instructions that touch the guest's memory. They stand outside of the
 *   (start of range) range of the layer: so a fault, or a kick, there comes to posix_entry as if the
 *   posix_entry ...  guest had made it, and is told apart by its rip.
 */
#define R15      0
#define R14      8
#define R13      16
#define R12      24
#define RBP      32
#define RBX      40
#define R10      56
#define R9       64
#define R8       72
#define RAX      80
#define RDX      96
#define RSI      104
#define RDI      112
#define RIP      120
#define RFLAGS   128
#define RSP      136
#define REASON   160
#define KICKED   184
#define STACK    216

#define REASON_SYSCALL 0
#define REASON_KICK    3

#define SYS_THREAD_RESUME 322
#define FLAG_TRAP         0x100

#define FAULT       -14 /* -EFAULT */
#define INTERRUPTED -4  /* -EINTR */

#define CALL_COUNT        512
#define THREAD_IS_SPECIAL 48

/* --- outside the range: rdi, rsi, rdx are the arguments; rax the result, 0 or more --------- */

    .section .text.access, "ax", @progbits
    .globl posix_access_start, posix_access_end
posix_access_start:

    .globl posix_access_copy /* to, from, size */
posix_access_copy:
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    xorl %eax, %eax
    ret

    .globl posix_access_zero /* to, 0, size */
posix_access_zero:
    movq %rdx, %rcx
    xorl %eax, %eax
    rep stosb
    ret

    .globl posix_access_string /* to, from, size: how much was copied with the zero; or size + 1 */
posix_access_string:
    xorl %eax, %eax
1:  cmpq %rdx, %rax
    jae 2f
    movb (%rsi,%rax), %cl
    movb %cl, (%rdi,%rax)
    addq $1, %rax
    testb %cl, %cl
    jnz 1b
    ret
2:  addq $1, %rax
    ret

    .globl posix_access_exchange /* word, expected, desired: what it was */
posix_access_exchange:
    movl %esi, %eax
    lock cmpxchgl %edx, (%rdi)
    ret

    .globl posix_access_fpu_save, posix_access_fpu_load /* XSAVE area, mask */
posix_access_fpu_save:
    movl %esi, %eax
    xorl %edx, %edx
    testl %esi, %esi
    jz 1f
    xsave64 (%rdi)
    xorl %eax, %eax
    ret
1:  fxsave64 (%rdi)
    ret
posix_access_fpu_load:
    movl %esi, %eax
    xorl %edx, %edx
    testl %esi, %esi
    jz 1f
    xrstor64 (%rdi)
    xorl %eax, %eax
    ret
1:  fxrstor64 (%rdi)
    ret

posix_access_end:

/* --- in the range -------------------------------------------------------------------------- */

    .section .text.entry, "ax", @progbits

/* int64_t posix_access_run(a, b, c, routine): runs one of the above; FAULT if it faults. While it runs the
 * kernel enters with this stack, so that nothing below is lost. */
    .globl posix_access_run
    .type posix_access_run, @function
posix_access_run:
    pushq %rbx
    movq %gs:STACK, %rbx
    movq %rsp, %gs:STACK
    call *%rcx
access_done:
    movq %rbx, %gs:STACK
    popq %rbx
    ret
    .size posix_access_run, . - posix_access_run

/*
 * The kernel comes here, with %gs:STACK as stack: that is where struct posix_thread begins. After a
 * system call the guest's registers are still in place, so its arguments are those of the function,
 * but for the fourth, and what C preserves needs no restoring.
 */
    .globl posix_entry
posix_entry:
    cmpq $REASON_SYSCALL, %gs:REASON
    jne 2f
    movq %gs:RSP, %rcx
    cmpq posix_stack_limit(%rip), %rcx
    jb 1f
    cmpq $CALL_COUNT, %rax
    jae 1f
    leaq posix_calls(%rip), %r11
    movq %r10, %rcx
    call *(%r11,%rax,8)
    cmpq $INTERRUPTED, %rax
    je 4f
    cmpq $0, THREAD_IS_SPECIAL(%rsp)
    jne 4f
    movq %rax, %gs:RAX
    jmp back_from_call
1:  xorl %ebp, %ebp
    call posix_serve
    jmp 5f
4:  movq %gs:RAX, %rdi
    movq %rax, %rsi
    call posix_call_end
5:  testl %eax, %eax
    jz posix_back
3:  movl $SYS_THREAD_RESUME, %eax
    syscall
    ud2
2:  movq %gs:RIP, %rax
    leaq posix_access_start(%rip), %rcx
    cmpq %rcx, %rax
    jb 1b
    leaq posix_access_end(%rip), %rcx
    cmpq %rcx, %rax
    jae 1b
    cmpq $REASON_KICK, %gs:REASON
    movq $FAULT, %rax
    jne access_done /* rbx is still posix_access_run's */
    movq $0, %gs:KICKED /* guest.c finds by the reason that it was there, and kicks again */
    jmp 3b /* nothing was pushed: the return address is still there */

/* May begin again at any instruction, also of back_from_call. */
    .globl posix_back, posix_back_end
posix_back:
    cmpl $0, %gs:KICKED
    jne posix_back_end
    movq %gs:STACK, %rsp
    movq %gs:R15, %r15
    movq %gs:R14, %r14
    movq %gs:R13, %r13
    movq %gs:R12, %r12
    movq %gs:RBP, %rbp
    movq %gs:RBX, %rbx
    movq %gs:RAX, %rax
back_from_call:
    cmpl $0, %gs:KICKED
    jne posix_back_end
    pushq %gs:RFLAGS
    andq $~FLAG_TRAP, (%rsp)
    popfq
    movq %gs:R10, %r10
    movq %gs:R9, %r9
    movq %gs:R8, %r8
    movq %gs:RDX, %rdx
    movq %gs:RSI, %rsi
    movq %gs:RDI, %rdi
    movq %gs:RSP, %rsp
    jmp *%gs:RIP
posix_back_end:
    movq %gs:STACK, %rsp
    movq $REASON_KICK, %gs:REASON
    jmp posix_entry

/* The first instruction: rdi = process page, rsp = end of the stack. */
    .globl posix_start
posix_start:
    xorl %ebp, %ebp
    subq $(128 + 512), %rsp /* struct qy_thread, struct posix_thread */
    call posix_main
    ud2

    .section .note.GNU-stack, "", @progbits
