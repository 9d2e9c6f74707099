/* SPDX-License-Identifier: MIT */
/*
 * Unmap and protect: cut the mappings at the edges of the range, so that it consists of whole ones;
 * mark them; sweep their translations; start the shootdown.
 *
 *     |---- A ----|  |---- B ----|            unmap [ .. ]
 *             [..................]
 *     |-- A --|***|  |**** B ****|            *** dying, swept page by page, then removed
 *
 * A step that runs out of its bound makes the system call run again. It finds the marks, and goes
 * on at `swept`.
 */
#include "vm/aspace.h"

#include "core/panic.h"
#include "lib/checked.h"
#include "sched/sched.h"
#include "vm/mapping.h"
#include "vm/range.h"
#include "vm/translation.h"
#include <quay/abi/errno.h>

static struct {
    struct spinlock lock;
    struct list under_way; /* struct vm_wait.link; under the lock */
} shootdown_state = {
    .lock = SPINLOCK_INIT(LOCK_RANK_SHOOTDOWN),
    .under_way = LIST_INIT(shootdown_state.under_way),
};

/* What is left of a step, and what it has found. */
struct step {
    unsigned pages, entries, mappings;
    bool stale;              /* other CPUs have something to forget */
    struct mapping *removed; /* by next */
};

#define STEP_START                                                                                 \
    {                                                                                              \
        .pages = ASPACE_STEP_PAGES, .entries = ASPACE_STEP_ENTRIES,                                \
        .mappings = ASPACE_STEP_MAPPINGS,                                                          \
    }

/* --- Waiting for other CPUs --- */

static const struct wait_ops shootdown_wait = {.state = THREAD_STATE_WAIT_KERNEL};

struct vm_wait *vm_wait_begin(void)
{
    struct thread *thread = thread_current();

    object_ref(&thread->object);
    thread->vm_wait.seen = (thread->wait + 2) | THREAD_WAITING; /* what wait_publish makes of it */
    thread->wait_ops = &shootdown_wait;
    thread->deadline = DEADLINE_NEVER;
    wait_publish(thread);
    return &thread->vm_wait;
}

void vm_wait_end(struct vm_wait *wait)
{
    struct thread *thread = CONTAINER_OF(wait, struct thread, vm_wait);

    /* A thread that was killed is not woken. */
    if (wait_try_end(thread, wait->seen)) {
        sched_wake(thread);
    }
    object_unref(&thread->object);
}

static void shootdown_done(struct sync_node *node)
{
    struct vm_wait *wait = CONTAINER_OF(node, struct vm_wait, node);
    struct aspace *aspace = wait->aspace;

    spin_lock(&shootdown_state.lock);
    list_remove(&wait->link);
    spin_unlock(&shootdown_state.lock);
    mapping_free(aspace->object.account, wait->removed);
    vm_wait_end(wait);
    object_unref(&aspace->object);
}

/* The current thread waits until `cpus` have forgotten; then `removed` is let go. The round begins
 * before the lock is free: whoever finds the room comes after the interrupt. */
static void shootdown_start(struct aspace *aspace, uint64_t cpus, struct mapping *removed)
    REQUIRES(&aspace->lock)
{
    struct vm_wait *wait = &thread_current()->vm_wait;

    object_ref(&aspace->object);
    wait->aspace = aspace;
    wait->removed = removed;
    spin_lock(&shootdown_state.lock);
    list_push_back(&shootdown_state.under_way, &wait->link);
    spin_unlock(&shootdown_state.lock);
    sync_round(&vm_wait_begin()->node, cpus, shootdown_done);
}

void aspace_forget_cpu(void)
{
    const struct address_root *loaded = thread_current()->root;
    uint64_t bit = cpu_self()->bit;

    /* SAFETY: read without the lock; a shootdown that is missed here interrupts us again. */
    if (__atomic_load_n(&shootdown_state.under_way.next, __ATOMIC_RELAXED) ==
        &shootdown_state.under_way) {
        return;
    }
    spin_lock(&shootdown_state.lock);
    LIST_FOREACH (each, &shootdown_state.under_way) {
        struct address_root *root = &CONTAINER_OF(each, struct vm_wait, link)->aspace->root;

        if (root != loaded) {
            __atomic_fetch_and(&root->cpus, ~bit, __ATOMIC_SEQ_CST);
        }
    }
    spin_unlock(&shootdown_state.lock);
}

