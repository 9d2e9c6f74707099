/* SPDX-License-Identifier: MIT */
/*
 * The calls whose registers all carry something (<quay/abi/ipc.h>): what C wants preserved is
 * saved on the stack, the only thing that survives.
 *
 *   struct qy_message   0 header, 8 words[8]
 *   struct qy_received  0 badge, 8 sender_job, 16 token, 24 message
 *
 * The offsets are asserted in ipc.c.
 */
#define PORT_CALL          201
#define PORT_REPLY_RECEIVE 202
#define PORT_REPLY         203
#define CHANNEL_SEND       221
#define CHANNEL_RECEIVE    222

.macro save_registers
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro restore_registers
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
.endm

.macro load_words base
    mov 0x00(\base), %rbx
    mov 0x08(\base), %rbp
    mov 0x10(\base), %r12
    mov 0x18(\base), %r13
    mov 0x20(\base), %r14
    mov 0x28(\base), %r15
    mov 0x30(\base), %r8
    mov 0x38(\base), %r9
.endm

.macro store_words base
    mov %rbx, 0x00(\base)
    mov %rbp, 0x08(\base)
    mov %r12, 0x10(\base)
    mov %r13, 0x18(\base)
    mov %r14, 0x20(\base)
    mov %r15, 0x28(\base)
    mov %r8, 0x30(\base)
    mov %r9, 0x38(\base)
.endm

/* int64_t qy_port_call(rdi session, rsi message, rdx deadline) */
.section .text.qy_port_call, "ax", @progbits
.globl qy_port_call
.type qy_port_call, @function
qy_port_call:
    save_registers
    push %rsi
    lea 8(%rsi), %rax
    mov (%rsi), %rsi
    load_words %rax
    xor %r10d, %r10d
    mov $PORT_CALL, %eax
    syscall
    pop %rcx
    mov %rsi, (%rcx)
    add $8, %rcx
    store_words %rcx
    restore_registers
    ret
.size qy_port_call, . - qy_port_call

/* struct qy_short_answer qy_port_call_short(rdi session, rsi word_0, rdx word_1, rcx deadline,
 * r8 header). The other payload registers are cleared: they are nobody's business. */
.section .text.qy_port_call_short, "ax", @progbits
.globl qy_port_call_short
.type qy_port_call_short, @function
qy_port_call_short:
    save_registers
    mov %rsi, %rbx
    mov %rdx, %rbp
    mov %r8, %rsi
    mov %rcx, %rdx
    xor %r12d, %r12d
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    xor %r8d, %r8d
    xor %r9d, %r9d
    xor %r10d, %r10d
    mov $PORT_CALL, %eax
    syscall
    test %rax, %rax
    cmovns %rsi, %rax
    mov %rbx, %rdx
    restore_registers
    ret
.size qy_port_call_short, . - qy_port_call_short

/* int64_t qy_port_reply_receive(rdi port, rsi received, rdx deadline) */
.section .text.qy_port_reply_receive, "ax", @progbits
.globl qy_port_reply_receive
.type qy_port_reply_receive, @function
qy_port_reply_receive:
    save_registers
    push %rsi
    lea 32(%rsi), %rax
    mov 16(%rsi), %r10
    mov 24(%rsi), %rsi
    load_words %rax
    mov $PORT_REPLY_RECEIVE, %eax
    syscall
    pop %rcx
    mov %rdi, (%rcx)
    mov %rdx, 8(%rcx)
    mov %r10, 16(%rcx)
    mov %rsi, 24(%rcx)
    add $32, %rcx
    store_words %rcx
    restore_registers
    ret
.size qy_port_reply_receive, . - qy_port_reply_receive

/*
 * int64_t qy_port_serve(rdi port, rsi received, rdx deadline, rcx dispatch)
 *
 * Most calls and answers are short: of them only two or four words go through memory. The others
 * stay where they came, in r12 to r15, which dispatch preserves, so that a caller gets nothing but its
 * own back.
 */
