/* SPDX-License-Identifier: MIT */
/*
 * Memory of the fake machine: physical memory, page tables, TLBs, and user memory as the kernel
 * reads it.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/upcalls.h"
#include "arch/user.h"
#include "mm/frame.h"
#include "machine.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(start, size)   __asan_poison_memory_region(start, size)
#define UNPOISON(start, size) __asan_unpoison_memory_region(start, size)
#endif
#endif
#ifndef POISON
#define POISON(start, size)   ((void)(start), (void)(size))
#define UNPOISON(start, size) ((void)(start), (void)(size))
#endif

#define ENTRIES            512u
#define TOP_LEVEL          3
#define TABLE_FRAME(entry) paddr_of((entry) & ~(uint64_t)0xfff)
#define PRESENT            ((uint64_t)1 << 8) /* beside the ARCH_MAP_* bits in the low byte */
#define LARGE              ((uint64_t)1 << 9) /* at level 1 */

/* --- physical memory -------------------------------------------------------------------------- */

/* Tests call the kernel outside all fibers too, as the boot CPU. */
static struct fake_cpu *allocating_cpu(void)
{
    return fake_machine.self != NULL ? fake_machine.self : &fake_machine.cpus[0];
}

void *arch_direct_map(struct paddr address)
{
    struct fake_cpu *cpu = allocating_cpu();
    void *pointer = (void *)(FAKE_PHYSICAL_BASE + address.value);

    if (address.value >= fake_machine.memory_bytes) {
        fake_fail("direct map of 0x%lx, which is not RAM", (unsigned long)address.value);
    }
    if (cpu->unpoison_order != 0) {
        UNPOISON(pointer, PAGE_SIZE << (cpu->unpoison_order - 1));
    }
    return pointer;
}

bool arch_physical_is_ram(struct paddr start, uint64_t size_bytes)
{
    return start.value < fake_machine.memory_bytes && start.value + size_bytes > FAKE_RAM_START;
}

void fake_frame_taken(struct paddr frame, unsigned order)
{
    UNPOISON((void *)(FAKE_PHYSICAL_BASE + frame.value), PAGE_SIZE << order);
    for (uint64_t i = 0; i < 1u << order; i++) {
        uint64_t number = (frame.value >> PAGE_SHIFT) + i;

        FAKE_CHECK(!fake_machine.frame_used[number]);
        fake_machine.frame_used[number] = 1;
    }
}

void fake_frame_freed(struct paddr frame, unsigned order)
{
    for (uint64_t i = 0; i < 1u << order; i++) {
        uint64_t number = (frame.value >> PAGE_SHIFT) + i;

        if (!fake_machine.frame_used[number]) {
            fake_fail("frame 0x%lx freed twice", (unsigned long)(number << PAGE_SHIFT));
        }
        fake_machine.frame_used[number] = 0;
        if (fake_machine.frame_tlb[number] != 0) {
            fake_fail("frame 0x%lx freed while a TLB knows it: missing shootdown",
                      (unsigned long)(number << PAGE_SHIFT));
        }
    }
}

/* The linker sends the kernel's calls here (--wrap); frame.c's own names have __real_ before. */
int __real_frame_alloc(unsigned order, struct paddr *ret_frame);
int __real_frame_alloc_zeroed(unsigned order, struct paddr *ret_frame);
void __real_frame_free(struct paddr frame, unsigned order);
int __wrap_frame_alloc(unsigned order, struct paddr *ret_frame);
int __wrap_frame_alloc_zeroed(unsigned order, struct paddr *ret_frame);
void __wrap_frame_free(struct paddr frame, unsigned order);

static int wrap_alloc(int (*alloc)(unsigned, struct paddr *), unsigned order,
                      struct paddr *ret_frame)
{
    struct fake_cpu *cpu = allocating_cpu();
    int error;

    cpu->unpoison_order = order + 1;
    error = alloc(order, ret_frame);
    cpu->unpoison_order = 0;
    if (error == 0) {
        fake_frame_taken(*ret_frame, order);
    }
    return error;
}

int __wrap_frame_alloc(unsigned order, struct paddr *ret_frame)
{
    return wrap_alloc(__real_frame_alloc, order, ret_frame);
}

int __wrap_frame_alloc_zeroed(unsigned order, struct paddr *ret_frame)
{
    return wrap_alloc(__real_frame_alloc_zeroed, order, ret_frame);
}