/* The end of a step: unlocks, and returns what the system call returns. */
static int64_t step_end(struct aspace *aspace, const struct step *step, bool is_done)
    RELEASE(&aspace->lock)
{
    struct user_frame *frame = &thread_current()->frame;
    uint64_t others = 0;

    if (step->stale || aspace->stale) {
        aspace->stale = false;
        /* A CPU adds itself to the mask before it loads the tables: either we see it, or it sees
         * the tables as they are now. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        others = __atomic_load_n(&aspace->root.cpus, __ATOMIC_RELAXED) & ~cpu_self()->bit;
    }
    if (LIKELY(others == 0)) {
        struct mapping *removed = step->removed;

        if (LIKELY(removed != NULL && aspace->spare == NULL)) {
            struct mapping *kept = removed;

            removed = removed->next;
            mapping_keep_locked(aspace, kept);
        }
        spin_unlock(&aspace->lock);
        mapping_free(aspace->object.account, removed);
        if (LIKELY(is_done)) {
            return 0;
        }
        frame_restart(frame);
        return SYSCALL_RESUME;
    }
    if (is_done) {
        frame_set_result(frame, 0);
    } else {
        frame_restart(frame);
    }
    shootdown_start(aspace, others, step->removed);
    spin_unlock(&aspace->lock);
    return sched_wait(DEADLINE_NEVER);
}

/* --- Sweeping --- */

/* The general case of sweep; use that one. */
static bool sweep_tables(struct aspace *aspace, struct mapping *mapping, struct step *step)
    REQUIRES(&aspace->lock)
{
    struct arch_aspace *tables = &aspace->root.arch;
    unsigned flags = mapping->dying ? 0 : translation_flags_now(mapping);
    uint64_t end = mapping_end(mapping);

    while (mapping->swept < end) {
        uint64_t page = mapping->swept;
        unsigned pages;

        if (step->entries == 0 || step->pages == 0) {
            return false;
        }
        step->entries--;
        mapping->swept = page + PAGE_SIZE;
        pages = arch_aspace_protect(tables, page, flags);
        if (pages != 0) {
            step->pages--;
            mapping->stale |= mapping->narrowing;
            aspace_note_changed(aspace, page, pages, flags);
        } else if (mapping->swept < end) {
            mapping->swept = arch_aspace_next_table(tables, mapping->swept, end);
        }
    }
    return true;
}

/* Makes the translations of a mapping agree with it, as far as the step goes; true when they do. */
static bool sweep(struct aspace *aspace, struct mapping *mapping, struct step *step)
    REQUIRES(&aspace->lock)
{
    return !mapping->touched || sweep_tables(aspace, mapping, step);
}

/* --- Cutting --- */

/* Makes the mapping that contains the address, if there is one, begin there. 0 or -ENOMEM. */
static COLD int cut_at(struct aspace *aspace, uint64_t address) REQUIRES(&aspace->lock)
{
    struct mapping *mapping = mapping_find_locked(aspace, address), *upper;
    int status;

    if (mapping == NULL || mapping->start == address) {
        return 0;
    }
    status = mapping_take_locked(aspace, &upper);
    if (status == 0) {
        mapping_split_locked(aspace, mapping, address, upper);
    }
    return status;
}

/* Cuts the mappings that reach beyond the ends of the range. 0 or -ENOMEM, which shows nowhere: two
 * halves are as good as one. */
static int cut(struct aspace *aspace, uint64_t start, uint64_t end) REQUIRES(&aspace->lock)
{
    const struct mapping *hot = aspace->hot;
    int status;

    if (LIKELY(hot != NULL && hot->start == start && mapping_end(hot) == end)) {
        return 0;
    }
    status = cut_at(aspace, start);
    return status != 0 ? status : cut_at(aspace, end);
}

static int check_range(uint64_t address, uint64_t size_bytes)
{
    if (size_bytes == 0 || !is_aligned(address | size_bytes, PAGE_SIZE)) {
        return -EINVAL;
    }
    return range_is_user(address, size_bytes) ? 0 : -EFAULT;
}

/* --- Unmap --- */

/* True when the range is empty. */
static bool unmap_step(struct aspace *aspace, uint64_t start, uint64_t end, struct step *step)
    REQUIRES(&aspace->lock)
{
    struct mapping *mapping = mapping_first_locked(aspace, start);

    while (mapping != NULL && mapping->start < end) {
        struct mapping *next =
            mapping_end(mapping) >= end ? NULL : mapping_next_locked(aspace, mapping);

        if (step->mappings == 0) {
            return false;
        }
        step->mappings--;
        if (!mapping->dying) {
            mapping->dying = mapping->narrowing = true;
            mapping->swept = mapping->start;
        }
        if (!sweep(aspace, mapping, step)) {
            return false;
        }
        step->stale |= mapping->stale;
        mapping_remove_locked(aspace, mapping);
        mapping->touched = false; /* whatever is there from now on is not its own */
        mapping->next = step->removed;
        step->removed = mapping;
        mapping = next;
    }
    return true;
}

int64_t aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t size_bytes)
{
    struct step step = STEP_START;
    int status = check_range(address, size_bytes);
    bool is_done;

    if (status != 0) {
        return status;
    }
    spin_lock(&aspace->lock);
    status = cut(aspace, address, address + size_bytes);
    if (status != 0) {
        spin_unlock(&aspace->lock);
        return status;
    }
    is_done = unmap_step(aspace, address, address + size_bytes, &step);
    return step_end(aspace, &step, is_done);
}

/* --- Protect --- */

/* Whether the mappings in the range may all have these permissions. */
static COLD int check_protect(struct aspace *aspace, uint64_t start, uint64_t end,
                              uint32_t permissions) REQUIRES(&aspace->lock)
{
    const struct mapping *mapping = mapping_first_locked(aspace, start);
    unsigned count = 0;

    for (; mapping != NULL && mapping->start < end;
         mapping = mapping_next_locked(aspace, mapping)) {
        if ((permissions & ~mapping->allowed) != 0) {
            return -EACCES;
        }
        if (++count > ASPACE_PROTECT_MAX) {
            return -E2BIG;
        }
    }
    return count == 0 ? -ENOENT : 0;
}

/* True when everything in the range has the permissions, in the tables too. */
static COLD bool protect_step(struct aspace *aspace, uint64_t start, uint64_t end,
                              uint32_t permissions, struct step *step) REQUIRES(&aspace->lock)
{
    struct mapping *mapping = mapping_first_locked(aspace, start);

    for (; mapping != NULL && mapping->start < end;
         mapping = mapping_next_locked(aspace, mapping)) {
        if (mapping->dying) {
            continue;
        }
        if (mapping->flags != permissions) {
            mapping->narrowing = (mapping->flags & ~permissions) != 0 ||
                                 (mapping->narrowing && mapping->swept < mapping_end(mapping));
            mapping->flags = (uint8_t)permissions;
            mapping->swept = mapping->start;
        }
        if (!sweep(aspace, mapping, step)) {
            return false;
        }
        step->stale |= mapping->stale;
        mapping->stale = false; /* the round that this step ends with tells them */
    }
    return true;
}

COLD int64_t aspace_protect(struct aspace *aspace, uint64_t address, uint64_t size_bytes,
                            uint32_t flags)
{
    struct step step = STEP_START;
    int status = check_range(address, size_bytes);
    bool is_done;

    if (status == 0) {
        status = (flags & ~MAP_PERMISSIONS) != 0 ? -EINVAL : permissions_check(flags);
    }
    if (status != 0) {
        return status;
    }
    spin_lock(&aspace->lock);
    status = check_protect(aspace, address, address + size_bytes, flags);
    if (status == 0) {
        status = cut(aspace, address, address + size_bytes);
    }
    if (status != 0) {
        spin_unlock(&aspace->lock);
        return status;
    }
    is_done = protect_step(aspace, address, address + size_bytes, flags, &step);
    return step_end(aspace, &step, is_done);
}