.section .text.qy_port_serve, "ax", @progbits
.globl qy_port_serve
.type qy_port_serve, @function
qy_port_serve:
    save_registers
    sub $8, %rsp
    push %rcx
    push %rdx
    push %rdi
    push %rsi
    xor %r12d, %r12d /* these are ours, and no caller's business */
    xor %r13d, %r13d
    xor %r14d, %r14d
    xor %r15d, %r15d
    jmp 1f
0:
    mov %rcx, %rdi
    call *24(%rsp)
    test %rax, %rax
    jnz 7f
1:
    mov (%rsp), %rax
    cmpw $16, 28(%rax)
    ja 2f
    mov 24(%rax), %rsi
    mov 32(%rax), %rbx
    mov 40(%rax), %rbp
    xor %r8d, %r8d
    xor %r9d, %r9d
    mov 16(%rax), %r10
3:
    mov 8(%rsp), %rdi
    mov 16(%rsp), %rdx
    mov $PORT_REPLY_RECEIVE, %eax
    syscall
    test %eax, %eax
    jnz 4f
    mov (%rsp), %rcx
    mov %rdi, (%rcx)
    mov %rdx, 8(%rcx)
    mov %r10, 16(%rcx)
    mov %rsi, 24(%rcx)
    mov %rbx, 32(%rcx)
    mov %rbp, 40(%rcx)
    cmpw $16, 28(%rcx)
    jbe 0b
    mov %r12, 48(%rcx)
    mov %r13, 56(%rcx)
    cmpw $32, 28(%rcx)
    jbe 0b
    mov %r14, 64(%rcx)
    mov %r15, 72(%rcx)
    mov %r8, 80(%rcx)
    mov %r9, 88(%rcx)
    jmp 0b
7:
    mov (%rsp), %rdi
    mov %rax, %rsi
    call qy_request_fail
    jmp 1b
2:
    mov 16(%rax), %r10
    mov 24(%rax), %rsi
    mov 32(%rax), %rbx
    mov 40(%rax), %rbp
    mov 48(%rax), %r12
    mov 56(%rax), %r13
    xor %r8d, %r8d
    xor %r9d, %r9d
    cmpw $32, 28(%rax)
    jbe 3b
    mov 64(%rax), %r14
    mov 72(%rax), %r15
    mov 80(%rax), %r8
    mov 88(%rax), %r9
    jmp 3b
4:
    js 5f
    mov (%rsp), %rcx
    mov %rdi, (%rcx)
    mov %rdx, 8(%rcx)
    mov %r10, 16(%rcx)
    mov %rsi, 24(%rcx)
    add $32, %rcx
    store_words %rcx
5:
    add $40, %rsp
    restore_registers
    ret
.size qy_port_serve, . - qy_port_serve

/* int64_t qy_port_reply(rdi port, rsi token, rdx message); the header goes in rdx */
.section .text.qy_port_reply, "ax", @progbits
.globl qy_port_reply
.type qy_port_reply, @function
qy_port_reply:
    save_registers
    lea 8(%rdx), %rax
    mov (%rdx), %rdx
    load_words %rax
    mov $PORT_REPLY, %eax
    syscall
    restore_registers
    ret
.size qy_port_reply, . - qy_port_reply

/* int64_t qy_channel_send(rdi sender, rsi message) */
.section .text.qy_channel_send, "ax", @progbits
.globl qy_channel_send
.type qy_channel_send, @function
qy_channel_send:
    save_registers
    lea 8(%rsi), %rax
    mov (%rsi), %rsi
    load_words %rax
    mov $CHANNEL_SEND, %eax
    syscall
    restore_registers
    ret
.size qy_channel_send, . - qy_channel_send

/* int64_t qy_channel_receive(rdi receiver, rsi message) */
.section .text.qy_channel_receive, "ax", @progbits
.globl qy_channel_receive
.type qy_channel_receive, @function
qy_channel_receive:
    save_registers
    push %rsi
    mov $CHANNEL_RECEIVE, %eax
    syscall
    pop %rcx
    mov %rsi, (%rcx)
    add $8, %rcx
    store_words %rcx
    restore_registers
    ret
.size qy_channel_receive, . - qy_channel_receive

.section .note.GNU-stack, "", @progbits
