/* SPDX-License-Identifier: MIT */
/*
 * Pages of a memory object change while they are mapped.
 *
 *     note which pages change ---> sweep the mappings ---> round of the CPUs ---> let frames go
 *     (faults on them wait)        (in steps)              (TLBs forget)          (faults go on)
 *
 * What is not done at once runs from sync rounds, while the thread that asks sleeps. So a change
 * ends whoever is ready to run, and a fault that comes in between, or that begins a change, simply
 * tries again. Sweeping goes from the memory to address spaces, against the order of locks, so
 * it only tries to lock them.
 */
#include "arch/upcalls.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "sched/sched.h"
#include "vm/mapping.h"
#include "vm/translation.h"
#include <quay/abi/errno.h>

#define CHANGE_PAGES 16u /* pages that change at once */
#define SWEEP_STEP   96u /* translations looked at in one step */

enum change_kind {
    CHANGE_RELEASE, /* the pages go */
    CHANGE_PROTECT, /* their frames are shared from now on */
    CHANGE_REPLACE, /* there is another frame in their place */
};

/* Makes one mapping forget the pages, or only how to write them. */
static unsigned forget(struct mapping *mapping, uint64_t first, uint64_t count, bool is_removal,
                       uint64_t *cpus) REQUIRES(&mapping->aspace->lock)
{
    struct aspace *aspace = mapping->aspace;
    uint64_t base = mapping->offset >> PAGE_SHIFT;
    uint64_t from = max_u64(first, base);
    uint64_t to = min_u64(first + count, base + (mapping->size_bytes >> PAGE_SHIFT));
    unsigned flags = is_removal ? 0 : translation_flags_now(mapping);

    if (from >= to) {
        return 1;
    }
    for (uint64_t index = from; mapping->touched && index < to; index++) {
        uint64_t page = mapping->start + ((index - base) << PAGE_SHIFT);

        unsigned pages = arch_aspace_protect(&aspace->root.arch, page, flags);

        if (pages != 0) {
            aspace_note_changed(mapping->aspace, page, pages, flags);
        }
    }
    /* A CPU adds itself to the mask before it loads the tables. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *cpus |= __atomic_load_n(&aspace->root.cpus, __ATOMIC_RELAXED) & ~cpu_self()->bit;
    return (unsigned)(to - from) + 1;
}

/* Goes on through the mappings; true behind the last. */
static bool sweep(struct memory *memory) REQUIRES(&memory->lock)
{
    unsigned budget = SWEEP_STEP;

    while (memory->change.next != &memory->mappings) {
        struct mapping *mapping = CONTAINER_OF(memory->change.next, struct mapping, link);

        if (budget <= CHANGE_PAGES || !spin_try_lock(&mapping->aspace->lock)) {
            return false;
        }
        budget -= forget(mapping, memory->change.first, memory->change.count,
                         memory->change.kind != CHANGE_PROTECT, &memory->change.cpus);
        spin_unlock(&mapping->aspace->lock);
        memory->change.next = mapping->link.next;
    }
    return true;
}

/* Nobody knows the old frames any more. */
static void finish(struct memory *memory) REQUIRES(&memory->lock)
{
    uint64_t end = memory->change.first + memory->change.count;

    if (memory->change.kind == CHANGE_REPLACE) {
        frame_release(memory->change.replaced);
    }
    for (uint64_t i = memory->change.first; memory->change.kind == CHANGE_RELEASE && i < end; i++) {
        uint64_t *slot = memory_slot(memory, i);

        if (slot != NULL && *slot != 0) {
            frame_release(*slot);
            *slot = 0;
            memory_count(memory, -1);
            account_uncharge(memory->object.account, JOB_MEMORY, PAGE_SIZE);
        }
    }
    memory->change.count = 0;
}

static void change_end(struct sync_node *node)
{
    struct memory *memory = CONTAINER_OF(node, struct memory, change.node);
    struct vm_wait *waiter = memory->change.waiter;

    spin_lock(&memory->lock);
    finish(memory); /* from here on the record may serve the next change */
    spin_unlock(&memory->lock);
    if (waiter != NULL) {
        vm_wait_end(waiter);
    }
    object_unref(&memory->object);
}

static void change_go_on(struct sync_node *node)
{
    struct memory *memory = CONTAINER_OF(node, struct memory, change.node);
    bool is_swept;

    spin_lock(&memory->lock);
    is_swept = sweep(memory);
    spin_unlock(&memory->lock);
    if (is_swept) {
        sync_round(node, memory->change.cpus, change_end);
    } else {
        sync_post(node, change_go_on);
    }
}

/* Changes the pages; no other change is under way. True if that is done, false if it goes on: the
 * current thread waits for its end if it is the waiter, and then goes on as its frame says. */
static bool change(struct memory *memory, uint64_t first, uint64_t count, enum change_kind kind,
                   uint64_t replaced, bool waits) RELEASE(&memory->lock)
{
    bool is_swept;

    memory->change.first = first;
    memory->change.count = count;
    memory->change.next = memory->mappings.next;
    memory->change.cpus = 0;
    memory->change.replaced = replaced;
    memory->change.kind = (uint8_t)kind;
    is_swept = sweep(memory);
    if (LIKELY(is_swept && memory->change.cpus == 0)) {
        finish(memory);
        spin_unlock(&memory->lock);
        return true;
    }
    object_ref(&memory->object);
    memory->change.waiter = waits ? vm_wait_begin() : NULL;
    if (is_swept) {
        sync_round(&memory->change.node, memory->change.cpus, change_end);
    } else {
        sync_post(&memory->change.node, change_go_on);
    }
    spin_unlock(&memory->lock);
    return false;
}

static void note_change(struct memory *memory) REQUIRES(&memory->lock)
{
    memory->is_large = false;
    __atomic_store_n(&memory->is_simple, false, __ATOMIC_RELEASE);
}

/* Locks, if no change is under way; the memory is not simple any more. */
static MUST_USE bool try_begin(struct memory *memory) TRY_ACQUIRE(true, &memory->lock)
{
    spin_lock(&memory->lock);
    if (memory->change.count != 0) {
        spin_unlock(&memory->lock);
        return false;
    }
    note_change(memory);
    return true;
}

int memory_unshare(struct memory *memory, uint64_t index)
{
    struct paddr copy;
    uint64_t *slot, old;

    if (!try_begin(memory)) {
        return -ERETRY;
    }
    slot = memory_slot(memory, index);
    if (index >= memory->page_count || slot == NULL || *slot == 0 || !frame_is_shared(*slot)) {
        spin_unlock(&memory->lock);
        return 0;
    }
    if (frame_alloc(0, &copy) != 0) {
        spin_unlock(&memory->lock);
        return -ENOMEM;
    }
    old = *slot;
    memcpy(arch_direct_map(copy), arch_direct_map(paddr_of(old)), PAGE_SIZE);
    *slot = copy.value;
    return change(memory, index, 1, CHANGE_REPLACE, old, false) ? 0 : -ERETRY;
}

static int check(const struct memory *memory, uint64_t offset, uint64_t size_bytes)
    REQUIRES(&memory->lock)
{
    return range_contains(0, memory_size(memory), offset, size_bytes) ? 0 : -ERANGE;
}

/* From a page in a hole to the hole's end or the limit. */
static uint64_t hole_bytes(uint64_t index, uint64_t hole, uint64_t size_bytes)
{
    return min_u64((hole - (index & (hole - 1))) << PAGE_SHIFT, size_bytes);
}

int64_t memory_decommit(struct memory *memory, uint64_t offset, uint64_t size_bytes)
{
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t done = min_u64(size_bytes, CHANGE_PAGES * PAGE_SIZE), hole;
    int64_t status;

    if (memory->kind != MEMORY_ANONYMOUS) {
        return -ENOTSUP;
    }
    if (size_bytes == 0 || !is_aligned(offset | size_bytes, PAGE_SIZE)) {
        return -EINVAL;
    }
    if (!try_begin(memory)) {
        return -ERETRY;
    }
    status = check(memory, offset, size_bytes);
    status = status != 0 ? status : memory_split(memory, index, done >> PAGE_SHIFT);
    hole = status == 0 ? memory_hole(memory, index) : 0;
    if (status != 0 || hole != 0) {
        spin_unlock(&memory->lock);
        return status != 0 ? status : (int64_t)hole_bytes(index, hole, size_bytes);
    }
    if (change(memory, index, done >> PAGE_SHIFT, CHANGE_RELEASE, 0, true)) {
        return (int64_t)done;
    }
    frame_set_result(&thread_current()->frame, (int64_t)done);
    return sched_wait(DEADLINE_NEVER);
}

int64_t memory_resize(struct memory *memory, uint64_t size_bytes)
{
    uint64_t pages = round_up_u64(size_bytes, PAGE_SIZE) >> PAGE_SHIFT, count;
    int64_t status = 0;

    if (memory->kind != MEMORY_ANONYMOUS) {
        return -ENOTSUP;
    }
    if (size_bytes == 0 || size_bytes > MEMORY_SIZE_MAX) {
        return size_bytes == 0 ? -EINVAL : -E2BIG;
    }
    if (!try_begin(memory)) {
        return -ERETRY;
    }
    while (status == 0 && (pages - 1) >> memory->shift >= MEMORY_ROOT_ENTRIES) {
        status = memory_grow(memory);
    }
    if (status != 0) {
        spin_unlock(&memory->lock);
        return status;
    }
    memory->top = max_u64(memory->top, memory->page_count);
    memory->page_count = pages;
    if (memory->top <= pages) {
        spin_unlock(&memory->lock);
        return 0;
    }
    /* From the top down, a hole or some pages at a time. */
    count = memory_hole(memory, memory->top - 1);
    if (count != 0) {
        memory->top = max_u64(pages, align_down_u64(memory->top - 1, count));
        spin_unlock(&memory->lock);
        return -ERETRY;
    }
    count = min_u64(memory->top - pages, CHANGE_PAGES);
    memory->top -= count;
    frame_restart(&thread_current()->frame);
    if (!change(memory, memory->top, count, CHANGE_RELEASE, 0, true)) {
        return sched_wait(DEADLINE_NEVER);
    }
    return SYSCALL_RESUME;
}

/* One page: 1 if its frame was not shared before, 0, or -ENOMEM. */
static int share(struct memory *to, uint64_t to_index, struct memory *from, uint64_t from_index)
    REQUIRES(&to->lock, &from->lock)
{
    uint64_t *slot = memory_slot(from, from_index), *to_slot;
    int status;

    if (slot == NULL || *slot == 0) {
        return 0;
    }
    status = memory_slot_make(to, to_index, &to_slot);
    if (status != 0 || *to_slot != 0) {
        return status;
    }
    status = account_charge(to->object.account, JOB_MEMORY, PAGE_SIZE);
    if (status != 0) {
        return status;
    }
    *to_slot = *slot;
    memory_count(to, 1);
    return __atomic_fetch_add(&frame_of(paddr_of(*slot))->refcount, 1, __ATOMIC_ACQ_REL) == 0;
}

/* Both locks, by address; false if a change is under way in one of the two. */
static MUST_USE bool try_begin_both(struct memory *a, struct memory *b) NO_THREAD_SAFETY_ANALYSIS
{
    struct memory *second = a < b ? b : a;

    if (!try_begin(a < b ? a : b)) {
        return false;
    }
    spin_lock_nested(&second->lock);
    if (second->change.count != 0) {
        spin_unlock(&a->lock);
        spin_unlock(&b->lock);
        return false;
    }
    note_change(second);
    return true;
}

int64_t memory_supply(struct memory *to, uint64_t to_offset, struct memory *from,
                      uint64_t from_offset, uint64_t size_bytes,
                      bool *ret_waits) NO_THREAD_SAFETY_ANALYSIS
{
    uint64_t to_index = to_offset >> PAGE_SHIFT, from_index = from_offset >> PAGE_SHIFT;
    uint64_t pages = min_u64(size_bytes >> PAGE_SHIFT, CHANGE_PAGES), done = 0, hole;
    bool are_new = false;
    int64_t status;

    if (to->kind != MEMORY_ANONYMOUS || from->kind != MEMORY_ANONYMOUS) {
        return -ENOTSUP;
    }
    if (size_bytes == 0 || !is_aligned(to_offset | from_offset | size_bytes, PAGE_SIZE) ||
        to == from) {
        return -EINVAL;
    }
    if (!try_begin_both(to, from)) {
        return -ERETRY;
    }
    status = check(to, to_offset, size_bytes);
    status = status != 0 ? status : check(from, from_offset, size_bytes);
    status = status != 0 ? status : memory_split(to, to_index, pages);
    status = status != 0 ? status : memory_split(from, from_index, pages);
    hole = status == 0 ? memory_hole(from, from_index) : 0;
    if (status != 0 || hole != 0) {
        spin_unlock(&to->lock);
        spin_unlock(&from->lock);
        return status != 0 ? status : (int64_t)hole_bytes(from_index, hole, size_bytes);
    }
    for (; done < pages; done++) {
        status = share(to, to_index + done, from, from_index + done);
        if (status < 0) {
            break;
        }
        are_new |= status == 1;
    }
    spin_unlock(&to->lock);
    if (done == 0) {
        spin_unlock(&from->lock);
        return status;
    }
    if (!are_new) {
        spin_unlock(&from->lock);
        return (int64_t)(done << PAGE_SHIFT);
    }
    *ret_waits = !change(from, from_index, done, CHANGE_PROTECT, 0, true);
    return (int64_t)(done << PAGE_SHIFT);
}
