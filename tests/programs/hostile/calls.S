/* SPDX-License-Identifier: MIT */
/* int64_t call_raw(rdi number, rsi arguments[6]) */
.text
.globl call_raw
.type call_raw, @function
call_raw:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rdi, %rax
    mov 0x00(%rsi), %rdi
    mov 0x10(%rsi), %rdx
    mov 0x18(%rsi), %r10
    mov 0x20(%rsi), %r8
    mov 0x28(%rsi), %r9
    mov 0x08(%rsi), %rsi
    syscall
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size call_raw, . - call_raw

.section .note.GNU-stack, "", @progbits
