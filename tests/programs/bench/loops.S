/* SPDX-License-Identifier: MIT */
/*
 * The loops that are measured. All general registers but rsp carry payload (quay/abi/ipc.h), so
 * what a loop needs to remember lies on its stack.
 *
 *   struct call_plan   0 session  8 header  16 deadline  24 payload[8]  88 samples  96 count
 *                      104 failures
 */
#define PORT_CALL          201
#define PORT_REPLY_RECEIVE 202
#define THREAD_YIELD       314
#define THREAD_SLEEP       319
#define THREAD_REDIRECT    321
#define ANSWERED           400 /* by the library: numbers below */

/* On the stack of a call loop. */
#define SESSION  0x00
#define HEADER   0x08
#define DEADLINE 0x10
#define START    0x18
#define PLAN     0x20
#define AT       0x28
#define LEFT     0x30
#define PAYLOAD  0x38
#define FRAME    0x78

.macro call_loop name, words, is_call
.globl \name
.type \name, @function
\name:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $FRAME, %rsp
    mov %rdi, PLAN(%rsp)
    mov 0(%rdi), %rax
    mov %rax, SESSION(%rsp)
    mov 8(%rdi), %rax
    mov %rax, HEADER(%rsp)
    mov 16(%rdi), %rax
    mov %rax, DEADLINE(%rsp)
    mov 88(%rdi), %rax
    mov %rax, AT(%rsp)
    mov 96(%rdi), %rax
    mov %rax, LEFT(%rsp)
    lea 24(%rdi), %rsi
    lea PAYLOAD(%rsp), %rdi
    mov $8, %ecx
    rep movsq
1:
    rdtsc
    mov %eax, START(%rsp)
    mov %edx, START+4(%rsp)
.if \is_call
.if \words > 0
    mov PAYLOAD+0x00(%rsp), %rbx
    mov PAYLOAD+0x08(%rsp), %rbp
    mov PAYLOAD+0x10(%rsp), %r12
    mov PAYLOAD+0x18(%rsp), %r13
.endif
.if \words > 4
    mov PAYLOAD+0x20(%rsp), %r14
    mov PAYLOAD+0x28(%rsp), %r15
    mov PAYLOAD+0x30(%rsp), %r8
    mov PAYLOAD+0x38(%rsp), %r9
.endif
    mov SESSION(%rsp), %rdi
    mov HEADER(%rsp), %rsi
    mov DEADLINE(%rsp), %rdx
    xor %r10d, %r10d
    mov $PORT_CALL, %eax
    syscall
.endif
    mov %rax, %rcx
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    sub START(%rsp), %rax
    mov AT(%rsp), %rdi
    mov %rax, (%rdi)
    addq $8, AT(%rsp)
.if \is_call
    test %rcx, %rcx
    jz 2f
    mov PLAN(%rsp), %rdi
    incq 104(%rdi)
2:
.endif
    decq LEFT(%rsp)
    jnz 1b
    add $FRAME, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size \name, . - \name
.endm

.text
call_loop call_loop_0, 0, 1
call_loop call_loop_4, 4, 1
call_loop call_loop_8, 8, 1
call_loop call_loop_nothing, 0, 0

/* rdi = port. The token (r10) goes back as it came; so does the header, or 0. */
.macro server_loop name, is_echo
.globl \name
.type \name, @function
\name:
    mov $0x7fffffffffffffff, %rdx
    push %rdx
    push %rdi
    xor %r10d, %r10d
    xor %esi, %esi
1:
    mov (%rsp), %rdi
    mov 8(%rsp), %rdx
.if !\is_echo
    xor %esi, %esi
.endif
    mov $PORT_REPLY_RECEIVE, %eax
    syscall
    jmp 1b
.size \name, . - \name
.endm

server_loop echo_loop, 1
server_loop sink_loop, 0

.globl vector_touch
.type vector_touch, @function
vector_touch:
    pxor %xmm0, %xmm0
    ret
.size vector_touch, . - vector_touch

/* rsp = caller_constants. Calls for ever. */
.globl caller_thread
.type caller_thread, @function
caller_thread:
    mov (%rsp), %rdi
    xor %esi, %esi
    mov 8(%rsp), %rdx
    xor %r10d, %r10d
    mov $PORT_CALL, %eax
    syscall
    jmp caller_thread
.size caller_thread, . - caller_thread

.globl sleeper_thread
.type sleeper_thread, @function
sleeper_thread:
    mov $0x7fffffffffffffff, %rdi
    mov $THREAD_SLEEP, %eax
    syscall
    jmp sleeper_thread
.size sleeper_thread, . - sleeper_thread

.globl yielder_thread
.type yielder_thread, @function
yielder_thread:
    mov $THREAD_YIELD, %eax
    syscall
    jmp yielder_thread
.size yielder_thread, . - yielder_thread

.globl spinner_thread
.type spinner_thread, @function
spinner_thread:
    pause
    jmp spinner_thread
.size spinner_thread, . - spinner_thread

/*
 * A library (quay/abi/redirect.h) that answers every system call with 7, and gives back all registers
 * as one that has called C would have to. GS base is the struct redirect.
 */
#define REDIRECT_REGISTER(n) %gs:8*(n)
#define REDIRECT_KICKED      %gs:184
#define REDIRECT_STACK       %gs:216

.globl library_start, library_end, library_entry, library_exit, library_exit_end, library_leave
library_start:
library_entry:
    cmp $ANSWERED, %rax
    jae 1f
    movq $7, REDIRECT_REGISTER(10)
library_exit:
    cmpl $0, REDIRECT_KICKED
    jne 1f
    mov REDIRECT_STACK, %rsp
    push REDIRECT_REGISTER(16)
    popfq
    mov REDIRECT_REGISTER(0), %r15
    mov REDIRECT_REGISTER(1), %r14
    mov REDIRECT_REGISTER(2), %r13
    mov REDIRECT_REGISTER(3), %r12
    mov REDIRECT_REGISTER(4), %rbp
    mov REDIRECT_REGISTER(5), %rbx
    mov REDIRECT_REGISTER(7), %r10
    mov REDIRECT_REGISTER(8), %r9
    mov REDIRECT_REGISTER(9), %r8
    mov REDIRECT_REGISTER(10), %rax
    mov REDIRECT_REGISTER(12), %rdx
    mov REDIRECT_REGISTER(13), %rsi
    mov REDIRECT_REGISTER(14), %rdi
    mov REDIRECT_REGISTER(17), %rsp
    jmp *REDIRECT_REGISTER(15)
library_exit_end:
1:  ud2 /* nobody kicks us */

/* int64_t library_leave(void): the calls of this thread are its own again. */
.type library_leave, @function
library_leave:
    xor %edi, %edi
    mov $THREAD_REDIRECT, %eax
    syscall
    ret
library_end:

.section .note.GNU-stack, "", @progbits