void __wrap_frame_free(struct paddr frame, unsigned order)
{
    fake_frame_freed(frame, order);
    /* Another CPU may have it before we are back: poison first, and let the filler through. */
    POISON((void *)(FAKE_PHYSICAL_BASE + frame.value), PAGE_SIZE << order);
    struct fake_cpu *cpu = allocating_cpu();

    cpu->unpoison_order = order + 1;
    __real_frame_free(frame, order);
    cpu->unpoison_order = 0;
    if (!fake_machine.frame_used[frame.value >> PAGE_SHIFT]) {
        POISON((void *)(FAKE_PHYSICAL_BASE + frame.value), PAGE_SIZE << order);
    }
}

/* --- page tables ------------------------------------------------------------------------------ */

static uint64_t *table_of(struct paddr frame)
{
    return (uint64_t *)(FAKE_PHYSICAL_BASE + frame.value);
}

static unsigned index_at(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + 9 * level)) & (ENTRIES - 1);
}

/* The lowest-level entry of an address, or that of its large page; NULL if a table is missing. */
static uint64_t *entry_find(const struct arch_aspace *aspace, uint64_t address)
{
    struct paddr frame = aspace->root;

    if (frame.value == 0 || address >= USER_LIMIT) {
        return NULL;
    }
    for (unsigned level = TOP_LEVEL;; level--) {
        uint64_t *entry = &table_of(frame)[index_at(address, level)];

        if (level == 0 || (*entry & LARGE)) {
            return entry;
        }
        if (!(*entry & PRESENT)) {
            return NULL;
        }
        frame = TABLE_FRAME(*entry);
    }
}

void arch_aspace_kernel(struct arch_aspace *ret_aspace)
{
    ret_aspace->root = paddr_of(0);
}

int arch_aspace_init(struct arch_aspace *aspace)
{
    return upcall_table_alloc(&aspace->root) ? 0 : -ENOMEM;
}

/* Frees the first table found that has no tables below it. */
static bool free_one_table(struct paddr frame, unsigned level)
{
    uint64_t *table = table_of(frame);

    for (unsigned i = 0; level > 0 && i < ENTRIES; i++) {
        if (!(table[i] & PRESENT) || (table[i] & LARGE)) {
            continue;
        }
        if (!free_one_table(TABLE_FRAME(table[i]), level - 1)) {
            struct paddr child = TABLE_FRAME(table[i]);

            table[i] = 0;
            upcall_table_free(child);
        }
        return true;
    }
    return false;
}

bool arch_aspace_fini(struct arch_aspace *aspace)
{
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        if (fake_machine.cpus[i].loaded == aspace) {
            fake_fail("page tables freed while CPU %u uses them", i);
        }
    }
    if (aspace->root.value == 0) {
        return true;
    }
    for (unsigned step = 0; step < 4; step++) {
        if (!free_one_table(aspace->root, TOP_LEVEL)) {
            upcall_table_free(aspace->root);
            aspace->root = paddr_of(0);
            return true;
        }
    }
    return false;
}

static void check_flags(unsigned flags)
{
    if ((flags & ARCH_MAP_WRITE) && (flags & ARCH_MAP_EXEC)) {
        fake_fail("a mapping that is writable and executable");
    }
}

/* Finds the entry of `last`; see arch_aspace_map. */
static int entry_make(struct arch_aspace *aspace, uint64_t address, unsigned last, unsigned flags,
                      uint64_t **ret_entry, unsigned *ret_tables)
{
    struct paddr table = aspace->root;
    uint64_t *entry;
    int gone = 0;

    FAKE_CHECK(table.value != 0 && address < USER_LIMIT);
    FAKE_CHECK(flags & ARCH_MAP_USER);
    check_flags(flags);
    for (unsigned level = TOP_LEVEL; level > last; level--) {
        entry = &table_of(table)[index_at(address, level)];
        if (!(*entry & PRESENT) || (*entry & LARGE)) {
            struct paddr added;

            gone = *entry & LARGE ? (int)LARGE_PAGES : 0;
            if (!upcall_table_alloc(&added)) {
                return -ENOMEM;
            }
            *entry = added.value | PRESENT;
            (*ret_tables)++;
        }
        table = TABLE_FRAME(*entry);
    }
    *ret_entry = &table_of(table)[index_at(address, last)];
    return gone;
}

/* Returns how many pages were there. */
static int entry_put(uint64_t *entry, uint64_t value)
{
    const uint64_t before = *entry;

    *entry = value | PRESENT;
    return before & LARGE ? (int)LARGE_PAGES : (before & PRESENT) != 0;
}

static void check_frame(struct paddr frame, unsigned flags)
{
    if (frame.value < fake_machine.memory_bytes && frame.value >= FAKE_RAM_START &&
        !(flags & ARCH_MAP_DEVICE) && frame_of(frame) != NULL) {
        FAKE_CHECK(fake_machine.frame_used[frame.value >> PAGE_SHIFT]);
    }
}

