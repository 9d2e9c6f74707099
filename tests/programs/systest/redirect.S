/* SPDX-License-Identifier: MIT */
/*
 * A library and its guests, for test_redirect.c. GS base is the struct redirect; the word at the
 * library's stack pointer is its address.
 */
#define REDIRECT_REASON     160
#define REDIRECT_KICKED     184
#define REDIRECT_STACK      216
#define REASON_KICK         3
#define GUEST_EXIT          60
#define FLAG_DIRECTION      0x400

    .text
    .globl library_entry, library_exit, library_exit_end
library_entry:
    xorl %esi, %esi
    xchgq %rsi, %gs:REDIRECT_KICKED
    movq (%rsp), %rdi
    call redirect_handle
    testq %rax, %rax
    jz library_exit
    movl $322, %eax /* thread_resume */
    syscall
    ud2

    /* May begin again at any instruction. */
library_exit:
    cmpl $0, %gs:REDIRECT_KICKED
    jne 1f
    movl $300, %ecx /* long enough for a kick to find the thread here */
2:  subl $1, %ecx
    jnz 2b
    movq %gs:REDIRECT_STACK, %rsp
    pushq %gs:128 /* rflags */
    popfq
    movq %gs:0, %r15
    movq %gs:8, %r14
    movq %gs:16, %r13
    movq %gs:24, %r12
    movq %gs:32, %rbp
    movq %gs:40, %rbx
    movq %gs:56, %r10
    movq %gs:64, %r9
    movq %gs:72, %r8
    movq %gs:80, %rax
    movq %gs:96, %rdx
    movq %gs:104, %rsi
    movq %gs:112, %rdi
    movq %gs:136, %rsp
    jmp *%gs:120
library_exit_end:
1:  movq %gs:REDIRECT_STACK, %rsp
    movq $REASON_KICK, %gs:REDIRECT_REASON
    jmp library_entry

/* Each register its own value; what follows may check that it still has it. */
.macro FILL registers:vararg
    .set pattern, 0x41000000
    .irp register, \registers
    movq $pattern, %\register
    .set pattern, pattern + 0x10101
    .endr
.endm

.macro CHECK registers:vararg
    .set pattern, 0x41000000
    .irp register, \registers
    cmpq $pattern, %\register
    jne guest_bad
    .set pattern, pattern + 0x10101
    .endr
.endm

    .globl guest_start, guest_end, guest_calls, guest_faults, guest_spin, guest_busy, guest_done
guest_start:

/* A thousand system calls, which must change rax, rcx and r11 only, and no byte of the red zone. */
guest_calls:
    pushq $1000
1:  FILL rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15
    movq %rsp, -8(%rsp)
    movl $201, %eax /* the native port_call: not for us */
    stc
    syscall
    jnc guest_bad
    cmpq $-38, %rax
    jne guest_bad
    CHECK rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15
    cmpq %rsp, -8(%rsp)
    jne guest_bad
    subq $1, (%rsp)
    jnz 1b
    jmp guest_done

/* Faults that the library mends, with every register kept. */
guest_faults:
    FILL rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    std
    ud2
    CHECK rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    pushfq
    testq $FLAG_DIRECTION, (%rsp)
    jz guest_bad
    cld
    movl $8, %ebx
    movq (%rbx), %rax /* the library puts a better address into rbx */
    cmpq $1234, %rax
    jne guest_bad
    movl $16, %ebx
    movq %rax, (%rbx)
    movl $24, %ebx
    leaq guest_done(%rip), %rax
    jmp *%rbx /* the library goes on at rax */

/* Some calls, and then nothing until a kick. */
guest_busy:
    movl $5, %ebx
1:  movl $39, %eax
    syscall
    subl $1, %ebx
    jnz 1b
guest_spin:
    pause
    jmp guest_spin

guest_done:
    movl $GUEST_EXIT, %eax
    syscall
guest_bad:
    int3
guest_end:

    .section .note.GNU-stack, "", @progbits
