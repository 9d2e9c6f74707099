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

.section .note.GNU-stack, "", @progbits