int arch_aspace_map(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                    unsigned flags, unsigned *ret_tables)
{
    FAKE_CHECK((address & 0xfff) == 0 && (frame.value & 0xfff) == 0);
    check_frame(frame, flags);
    uint64_t *entry;
    const int gone = entry_make(aspace, address, 0, flags, &entry, ret_tables);

    return gone < 0 ? gone : gone + entry_put(entry, frame.value | flags);
}

int arch_aspace_map_large(struct arch_aspace *aspace, uint64_t address, struct paddr frame,
                          unsigned flags, unsigned *ret_tables)
{
    const uint64_t start = frame.value & ~(LARGE_SIZE - 1);

    FAKE_CHECK(((address ^ frame.value) & (LARGE_SIZE - 1)) == 0);
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        check_frame(paddr_of(start + (i << PAGE_SHIFT)), flags);
    }
    uint64_t *entry;
    int gone = entry_make(aspace, address, 1, flags, &entry, ret_tables);

    if (gone < 0 || !(*entry & PRESENT) || (*entry & LARGE)) {
        return gone < 0 ? gone : entry_put(entry, start | flags | LARGE);
    }
    entry = table_of(TABLE_FRAME(*entry));
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        gone += entry_put(&entry[i], (start + (i << PAGE_SHIFT)) | flags);
    }
    return gone;
}

unsigned arch_aspace_protect(struct arch_aspace *aspace, uint64_t address, unsigned flags)
{
    uint64_t *entry = entry_find(aspace, address);

    check_flags(flags);
    if (entry == NULL || !(*entry & PRESENT)) {
        return 0;
    }
    if (*entry & LARGE) {
        *entry = 0;
        return LARGE_PAGES;
    }
    *entry = flags == 0 ? 0 : TABLE_FRAME(*entry).value | flags | PRESENT;
    return 1;
}

bool arch_aspace_query(const struct arch_aspace *aspace, uint64_t address, struct paddr *ret_frame,
                       unsigned *ret_flags)
{
    const uint64_t *entry = entry_find(aspace, address);

    if (entry == NULL || !(*entry & PRESENT)) {
        return false;
    }
    *ret_frame = TABLE_FRAME(*entry);
    if (*entry & LARGE) {
        ret_frame->value += address & (LARGE_SIZE - PAGE_SIZE);
    }
    *ret_flags = (unsigned)(*entry & 0xff);
    return true;
}

uint64_t arch_aspace_next_table(const struct arch_aspace *aspace, uint64_t address, uint64_t limit)
{
    const uint64_t table_span = PAGE_SIZE * ENTRIES;

    while (address < limit) {
        if (entry_find(aspace, address) != NULL) {
            return address;
        }
        /* Skip as much as the missing level spans. */
        struct paddr frame = aspace->root;
        unsigned level = TOP_LEVEL;

        for (; level > 1; level--) {
            uint64_t entry = table_of(frame)[index_at(address, level)];

            if (!(entry & PRESENT)) {
                break;
            }
            frame = TABLE_FRAME(entry);
        }
        uint64_t span = table_span << (9 * (level - 1));

        address = (address & ~(span - 1)) + span;
    }
    return limit;
}

/* --- TLB -------------------------------------------------------------------------------------- */

static void tlb_drop(struct fake_tlb_entry *entry)
{
    if (entry->valid) {
        entry->valid = false;
        if (entry->frame.value < fake_machine.memory_bytes) {
            fake_machine.frame_tlb[entry->frame.value >> PAGE_SHIFT]--;
        }
    }
}

static struct fake_tlb_entry *tlb_slot(struct fake_cpu *cpu, uint64_t page)
{
    return &cpu->tlb[(page >> PAGE_SHIFT) % FAKE_TLB_SIZE];
}

void fake_tlb_flush_cpu(struct fake_cpu *cpu)
{
    for (unsigned i = 0; i < FAKE_TLB_SIZE; i++) {
        tlb_drop(&cpu->tlb[i]);
    }
}

void arch_tlb_flush(void)
{
    fake_tlb_flush_cpu(fake_machine.self);
}

void arch_tlb_flush_page(uint64_t address)
{
    for (unsigned i = 0; i < FAKE_TLB_SIZE; i++) {
        struct fake_tlb_entry *entry = &fake_machine.self->tlb[i];
        const uint64_t size = entry->is_large ? LARGE_SIZE : PAGE_SIZE;

        if (((entry->page ^ address) & ~(size - 1)) == 0) {
            tlb_drop(entry);
        }
    }
}

