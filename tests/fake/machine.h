/* SPDX-License-Identifier: MIT */
/* What the files of the fake machine share; tests include fake.h. */
#pragma once

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "core/cpu.h"
#include "sched/thread.h"
#include "fake.h"

#define FAKE_TLB_SIZE   32
#define FAKE_IRQ_COUNT  24
#define FAKE_STACK_SIZE (128 * 1024)
#define FAKE_RAM_START  0x100000ul

enum fake_cpu_state {
    CPU_OFF,
    CPU_STARTING, /* will enter kernel_cpu_main */
    CPU_KERNEL,   /* its fiber is somewhere inside the kernel */
    CPU_USER,
    CPU_IDLE,
    CPU_HALTED,
};

enum fake_entry {
    ENTRY_MAIN,
    ENTRY_CPU_MAIN,
    ENTRY_SYSCALL,
    ENTRY_PAGE_FAULT,
    ENTRY_EXCEPTION,
    ENTRY_FPU,
    ENTRY_TIMER,
    ENTRY_IRQ,
    ENTRY_RESCHEDULE,
    ENTRY_SYNC,
};

struct fake_tlb_entry {
    bool valid;
    uint64_t page; /* address */
    struct paddr frame;
    unsigned flags;
    bool is_large;
};

struct fake_cpu {
    struct cpu record;
    enum fake_cpu_state state;

    /* The fiber. */
    void *stack;
    void *saved_sp;
    void *asan_fake_stack;
    bool spinning;
    enum fake_entry entry;
    uint64_t entry_argument[2];

    /* Pending interrupts. */
    uint32_t ipis; /* 1 << enum arch_ipi */
    uint32_t irqs;
    time_ns_t timer;

    /* Memory. */
    struct arch_aspace *loaded;
    struct fake_tlb_entry tlb[FAKE_TLB_SIZE];
    unsigned unpoison_order; /* the frame allocator is filling a frame of this order - 1 */
};

struct fake_machine {
    struct fake_config config;
    unsigned cpu_count;
    struct fake_cpu cpus[MAX_CPUS];
    struct fake_cpu *self; /* whose fiber runs; NULL: the simulator's own stack */
    uint64_t random_state;
    time_ns_t now;
    size_t memory_bytes;
    bool booted;
    bool expect_panic, panicked;
    struct fake_thread *threads;
    uint8_t *frame_used; /* by frame number: 1 while allocated */
    uint16_t *frame_tlb; /* by frame number: TLB entries that know it */
    uint32_t irq_masked, irq_level;
    uint32_t ports[65536 / 4];
    uint64_t steps;
    uint64_t fast_count; /* calls and replies that went the fast path */
};

extern struct fake_machine fake_machine;

/* Told of each lock that a CPU takes; NULL: nobody. */
extern void (*fake_lock_hook)(const uint32_t *word);

/* Starts an entry on a CPU's fiber and runs it until it ends or switches away. */
void fake_enter(struct fake_cpu *cpu, enum fake_entry entry, uint64_t a, uint64_t b);

/* Where a user address of the loaded page tables is, through the TLB; NULL and the access bits of
 * the fault (FAULT_*). */
void *fake_translate(struct fake_cpu *cpu, uint64_t address, unsigned access, unsigned *ret_fault);

void fake_tlb_flush_cpu(struct fake_cpu *cpu);
void fake_frame_freed(struct paddr frame, unsigned order);
void fake_frame_taken(struct paddr frame, unsigned order);

/* fake_boot.c */
const struct boot_info *fake_boot_info(void);
void fake_bootstrap_find(struct fake_thread *init);

void fake_log_append(const char *text, size_t length);

/* Choice points are left alone while the simulator's own code uses kernel functions. */
void fake_choice(void);
