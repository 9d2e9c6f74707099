/* SPDX-License-Identifier: MIT */
/* The first instruction of a program: rdi = bootstrap block, rsp = top of the stack. Weak: what is
 * started in another way has its own. */
.section .text._start, "ax", @progbits
.weak _start
.type _start, @function
_start:
    xor %ebp, %ebp /* ends backtraces */
    sub $128, %rsp /* QY_THREAD_RECORD */
    and $-16, %rsp
    call qy_start
    ud2
.size _start, . - _start

/* The first instruction of a thread: rdi = its struct qy_thread. */
.section .text.qy_thread_begin, "ax", @progbits
.globl qy_thread_begin
.type qy_thread_begin, @function
qy_thread_begin:
    xor %ebp, %ebp
    and $-16, %rsp
    call qy_thread_main
    ud2
.size qy_thread_begin, . - qy_thread_begin

/* int64_t qy_fork_split(int64_t (*fork)(uint64_t stack, void *argument), void *argument): returns
 * what fork does; a thread that starts at qy_fork_begin with that stack, in a copy of the memory
 * made meanwhile, returns from it too, with its own argument. */
.section .text.qy_fork_split, "ax", @progbits
.globl qy_fork_split
.type qy_fork_split, @function
qy_fork_split:
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
.globl qy_fork_begin
.type qy_fork_begin, @function
qy_fork_begin:
    mov %rdi, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
.size qy_fork_split, . - qy_fork_split

/* Name, description (none), type; the name is padded. */
.section .note.quay, "a", @note
.balign 4
.long 5, 0, 1
.asciz "Quay"
.balign 4

.section .note.GNU-stack, "", @progbits