void arch_aspace_load(struct arch_aspace *aspace)
{
    struct fake_cpu *cpu = fake_machine.self;

    fake_tlb_flush_cpu(cpu);
    cpu->loaded = aspace;
    if (aspace->root.value != 0) {
        FAKE_CHECK(fake_machine.frame_used[aspace->root.value >> PAGE_SHIFT]);
    }
}

static bool access_allowed(unsigned flags, unsigned access)
{
    unsigned needed = (access & FAULT_WRITE)  ? ARCH_MAP_WRITE
                      : (access & FAULT_EXEC) ? ARCH_MAP_EXEC
                                              : ARCH_MAP_READ;

    /* As on x86, what is present can be read. */
    return needed == ARCH_MAP_READ || (flags & needed);
}

void *fake_translate(struct fake_cpu *cpu, uint64_t address, unsigned access, unsigned *ret_fault)
{
    uint64_t page = address & ~(uint64_t)0xfff;
    struct fake_tlb_entry *entry = tlb_slot(cpu, page);

    if (!entry->valid || entry->page != page) {
        struct paddr frame;
        unsigned flags;

        if (page >= USER_LIMIT || cpu->loaded == NULL ||
            !arch_aspace_query(cpu->loaded, page, &frame, &flags)) {
            *ret_fault = access;
            return NULL;
        }
        if (!access_allowed(flags, access)) {
            *ret_fault = access | FAULT_PRESENT;
            return NULL;
        }
        tlb_drop(entry);
        *entry = (struct fake_tlb_entry){
            .valid = true,
            .page = page,
            .frame = frame,
            .flags = flags,
            .is_large = (*entry_find(cpu->loaded, page) & LARGE) != 0,
        };
        if (frame.value < fake_machine.memory_bytes) {
            fake_machine.frame_tlb[frame.value >> PAGE_SHIFT]++;
        }
    } else if (!access_allowed(entry->flags, access)) {
        /* A fault makes the CPU forget what it knew (SDM Vol. 3A, 4.10.4.1). */
        tlb_drop(entry);
        *ret_fault = access | FAULT_PRESENT;
        return NULL;
    }
    if (entry->frame.value >= fake_machine.memory_bytes) {
        static uint64_t device_page[512];

        return (char *)device_page + (address & 0xff8);
    }
    return (void *)(FAKE_PHYSICAL_BASE + entry->frame.value + (address & 0xfff));
}

void fake_tlb_check(void)
{
    for (unsigned i = 0; i < fake_machine.cpu_count; i++) {
        struct fake_cpu *cpu = &fake_machine.cpus[i];

        for (unsigned j = 0; j < FAKE_TLB_SIZE; j++) {
            const struct fake_tlb_entry *entry = &cpu->tlb[j];
            struct paddr frame;
            unsigned flags;

            if (!entry->valid) {
                continue;
            }
            if (!arch_aspace_query(cpu->loaded, entry->page, &frame, &flags) ||
                frame.value != entry->frame.value || (entry->flags & ~flags) != 0) {
                fake_fail("CPU %u: stale translation of 0x%lx: missing shootdown", i,
                          (unsigned long)entry->page);
            }
        }
    }
}

/* --- user memory as the kernel reads it ------------------------------------------------------- */

void arch_user_copy_in(void *to, struct uaddr from, size_t size)
{
    struct fake_cpu *cpu = fake_machine.self;
    uint8_t *out = to;

    if (cpu->record.locks_held != 0) {
        fake_fail("user memory copied with %u locks held", cpu->record.locks_held);
    }
    FAKE_CHECK(from.value < USER_LIMIT && size <= USER_LIMIT - from.value);
    for (size_t done = 0; done < size;) {
        uint64_t address = from.value + done;
        size_t part = PAGE_SIZE - (address & 0xfff);
        unsigned fault;
        const void *source = fake_translate(cpu, address, FAULT_READ, &fault);

        if (source == NULL) {
            frame_restart(&cpu->record.current->frame);
            upcall_page_fault(address, fault);
            arch_resume();
        }
        part = part < size - done ? part : size - done;
        memcpy(out + done, source, part);
        done += part;
        fake_choice();
    }
}

bool arch_user_try_read_u32(struct uaddr from, uint32_t *ret_value)
{
    unsigned fault;
    const uint32_t *source;

    FAKE_CHECK(from.value < USER_LIMIT && (from.value & 3) == 0);
    source = fake_translate(fake_machine.self, from.value, FAULT_READ, &fault);
    if (source == NULL) {
        return false;
    }
    *ret_value = *source;
    return true;
}
