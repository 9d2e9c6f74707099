/* SPDX-License-Identifier: MIT */
/* The first instruction: rdi = process page, rsp = end of the stack. */
.section .text._start, "ax", @progbits
.globl _start
.type _start, @function
_start:
    xor %ebp, %ebp
    sub $128, %rsp /* QY_THREAD_RECORD */
    and $-16, %rsp
    call layer_start
    ud2
.size _start, . - _start

/* As qy_fork_split of libsys. */
.section .text.layer_split, "ax", @progbits
.globl layer_split
.type layer_split, @function
layer_split:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rdi, %rax
    mov %rsp, %rdi
    sub $8, %rsp
    call *%rax
    add $8, %rsp
    mov %rax, %rdi
.globl layer_begin
.type layer_begin, @function
layer_begin:
    mov %rdi, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
.size layer_split, . - layer_split

.section .note.GNU-stack, "", @progbits
