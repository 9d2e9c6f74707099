/* SPDX-License-Identifier: MIT */
/* The first instruction of a program: rdi = bootstrap block, rsp = top of the stack. */
.section .text._start, "ax", @progbits
.globl _start
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

.section .note.GNU-stack, "", @progbits
