/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: mappings of memory objects, and the page tables made from them.
 *
 *     mappings, a tree by address       [ 0x10000..0x14000 rx ]  [ 0x20000..0x30000 rw ]  ...
 *     page tables                       filled by faults, one page at a time
 *
 * - Mapping only notes what should be there; the first touch of a page makes its translation.
 * - No mapping is writable and executable at once, and protect gives no permission that the handle
 *   did not have when the memory was mapped (`allowed`).
 * - Unmap and protect change the mappings first, then sweep the page tables, a bounded number of
 *   entries at a time: a mapping that is being removed is `dying` and answers faults with EFAULT;
 *   `swept` says how far the sweep is. Doing the call again goes on where it stopped.
 * - Then the other CPUs must forget (shootdown): a sync round over those that may hold
 *   translations. The calling thread sleeps meanwhile, and only when the round is over do the
 *   mappings give back their references to memory. The round is started before the lock is
 *   released, so who finds the addresses free starts after the interrupt was sent.
 *
 * root.cpus: the CPUs that may hold translations. A CPU adds itself when it loads the tables, and
 * takes itself out when a shootdown interrupts it while it has others loaded (aspace_forget_cpu).
 *
 * The account pays for records and page tables. Tables are paid ahead, up to three, so that a fault
 * asks the account only when it used one up.
 */
#pragma once

#include "cap/account.h"
#include "cap/object.h"
#include "lib/compiler.h"
#include "lib/tree.h"
#include "sched/thread.h"
#include <quay/abi/memory.h>

struct memory;
struct mapping;

/* Bounds of one step. */
#define ASPACE_STEP_PAGES    24u /* translations removed or changed */
#define ASPACE_STEP_ENTRIES  46u /* entries looked at */
#define ASPACE_STEP_MAPPINGS 10u /* mappings removed */
#define ASPACE_PROTECT_MAX   64u /* mappings that one protect may touch */
#define ASPACE_SEARCH_MAX    64u /* gaps looked at to find room, at each of four places */

enum aspace_state {
    ASPACE_OPEN,
    ASPACE_FORKING, /* being filled: nothing can be mapped, no thread be started there */
    ASPACE_CLOSED,  /* its process is gone: nothing can be mapped any more */
};

struct aspace {
    struct object object;

    struct spinlock lock;
    struct address_root root; /* tables under the lock; cpus atomic */
    /* Under the lock. */
    struct tree mappings;       /* struct mapping.node, by start */
    struct mapping *hot;        /* found last, or NULL */
    struct mapping *spare;      /* a record kept for the next mapping, paid, or NULL */
    uint64_t hint;              /* where to look for room */
    struct mapping *hint_below; /* below the hint, or NULL: not known */
    uint64_t hint_top;          /* the highest that the hint ever was */
    uint64_t removed_bytes;     /* below the hint, since they were last looked for */
    uint64_t present_pages;     /* translated */
    uint32_t mapping_count;
    uint32_t tables_used;
    uint32_t tables_paid;
    uint8_t state; /* enum aspace_state; may be read without the lock */
    bool stale;    /* a large page went, part of which others may not be told of otherwise */
    struct {
        struct memory *from; /* whose pages are being cloned, with a reference, or NULL */
        uint64_t next;       /* addresses below are done */
        uint64_t end;        /* of the mapping whose pages are being cloned */
        koid_t source;
    } fork;

    /* Closing or destroying, in steps. */
    struct sync_node drain;
    bool drained;
};

static inline struct aspace *aspace_of(struct object *object)
{
    return CONTAINER_OF(object, struct aspace, object);
}

/* The one that the current user thread lives in. */
static inline struct aspace *aspace_current(void)
{
    return CONTAINER_OF(thread_current()->root, struct aspace, root);
}

static inline struct aspace *aspace_of_thread(const struct thread *thread)
{
    return CONTAINER_OF(thread->root, struct aspace, root);
}

/* Once, before any other call of this layer. */
void vm_init(void);

/* An empty address space. Returns a reference. 0 or -ENOMEM. */
MUST_USE int aspace_create(struct account *account, struct aspace **ret_aspace);

/* The process is gone and no thread runs here or ever will again: gives everything back, in steps
 * of its own, whatever handles are left. The caller keeps its reference. */
void aspace_close(struct aspace *aspace);

/*
 * Maps [offset, offset + size) of the memory. `flags` are MAP_*; `allowed` the permissions that
 * protect may ever give (at least those in flags). With MAP_FIXED exactly at `address`, else there
 * if it is free, else (or with address 0) where there is room.
 * 0; -EINVAL (alignment, size 0, unknown flags, write or execute without read), -EFAULT (outside
 * user space), -ERANGE (beyond the memory's end), -EACCES (write and execute), -EEXIST, -ENOMEM,
 * -ESRCH (closed), -EBUSY (being forked to), -ENOTSUP (MAP_STABLE, and the memory is not).
 */
MUST_USE int aspace_map(struct aspace *aspace, struct memory *memory, uint64_t offset,
                        uint64_t address, uint64_t size_bytes, uint32_t flags, uint32_t allowed,
                        uint64_t *ret_address);

/*
 * Removes what is mapped in the range; parts where nothing is are skipped. To be called at the end
 * of a system call of the current thread, whose result it returns:
 *   0, or an error before anything was changed (-EINVAL, -EFAULT, -ENOMEM);
 *   SYSCALL_RESUME: there is more to do, or other CPUs have to forget first; the thread's frame is
 *   set up to run the call again or to return 0.
 */
MUST_USE int64_t aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t size_bytes);

/* Changes the permissions of all mappings in the range, in the same manner. Also -EACCES (write and
 * execute, or more than the memory's handle gave), -ENOENT (nothing mapped in the range), -E2BIG
 * (more than ASPACE_PROTECT_MAX mappings). */
MUST_USE int64_t aspace_protect(struct aspace *aspace, uint64_t address, uint64_t size_bytes,
                                uint32_t flags);

/*
 * Fills an empty address space with what `source` maps, as its mappings say (MAP_FORK_*). To be
 * called at the end of a system call: does a part of the work, and -ERETRY says that the call has
 * to run again for the next one. 0; -EINVAL (the same), -EBUSY (not empty, or the source is being
 * filled itself), -ESRCH (one is closed), -ENOMEM: what has been done stays, and doing it again
 * goes on. SYSCALL_RESUME: it runs again by itself.
 */
MUST_USE int64_t aspace_fork(struct aspace *aspace, struct aspace *source);

/* Notes that `pages` (of arch_aspace_protect, not 0) changed; with flags 0 they are gone. */
static inline void aspace_note_changed(struct aspace *aspace, uint64_t address, unsigned pages,
                                       unsigned flags) REQUIRES(&aspace->lock)
{
    if (pages != 1 || flags == 0) {
        aspace->present_pages -= pages;
        aspace->stale |= pages != 1;
    }
    if (thread_current()->root == &aspace->root) {
        arch_tlb_flush_page(address);
    }
}

/* Makes the translation for an access (FAULT_*) of a thread in this address space. 0: try again;
 * -EFAULT: nothing is mapped there; -EACCES: not in this way; -ENOMEM;
 * -ERETRY: the page is changing just now, the access has to be tried again; -EPAGER: it has to be
 * supplied first. */
MUST_USE int aspace_fault(struct aspace *aspace, uint64_t address, unsigned access);

/* Kernel address of what a thread of this address space would reach at this user address without a
 * fault, or NULL (also for device memory). Under its lock, or for this CPU's own, where what is
 * found stays until the kernel is left: nothing is freed before this CPU has been interrupted. */
MUST_USE void *aspace_access(const struct aspace *aspace, uint64_t address, bool is_write);

/* The memory behind an address: its koid and the offset in it. For futexes. 0 or -EFAULT. */
MUST_USE int aspace_find(struct aspace *aspace, uint64_t address, koid_t *ret_koid,
                         uint64_t *ret_offset);

/* The same for the page: its memory, with a reference, and index there. */
MUST_USE int aspace_find_page(struct aspace *aspace, uint64_t address, struct memory **ret_memory,
                              uint64_t *ret_index);

/* The first mapping that ends behind the address: [*ret_start, *ret_end), MAP_* flags. 0, or
 * -ENOENT: there is none. */
MUST_USE int aspace_mapping(struct aspace *aspace, uint64_t address, uint64_t *ret_start,
                            uint64_t *ret_end, uint32_t *ret_flags);

/* Bytes mapped and present, for the figures. */
uint64_t aspace_present_bytes(const struct aspace *aspace);

/* This CPU was interrupted by a sync round and has forgotten its translations: it leaves the masks
 * of address spaces that are being shot down and that it has not loaded. From upcall_sync. */
void aspace_forget_cpu(void);
