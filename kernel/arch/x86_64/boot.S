/* SPDX-License-Identifier: MIT */
/*
 * The first instructions, in 32-bit protected mode without paging, whoever loaded us:
 *
 *   multiboot2   eax = magic, ebx = boot information      (Multiboot2 specification, 3.3)
 *   PVH          ebx = struct hvm_start_info              (Xen, x86/HVM direct boot ABI)
 *
 * Both go on to long mode with the first 4 GiB mapped three times: where they are, in the direct
 * map, and (the first) at the image's window. x86_start then builds the real tables.
 */
#include <arch_impl/layout.h>

#define PHYSICAL(symbol) ((symbol) - IMAGE_BASE)

    .section .multiboot2, "a"
    .balign 8
multiboot2_header:
    .long 0xe85250d6
    .long 0 /* i386 */
    .long multiboot2_header_end - multiboot2_header
    .long -(0xe85250d6 + 0 + (multiboot2_header_end - multiboot2_header))
    /* Modules on page boundaries. */
    .short 6, 0
    .long 8
    /* A framebuffer, if it is all there is (UEFI): optional, any size, 32 bits. */
    .balign 8
    .short 5, 1
    .long 20
    .long 0, 0, 32
    .balign 8
    .short 0, 0
    .long 8
multiboot2_header_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad PHYSICAL(pvh_entry)

    .section .boot_bss, "aw", @nobits
    .balign 4096
boot_pml4:
    .skip 4096
boot_pdpt_low:
    .skip 4096
boot_pdpt_image:
    .skip 4096
boot_pd:
    .skip 4 * 4096
    .globl boot_stack
boot_stack:
    .skip 16384
boot_stack_top:

    .section .boot_text, "ax"
    .code32
    .globl multiboot2_entry, pvh_entry
pvh_entry:
    xorl %eax, %eax
multiboot2_entry:
    cld
    movl %eax, %ebp /* magic, or 0 for PVH; ebx stays */
    movl $PHYSICAL(boot_stack_top), %esp

    /* Long mode? (SDM Vol. 2A, CPUID) */
    movl $0x80000000, %eax
    movl %ebx, %edi
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz no_long_mode
    movl %edx, %esi /* bit 20: NX */

    movl $PHYSICAL(boot_pdpt_low) + 3, %eax
    movl %eax, PHYSICAL(boot_pml4)
    movl %eax, PHYSICAL(boot_pml4) + 256 * 8
    movl $PHYSICAL(boot_pdpt_image) + 3, PHYSICAL(boot_pml4) + 511 * 8
    movl $PHYSICAL(boot_pd) + 3, %eax
    movl %eax, PHYSICAL(boot_pdpt_image) + 510 * 8
    xorl %ecx, %ecx
1:  movl %eax, PHYSICAL(boot_pdpt_low)(, %ecx, 8)
    addl $4096, %eax
    incl %ecx
    cmpl $4, %ecx
    jne 1b
    movl $0x83, %eax /* present, writable, 2 MiB */
    xorl %ecx, %ecx
2:  movl %eax, PHYSICAL(boot_pd)(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jne 2b

    movl %cr4, %eax
    orl $(1 << 5), %eax /* PAE */
    movl %eax, %cr4
    movl $PHYSICAL(boot_pml4), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx /* EFER: LME, and NXE where the CPU has NX */
    rdmsr
    orl $(1 << 8), %eax
    testl $(1 << 20), %esi
    jz 3f
    orl $(1 << 11), %eax
3:  wrmsr
    movl $0x80010033, %eax /* PG WP NE ET MP PE */
    movl %eax, %cr0
    lgdtl PHYSICAL(boot_gdt_pointer)
    ljmpl $KERNEL_CS, $PHYSICAL(boot_64)

no_long_mode:
    movl $PHYSICAL(no_long_mode_text), %esi
4:  lodsb
    testb %al, %al
    jz 6f
    outb %al, $0xe9
    movb %al, %ah
    movw $0x3f8 + 5, %dx
    movl $100000, %ecx
5:  inb %dx, %al
    testb $0x20, %al
    loopz 5b
    movw $0x3f8, %dx
    movb %ah, %al
    outb %al, %dx
    jmp 4b
6:  cli
    hlt
    jmp 6b
no_long_mode_text:
    .asciz "\r\nquay: cannot start: this CPU has no 64-bit mode\r\n"

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* kernel code, 64-bit */
    .quad 0x00cf93000000ffff /* kernel data */
boot_gdt_pointer:
    .short . - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

    .code64
boot_64:
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movabsq $1f, %rax
    jmp *%rax
1:  movabsq $PHYSICAL(boot_stack_top) + DIRECT_MAP_BASE, %rsp /* stays mapped by the final tables */
    movl %edi, %esi /* information; zero extended */
    movl %ebp, %edi /* magic */
    xorl %ebp, %ebp
    call x86_start
    ud2

    /* x86_kernel_enter(info, stack_top) */
    .text
    .globl x86_kernel_enter
x86_kernel_enter:
    movq %rsi, %rsp
    xorl %ebp, %ebp
    call kernel_main
    ud2
