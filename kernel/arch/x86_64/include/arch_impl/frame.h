/* SPDX-License-Identifier: MIT */
/*
 * The user registers of a thread, at the start of its record. The upper part is what the CPU pushes
 * on an interrupt (SDM Vol. 3A, 6.14.2): TSS.rsp0 points to the end of this struct, so an interrupt
 * from user mode lands directly in the record of the thread that runs. The system call entry stores
 * the same fields by hand.
 */
#pragma once

#include <quay/abi/memory.h>
#include <stdbool.h>
#include <stdint.h>
#include <quay/abi/registers.h>
#include "lib/compiler.h"

struct user_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx; /* preserved by C functions */
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error_code;       /* of the interrupt; 0 in a system call */
    uint64_t rip, cs, rflags, rsp, ss; /* pushed by the CPU */
};

_Static_assert(offsetof(struct user_frame, rdi) == offsetof(struct thread_registers, rdi),
               "the general registers are copied as they are, entry code too");
_Static_assert(sizeof(struct user_frame) == 176 && sizeof(struct user_frame) % 16 == 0,
               "the CPU aligns rsp0 to 16 bytes");

/* Set in `vector` by interrupts and exceptions, so that vector 0 is not taken for a system call. */
#define FRAME_INTERRUPT 0x100

/* GDT: null, kernel code, data, (sysret base) user 32, user data, user code. */
#define USER_CS           0x33
#define USER_SS           0x2b
#define USER_RFLAGS_FIXED 0x202ul /* IF and the bit that is always 1 */
/* What a program may set: ID, AC, RF, NT, OF, DF, TF, SF, ZF, AF, PF, CF. */
#define USER_RFLAGS_FREE 0x254dd5ul

static inline uint64_t frame_number(const struct user_frame *frame)
{
    return frame->rax;
}

static inline void frame_set_result(struct user_frame *frame, int64_t value)
{
    frame->rax = (uint64_t)value;
}

static inline void frame_set_result2(struct user_frame *frame, uint64_t value)
{
    frame->rdx = value;
}

static inline void frame_set_result3(struct user_frame *frame, uint64_t value)
{
    frame->rdi = value;
}

/* `syscall` is two bytes long; rax still holds the number, because results are only written when a
 * call ends. */
static inline void frame_restart(struct user_frame *frame)
{
    frame->rip -= 2;
}

static inline uint64_t frame_ip(const struct user_frame *frame)
{
    return frame->rip;
}

static inline void frame_set_ip(struct user_frame *frame, uint64_t ip)
{
    frame->rip = ip;
}

/* Goes on elsewhere, as a C function would be entered. */
static inline void frame_jump(struct user_frame *frame, uint64_t ip, uint64_t sp)
{
    frame->rip = ip;
    frame->rsp = sp;
    frame->rflags = USER_RFLAGS_FIXED;
}

/* rsp may be anything canonical, as a program can make it. */
static inline bool frame_registers_ok(const struct thread_registers *registers)
{
    return registers->rip < USER_LIMIT && registers->fs_base < USER_LIMIT &&
           registers->gs_base < USER_LIMIT &&
           (int64_t)(registers->rsp << 16) >> 16 == (int64_t)registers->rsp &&
           (registers->rflags & ~USER_RFLAGS_FREE) == USER_RFLAGS_FIXED;
}

/* All registers; but not the bases, which are not in the frame. */
static inline void frame_registers_get(const struct user_frame *frame,
                                       struct thread_registers *registers)
{
    __builtin_memcpy(registers, frame, offsetof(struct thread_registers, rip));
    registers->rip = frame->rip;
    registers->rflags = frame->rflags;
    registers->rsp = frame->rsp;
}

/* The same back; of the flags, what a program may have. arch_resume checks rip. */
static inline void frame_registers_set(struct user_frame *frame,
                                       const struct thread_registers *registers)
{
    __builtin_memcpy(frame, registers, offsetof(struct thread_registers, rip));
    frame->rip = registers->rip;
    frame->rflags = (registers->rflags & USER_RFLAGS_FREE) | USER_RFLAGS_FIXED;
    frame->rsp = registers->rsp;
    frame->vector = FRAME_INTERRUPT; /* so that rcx and r11 are loaded too */
}

static inline void frame_init(struct user_frame *frame, uint64_t ip, uint64_t sp, uint64_t argument)
{
    *frame = (struct user_frame){
        .rdi = argument,
        .rip = ip,
        .cs = USER_CS,
        .rflags = USER_RFLAGS_FIXED,
        .rsp = sp,
        .ss = USER_SS,
    };
}

static inline void frame_ipc_copy_words(struct user_frame *to, const struct user_frame *from)
{
    to->rbx = from->rbx;
    to->rbp = from->rbp;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->r8 = from->r8;
    to->r9 = from->r9;
}

static inline void frame_ipc_set_words(struct user_frame *frame, uint64_t word0, uint64_t word1)
{
    frame->rbx = word0;
    frame->rbp = word1;
    frame->r12 = frame->r13 = frame->r14 = frame->r15 = frame->r8 = frame->r9 = 0;
}

/* The payload registers from and to memory for 64 bytes, aligned to 8. */
static inline void frame_ipc_save_words(const struct user_frame *frame, uint64_t *words)
{
    words[0] = frame->rbx;
    words[1] = frame->rbp;
    words[2] = frame->r12;
    words[3] = frame->r13;
    words[4] = frame->r14;
    words[5] = frame->r15;
    words[6] = frame->r8;
    words[7] = frame->r9;
}

static inline void frame_ipc_load_words(struct user_frame *frame, const uint64_t *words)
{
    frame->rbx = words[0];
    frame->rbp = words[1];
    frame->r12 = words[2];
    frame->r13 = words[3];
    frame->r14 = words[4];
    frame->r15 = words[5];
    frame->r8 = words[6];
    frame->r9 = words[7];
}

static inline void frame_ipc_result(struct user_frame *frame, int64_t status, uint64_t rdi,
                                    uint64_t header, uint64_t rdx, uint64_t r10)
{
    frame->rax = (uint64_t)status;
    frame->rdi = rdi;
    frame->rsi = header;
    frame->rdx = rdx;
    frame->r10 = r10;
}

/* The same for a call on the fast path, where rax and rsi need no frame. */
static inline void frame_ipc_set_call(struct user_frame *frame, uint64_t badge, uint64_t job,
                                      uint64_t token)
{
    frame->rdi = badge;
    frame->rdx = job;
    frame->r10 = token;
}

/* A thread that waits in port_reply_receive makes that call again, without an answer: port and
 * deadline are still in its frame. */
static inline void frame_ipc_receive_again(struct user_frame *frame, uint64_t number)
{
    frame->rax = number;
    frame->rsi = 0;
    frame->r10 = 0;
    frame_restart(frame);
}
