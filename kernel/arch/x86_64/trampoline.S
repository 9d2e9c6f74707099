/* SPDX-License-Identifier: MIT */
/*
 * Where another CPU wakes up: real mode, cs = this page, ip = 0 (SDM Vol. 3A, 9.4.4). The page is
 * copied below 1 MiB and mapped where it is in the tables that cr3 names; it goes straight to long
 * mode and to x86_cpu_entry on the new CPU's stack.
 */
#include <arch_impl/layout.h>

    .section .rodata
    .balign 16
    .globl trampoline_start, trampoline_end
    .globl trampoline_cr3, trampoline_stack, trampoline_cpu, trampoline_gdt_base
    .globl trampoline_far
    .code16
trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdt_pointer - trampoline_start
    movl %cr4, %eax
    orl $((1 << 5) | (1 << 7)), %eax /* PAE, PGE */
    movl %eax, %cr4
    movl trampoline_cr3 - trampoline_start, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $((1 << 8) | (1 << 11)), %eax /* LME, NXE */
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl *(trampoline_far - trampoline_start)

    .code64
trampoline_64:
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movq trampoline_stack(%rip), %rsp
    movq trampoline_cpu(%rip), %rdi
    movabsq $x86_cpu_entry, %rax
    xorl %ebp, %ebp
    pushq %rbp
    jmp *%rax

    .balign 8
trampoline_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .skip 2 /* so that the base is aligned */
trampoline_gdt_pointer:
    .short . - trampoline_gdt - 1
trampoline_gdt_base:
    .long trampoline_gdt - trampoline_start /* + page, added by the copier */
    .balign 8
trampoline_far:
    .long trampoline_64 - trampoline_start /* + page */
    .short KERNEL_CS
    .balign 8
trampoline_cr3:
    .quad 0
trampoline_stack:
    .quad 0
trampoline_cpu:
    .quad 0
trampoline_end:
