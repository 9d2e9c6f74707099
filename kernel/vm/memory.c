/* SPDX-License-Identifier: MIT */
#include "vm/memory.h"

#include "arch/mmu.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "mm/frame.h"
#include <quay/abi/errno.h>

#define NODE_BITS    9u
#define NODE_ENTRIES (1u << NODE_BITS)
#define BLOCK_ORDER  NODE_BITS
#define ZERO_PAGES   8u  /* of a block, at a time */
#define DRAIN_STEP   48u /* entries looked at in one step of destroying; one freed costs more */
#define DRAIN_FREE   5u

/* In a slot whose children would be pages: a block of frames; all of it has been zeroed. How many
 * of its pages are, until then, its first frame's `flags` say. */
#define SLOT_BLOCK  1ul
#define SLOT_ZEROED 2ul
_Static_assert(NODE_ENTRIES == LARGE_PAGES, "a block stands for a node");

static struct {
    uint64_t committed; /* atomic: anonymous pages of all memory objects */

    struct spinlock family_lock; /* parents and children of all */
} memory_state = {.family_lock = SPINLOCK_INIT(LOCK_RANK_MEMORY_FAMILY)};

static void memory_destroy(struct object *object);

const struct object_ops memory_ops = {
    OBJECT_RECORD(memory, OBJECT_MEMORY, _Alignof(struct memory)),
    .destroy = memory_destroy,
};

/* Bits of the page index that are resolved below the root. */
static uint8_t shift_for(uint64_t page_count)
{
    uint8_t shift = 0;

    while ((page_count - 1) >> shift >= MEMORY_ROOT_ENTRIES) {
        shift = (uint8_t)(shift + NODE_BITS);
    }
    return shift;
}

static COLD NOINLINE int create(struct account *account, enum memory_kind kind, struct paddr start,
                                uint64_t page_count, struct memory **ret_memory)
{
    struct object *object;
    struct memory *memory;
    int status = object_create(&memory_ops, account, &object);

    if (status != 0) {
        return status;
    }
    memory = memory_of(object);
    memory->page_count = page_count;
    memory->start = start;
    memory->kind = kind;
    memory->shift = shift_for(page_count);
    memory->is_large = kind == MEMORY_PHYSICAL && page_count >= LARGE_PAGES;
    memory->is_simple = !memory->is_large;
    spinlock_init(&memory->lock, LOCK_RANK_MEMORY);
    list_init(&memory->mappings);
    list_init(&memory->children);
    object_signal(&memory->object, 0, SIGNAL_ZERO_CHILDREN);
    *ret_memory = memory;
    return 0;
}

int memory_create(struct account *account, uint64_t size_bytes, struct memory **ret_memory)
{
    if (size_bytes == 0) {
        return -EINVAL;
    }
    if (size_bytes > MEMORY_SIZE_MAX) {
        return -E2BIG;
    }
    return create(account, MEMORY_ANONYMOUS, paddr_of(0),
                  round_up_u64(size_bytes, PAGE_SIZE) >> PAGE_SHIFT, ret_memory);
}

static int create_range(struct account *account, enum memory_kind kind, struct paddr start,
                        uint64_t size_bytes, struct memory **ret_memory)
{
    if (size_bytes == 0 || !is_aligned(start.value | size_bytes, PAGE_SIZE) ||
        !range_is_valid(start.value, size_bytes)) {
        return -EINVAL;
    }
    return create(account, kind, start, size_bytes >> PAGE_SHIFT, ret_memory);
}

int memory_create_physical(struct account *account, struct paddr start, uint64_t size_bytes,
                           struct memory **ret_memory)
{
    /* Nothing lies above: the entries of page tables have no room for it. */
    if (start.value >= 1ul << 52 || size_bytes > (1ul << 52) - start.value) {
        return -EINVAL;
    }
    if (arch_physical_is_ram(start, size_bytes)) {
        return -EACCES;
    }
    return create_range(account, MEMORY_PHYSICAL, start, size_bytes, ret_memory);
}

int memory_create_from_frames(struct account *account, struct paddr start, uint64_t size_bytes,
                              struct memory **ret_memory)
{
    return create_range(account, MEMORY_FRAMES, start, size_bytes, ret_memory);
}

/* --- Finding and committing pages --- */

static uint64_t *node_entry(uint64_t node, uint64_t index, unsigned shift)
{
    uint64_t *entries = arch_direct_map(paddr_of(node));

    return &entries[(index >> shift) & (NODE_ENTRIES - 1)];
}

/* Pairs with the release in slot_fill: who sees the entry sees what it points to zeroed. */
static uint64_t slot_read(const uint64_t *slot)
{
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static uint64_t block_of(uint64_t slot)
{
    return slot & ~(SLOT_BLOCK | SLOT_ZEROED);
}

bool memory_peek(const struct memory *memory, uint64_t index, struct paddr *ret_page)
{
    uint64_t value;

    if (UNLIKELY(memory->kind != MEMORY_ANONYMOUS)) {
        *ret_page = paddr_add(memory->start, index << PAGE_SHIFT);
        return true;
    }
    value = slot_read(&memory->root[index >> memory->shift]);
    for (unsigned shift = memory->shift; shift != 0 && value != 0; shift -= NODE_BITS) {
        value = slot_read(node_entry(value, index, shift - NODE_BITS));
    }
    ret_page->value = value;
    return value != 0;
}

/* Puts a new zeroed and paid frame into an empty slot. */
static int slot_fill(struct memory *memory, uint64_t *slot) REQUIRES(&memory->lock)
{
    int status = account_charge(memory->object.account, JOB_MEMORY, PAGE_SIZE);
    struct paddr frame;

    if (status != 0) {
        return status;
    }
    status = frame_alloc_zeroed(0, &frame);
    if (status != 0) {
        account_uncharge(memory->object.account, JOB_MEMORY, PAGE_SIZE);
        return status;
    }
    __atomic_store_n(slot, frame.value, __ATOMIC_RELEASE);
    return 0;
}

/* The slot of the page, or (NODE_BITS) of the node or block above it. */
static COLD NOINLINE uint64_t *slot_at(struct memory *memory, uint64_t index, unsigned bits)
{
    uint64_t *slot = &memory->root[index >> memory->shift];

    for (unsigned shift = memory->shift; shift != bits; shift -= NODE_BITS) {
        if (*slot == 0 || (*slot & SLOT_BLOCK)) {
            return NULL;
        }
        slot = node_entry(*slot, index, shift - NODE_BITS);
    }
    return slot;
}

uint64_t *memory_slot(struct memory *memory, uint64_t index)
{
    return slot_at(memory, index, 0);
}

COLD NOINLINE uint64_t memory_hole(const struct memory *memory, uint64_t index)
{
    uint64_t value = memory->root[index >> memory->shift];
    unsigned shift = memory->shift;

    while (shift != 0 && value != 0 && !(value & SLOT_BLOCK)) {
        shift -= NODE_BITS;
        value = *node_entry(value, index, shift);
    }
    return shift == 0 || value != 0 ? 0 : 1ul << shift;
}

/* Nodes that were made stay, whether or not the page can be had: they are found again. */
static int slot_make(struct memory *memory, uint64_t index, unsigned bits, uint64_t **ret_slot)
    REQUIRES(&memory->lock)
{
    uint64_t *slot = &memory->root[index >> memory->shift];
    int status;

    for (unsigned shift = memory->shift; shift != bits; shift -= NODE_BITS) {
        if (*slot == 0) {
            status = slot_fill(memory, slot);
            if (status != 0) {
                return status;
            }
        }
        slot = node_entry(*slot, index, shift - NODE_BITS);
    }
    *ret_slot = slot;
    return 0;
}

int memory_slot_make(struct memory *memory, uint64_t index, uint64_t **ret_slot)
{
    return slot_make(memory, index, 0, ret_slot);
}

void memory_count(struct memory *memory, int64_t pages)
{
    memory->committed += (uint64_t)pages;
    __atomic_fetch_add(&memory_state.committed, (uint64_t)pages, __ATOMIC_RELAXED);
}

/* --- Blocks --- */

/* Zeroes a part of the block; true if all of it is zeroed. */
static COLD bool block_zero(uint64_t *slot)
{
    const struct paddr block = paddr_of(block_of(*slot));
    uint32_t *done = &frame_of(block)->flags;

    if (*slot & SLOT_ZEROED) {
        return true;
    }
    memset((uint8_t *)arch_direct_map(block) + *done * PAGE_SIZE, 0, ZERO_PAGES * PAGE_SIZE);
    *done += ZERO_PAGES;
    if (*done == LARGE_PAGES) {
        *done = 0;
        *slot |= SLOT_ZEROED;
    }
    return false;
}

/* Puts a paid block into an empty slot, if there is one to be had. */
static COLD void block_make(struct memory *memory, uint64_t *slot) REQUIRES(&memory->lock)
{
    struct paddr block;

    if (account_charge(memory->object.account, JOB_MEMORY, LARGE_SIZE) != 0) {
        return;
    }
    if (frame_alloc(BLOCK_ORDER, &block) != 0) {
        account_uncharge(memory->object.account, JOB_MEMORY, LARGE_SIZE);
        return;
    }
    memory_count(memory, LARGE_PAGES);
    *slot = block.value | SLOT_BLOCK;
}

/* The page as a part of a block. -ENOENT: it is to be a frame of its own; -ERETRY; -ENOMEM. */
static COLD NOINLINE int block_commit(struct memory *memory, uint64_t index, struct paddr *ret_page)
    REQUIRES(&memory->lock)
{
    uint64_t *slot;
    int status = slot_make(memory, index, NODE_BITS, &slot);

    if (status != 0) {
        return status;
    }
    if (*slot == 0 && memory->is_large && (index | (LARGE_PAGES - 1)) < memory->page_count) {
        block_make(memory, slot);
    }
    if (!(*slot & SLOT_BLOCK)) {
        return -ENOENT;
    }
    ret_page->value = block_of(*slot) + ((index & (LARGE_PAGES - 1)) << PAGE_SHIFT);
    return block_zero(slot) ? 0 : -ERETRY;
}

static int split_at(struct memory *memory, uint64_t index) REQUIRES(&memory->lock)
{
    uint64_t *slot = slot_at(memory, index, NODE_BITS);
    uint64_t node = 0;
    int status;

    if (slot == NULL || !(*slot & SLOT_BLOCK)) {
        return 0;
    }
    if (!block_zero(slot)) {
        return -ERETRY;
    }
    status = slot_fill(memory, &node);
    if (status != 0) {
        return status;
    }
    frame_split(paddr_of(block_of(*slot)), BLOCK_ORDER);
    for (uint64_t i = 0; i < NODE_ENTRIES; i++) {
        *node_entry(node, i, 0) = block_of(*slot) + (i << PAGE_SHIFT);
    }
    *slot = node;
    return -ERETRY;
}

COLD NOINLINE int memory_split(struct memory *memory, uint64_t first, uint64_t count)
{
    int status = 0;

    if (memory->has_blocks) {
        status = split_at(memory, first);
        status = status != 0 ? status : split_at(memory, first + count - 1);
    }
    return status;
}

static int page_commit(struct memory *memory, uint64_t index, struct paddr *ret_page)
    REQUIRES(&memory->lock)
{
    uint64_t *slot;
    int status = memory_slot_make(memory, index, &slot);

    if (status == 0 && *slot == 0) {
        status = slot_fill(memory, slot);
        if (status == 0) {
            memory_count(memory, 1);
        }
    }
    if (status == 0) {
        ret_page->value = *slot;
    }
    return status;
}

COLD NOINLINE int memory_grow(struct memory *memory)
{
    uint64_t node = 0;
    int status = slot_fill(memory, &node);

    if (status == 0) {
        memcpy(node_entry(node, 0, 0), memory->root, sizeof(memory->root));
        memset(memory->root, 0, sizeof(memory->root));
        memory->root[0] = node;
        memory->shift = (uint8_t)(memory->shift + NODE_BITS);
    }
    return status;
}

NOINLINE bool frame_is_shared(uint64_t frame)
{
    return __atomic_load_n(&frame_of(paddr_of(frame))->refcount, __ATOMIC_ACQUIRE) != 0;
}

COLD NOINLINE void frame_release(uint64_t frame)
{
    uint32_t *others = &frame_of(paddr_of(frame))->refcount;

    /* Alone, nobody can come: only who has the frame can share it, and that is us, under a lock. */
    if (__atomic_load_n(others, __ATOMIC_ACQUIRE) == 0 ||
        __atomic_fetch_sub(others, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_store_n(others, 0, __ATOMIC_RELAXED);
        frame_free(paddr_of(frame), 0);
    }
}

int memory_page(struct memory *memory, uint64_t index, struct paddr *ret_page)
{
    int status;

    debug_assert(index < memory->page_count);
    if (memory_peek(memory, index, ret_page)) {
        return 0;
    }
    spin_lock(&memory->lock);
    status = page_commit(memory, index, ret_page);
    spin_unlock(&memory->lock);
    return status;
}

COLD bool memory_is_missing(struct memory *memory, uint64_t index)
{
    const uint64_t *slot = memory_slot(memory, index);

    return index < memory->page_count && (slot == NULL || *slot == 0);
}

/* Memory that is not simple. */
static NOINLINE int fault_slowly(struct memory *memory, uint64_t index, bool is_write,
                                 struct paddr *ret_page, enum memory_page_kind *ret_kind)
{
    int status;

    spin_lock(&memory->lock);
    if (memory->kind != MEMORY_ANONYMOUS) {
        status = memory_peek(memory, index, ret_page) ? 0 : -EFAULT;
        *ret_kind = PAGE_IN_BLOCK;
    } else if (index >= memory->page_count) {
        status = -EFAULT;
    } else if (index - memory->change.first < memory->change.count) {
        status = -ERETRY;
    } else if (memory->pager != NULL && memory_is_missing(memory, index)) {
        status = -EPAGER;
    } else {
        status = memory->has_blocks ? block_commit(memory, index, ret_page) : -ENOENT;
        if (status == -ENOENT) {
            status = page_commit(memory, index, ret_page);
        } else if (memory->is_large) {
            *ret_kind = PAGE_IN_BLOCK;
        }
        if (status == 0 && frame_is_shared(ret_page->value)) {
            *ret_kind = PAGE_SHARED;
            status = is_write ? -EBUSY : 0;
        }
    }
    spin_unlock(&memory->lock);
    return status;
}

int memory_fault(struct memory *memory, uint64_t index, bool is_write, struct paddr *ret_page,
                 enum memory_page_kind *ret_kind)
{
    *ret_kind = PAGE_SINGLE;
    return LIKELY(memory_is_simple(memory))
               ? memory_page(memory, index, ret_page)
               : fault_slowly(memory, index, is_write, ret_page, ret_kind);
}

/* --- Clones --- */

COLD NOINLINE int memory_clone(struct account *account, struct memory *memory, uint64_t offset,
                               uint64_t size_bytes, struct memory **ret_clone)
{
    struct memory *clone;
    int status;

    if (memory->kind != MEMORY_ANONYMOUS || memory->pager != NULL) {
        return -ENOTSUP;
    }
    if (size_bytes == 0 || !is_aligned(offset | size_bytes, PAGE_SIZE)) {
        return -EINVAL;
    }
    /* What goes meanwhile is not there for memory_supply. */
    if (!range_contains(0, memory_size(memory), offset, size_bytes)) {
        return -ERANGE;
    }
    status = memory_create(account, size_bytes, &clone);
    if (status != 0) {
        return status;
    }
    spin_lock(&memory_state.family_lock);
    clone->parent = memory;
    list_push_back(&memory->children, &clone->sibling);
    object_signal(&memory->object, SIGNAL_ZERO_CHILDREN, 0);
    spin_unlock(&memory_state.family_lock);
    *ret_clone = clone;
    return 0;
}

/* The memory goes: its parent has a child less, its children no parent any more. A step; true when
 * all is done. */
static COLD NOINLINE bool family_leave(struct memory *memory)
{
    struct list *child = NULL;

    spin_lock(&memory_state.family_lock);
    if (memory->parent != NULL) {
        list_remove(&memory->sibling);
        if (list_is_empty(&memory->parent->children)) {
            object_signal(&memory->parent->object, 0, SIGNAL_ZERO_CHILDREN);
        }
        memory->parent = NULL;
    }
    for (unsigned i = 0; i < DRAIN_STEP; i++) {
        child = list_pop_front(&memory->children);
        if (child == NULL) {
            break;
        }
        CONTAINER_OF(child, struct memory, sibling)->parent = NULL;
    }
    spin_unlock(&memory_state.family_lock);
    return child == NULL;
}

/* --- The end --- */

static void slot_empty(uint64_t *slot)
{
    frame_release(*slot);
    *slot = 0;
}

/* Frees the page `index`, if it is committed, and the nodes whose last page it is. Adds what was
 * freed to the counts and returns the next index worth a look: behind the missing node, if one is
 * missing. Nobody else can see the object any more. */
static COLD NOINLINE uint64_t drain_at(struct memory *memory, uint64_t index, uint64_t *frames,
                                       uint64_t *pages)
{
    uint64_t *path[4]; /* slots of the nodes on the way, and how many index bits lie below each */
    unsigned shifts[4];
    unsigned depth = 0;
    unsigned shift = memory->shift;
    uint64_t *slot = &memory->root[index >> shift];

    while (shift != 0 && *slot != 0 && !(*slot & SLOT_BLOCK)) {
        path[depth] = slot;
        shifts[depth++] = shift;
        shift -= NODE_BITS;
        slot = node_entry(*slot, index, shift);
    }
    if (*slot & SLOT_BLOCK) {
        frame_free(paddr_of(block_of(*slot)), BLOCK_ORDER);
        *slot = 0;
        *frames += LARGE_PAGES;
        *pages += LARGE_PAGES;
    } else if (*slot != 0) {
        slot_empty(slot);
        ++*frames;
        ++*pages;
    }
    /* In a node (shift is 0, then) nothing is committed behind the end. */
    uint64_t skip = shift < depth && index + 1 >= memory->page_count ? NODE_ENTRIES : 1ul << shift;
    index = (index | (skip - 1)) + 1;
    while (depth-- != 0 && is_aligned(index, 1ul << shifts[depth])) {
        slot_empty(path[depth]);
        ++*frames;
    }
    return index;
}

static COLD NOINLINE void memory_drain(struct sync_node *node)
{
    struct memory *memory = CONTAINER_OF(node, struct memory, drain);
    uint64_t end = (uint64_t)MEMORY_ROOT_ENTRIES << memory->shift;
    uint64_t frames = 0, pages = 0;

    if (!family_leave(memory)) {
        sync_post(node, memory_drain);
        return;
    }
    for (unsigned i = 0; i + frames * DRAIN_FREE < DRAIN_STEP && memory->drain_index < end; i++) {
        memory->drain_index = drain_at(memory, memory->drain_index, &frames, &pages);
    }
    account_uncharge(memory->object.account, JOB_MEMORY, frames * PAGE_SIZE);
    __atomic_fetch_sub(&memory_state.committed, pages, __ATOMIC_RELAXED);
    if (memory->drain_index < end) {
        sync_post(node, memory_drain);
        return;
    }
    object_unref(memory->pager);
    object_free(&memory->object);
}

static void memory_destroy(struct object *object)
{
    struct memory *memory = memory_of(object);

    if (memory->kind != MEMORY_ANONYMOUS) {
        object_free(&memory->object);
        return;
    }
    memory_drain(&memory->drain);
}

/* --- Figures --- */

void memory_figures(struct memory *memory, struct memory_figures *ret_figures)
{
    spin_lock(&memory->lock);
    ret_figures->committed_bytes = memory->committed * PAGE_SIZE;
    ret_figures->size_bytes = memory->page_count * PAGE_SIZE;
    spin_unlock(&memory->lock);
}

uint64_t memory_committed_bytes(void)
{
    return __atomic_load_n(&memory_state.committed, __ATOMIC_RELAXED) * PAGE_SIZE;
}
