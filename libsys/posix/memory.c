/* SPDX-License-Identifier: MIT */
/*
 * Every mapping of the guest is a range in the table, and something in the address space; the table
 * is changed first where that cannot fail any more, so that the two never differ for good.
 * Anonymous memory is one kernel object for each mmap; the mapping keeps it.
 */
#include "memory.h"
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process_page.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "call.h"
#include "guest.h"
#include "pages.h"
#include "place.h"
#include "process.h"

#define RANGES_FIRST 32u
#define RANGES_BYTES (8 * PAGE_SIZE) /* what it grows to at least */
#define STACK_FIRST  (32 * 1024ul)   /* as many pages as memory has without a table of them */
#define STACK_STEP   (128 * 1024ul)
#define MMAP_TOP     (POSIX_STACK_TOP - POSIX_STACK_MAX - (1ul << 20))
#define MMAP_LOW     USER_BASE
#define LOW_2G       0x80000000ul
#define BRK_CHUNK    (128 * 1024ul)
#define BRK_MAX      (1ul << 40)

static POSIX_HEAD struct posix_range first_ranges[RANGES_FIRST];

static struct {
    struct qy_mutex mutex; /* of all that follows, and of the guest's part of the address space */
    struct posix_ranges ranges;
    uint64_t heap_start, heap_end; /* brk */
    uint64_t heap_mapped;          /* up to there */
    uint64_t stack_low;            /* of the first thread's stack */
    bool is_watched;
} state = {.ranges = {.at = first_ranges, .capacity = RANGES_FIRST}};

uint64_t posix_stack_limit; /* atomic */

static uint64_t page_up(uint64_t value)
{
    return (value + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static handle_t aspace(void)
{
    return qy_process_page()->aspace;
}

void posix_memory_lock(void)
{
    qy_mutex_lock(&state.mutex);
}

void posix_memory_unlock(void)
{
    qy_mutex_unlock(&state.mutex);
}

/* Whether a change of the table is possible. */
static bool ranges_ready(void)
{
    struct posix_ranges *ranges = &state.ranges;
    const size_t size = ranges->capacity * sizeof ranges->at[0];
    const size_t larger = 2 * size > RANGES_BYTES ? 2 * size : RANGES_BYTES;
    struct posix_range *more;

    if (posix_ranges_can_grow(ranges)) {
        return true;
    }
    more = qy_pages_map(larger);
    if (more == NULL) {
        return false;
    }
    memcpy(more, ranges->at, size);
    if (ranges->at != first_ranges) {
        qy_pages_unmap(ranges->at, size);
    }
    ranges->at = more;
    ranges->capacity = larger / sizeof ranges->at[0];
    return true;
}

static void stack_set(uint64_t low)
{
    state.stack_low = low;
    __atomic_store_n(&posix_stack_limit, state.is_watched ? UINT64_MAX : low + PAGE_SIZE,
                     __ATOMIC_RELAXED);
}

void posix_memory_watch(bool is_on)
{
    qy_mutex_lock(&state.mutex);
    state.is_watched = is_on;
    stack_set(state.stack_low);
    qy_mutex_unlock(&state.mutex);
}

void posix_memory_clear(void)
{
    qy_mutex_lock(&state.mutex);
    (void)qy_aspace_unmap(aspace(), USER_BASE, GUEST_LIMIT - USER_BASE); /* there may be nothing */
    state.ranges.count = 0;
    state.heap_start = state.heap_end = state.heap_mapped = 0;
    stack_set(0);
    qy_mutex_unlock(&state.mutex);
}

void posix_memory_set_heap(uint64_t start)
{
    state.heap_start = state.heap_end = state.heap_mapped = page_up(start);
}

/* --- one mapping ----------------------------------------------------------------------------- */

static void remove(uint64_t start, uint64_t end)
{
    if (!posix_ranges_free(&state.ranges, start, end)) {
        (void)qy_aspace_unmap(aspace(), start, end - start); /* some of it is there */
        posix_ranges_remove(&state.ranges, start, end);
    }
}

/* With the lock. The range is sound. */
static int64_t map(uint64_t address, uint64_t size, uint32_t protection, uint32_t flags,
                   handle_t memory, uint64_t offset)
{
    int64_t status;

    if ((protection & LINUX_PROT_WRITE) != 0 && (protection & LINUX_PROT_EXEC) != 0) {
        return -EACCES;
    }
    if (!ranges_ready()) {
        return -ENOMEM;
    }
    remove(address, address + size);
    status = (flags & POSIX_RANGE_EMPTY) != 0
                 ? 0
                 : posix_place(address, size, protection, flags, memory, offset);
    if (status < 0) {
        return posix_error(status);
    }
    posix_ranges_add(&state.ranges, (struct posix_range){.start = address,
                                                         .end = address + size,
                                                         .protection = protection,
                                                         .flags = flags});
    return 0;
}

int64_t posix_memory_map(uint64_t address, uint64_t size, uint32_t protection, uint32_t flags,
                         handle_t memory, uint64_t offset)
{
    int64_t status;

    qy_mutex_lock(&state.mutex);
    status = map(address, page_up(size), protection, flags, memory, offset);
    qy_mutex_unlock(&state.mutex);
    return status;
}

int64_t posix_memory_make_stack(uint64_t size)
{
    const uint64_t low = POSIX_STACK_TOP - ((size + STACK_FIRST) & ~(STACK_FIRST - 1));
    const int64_t status =
        posix_memory_map(low, POSIX_STACK_TOP - low, LINUX_PROT_READ | LINUX_PROT_WRITE,
                         POSIX_RANGE_STACK, HANDLE_INVALID, 0);

    stack_set(low);
    return status;
}

bool posix_memory_grow_stack(uint64_t address)
{
    const uint64_t low = address & ~(STACK_STEP - 1);
    int64_t status = -EFAULT;

    if (address < POSIX_STACK_TOP - POSIX_STACK_MAX || address >= POSIX_STACK_TOP) {
        return false;
    }
    qy_mutex_lock(&state.mutex);
    if (low < state.stack_low && posix_ranges_free(&state.ranges, low, state.stack_low)) {
        status = map(low, state.stack_low - low, LINUX_PROT_READ | LINUX_PROT_WRITE,
                     POSIX_RANGE_STACK, HANDLE_INVALID, 0);
    }
    if (status == 0) {
        stack_set(low);
    }
    qy_mutex_unlock(&state.mutex);
    return status == 0;
}

static uint64_t room(uint64_t size, uint64_t high)
{
    return posix_ranges_room(&state.ranges, size, MMAP_LOW, high);
}

uint64_t posix_memory_room(uint64_t size)
{
    uint64_t address;

    qy_mutex_lock(&state.mutex);
    address = room(page_up(size), MMAP_TOP);
    qy_mutex_unlock(&state.mutex);
    return address;
}

static int64_t protect(uint64_t address, uint64_t size, uint32_t protection)
{
    int64_t status = 0;

    if (!posix_ranges_covered(&state.ranges, address, address + size) || !ranges_ready()) {
        return -ENOMEM;
    }
    if (size > 0 &&
        posix_place_protect(&state.ranges, address, address + size, protection, &status)) {
        return posix_error(status < 0 ? status : 0);
    }
    if (size > 0) {
        status = qy_aspace_protect(aspace(), address, size, posix_place_flags(protection));
    }
    if (status == 0) {
        posix_ranges_protect(&state.ranges, address, address + size, protection);
    }
    return posix_error(status);
}

int64_t posix_memory_protect(uint64_t address, uint64_t size, uint32_t protection)
{
    int64_t status;

    qy_mutex_lock(&state.mutex);
    status = protect(address, page_up(size), protection);
    qy_mutex_unlock(&state.mutex);
    return status;
}

size_t posix_memory_list(size_t first, struct posix_range *ret_ranges, size_t count)
{
    size_t listed = 0;

    qy_mutex_lock(&state.mutex);
    while (listed < count && first + listed < state.ranges.count) {
        ret_ranges[listed] = state.ranges.at[first + listed];
        listed++;
    }
    qy_mutex_unlock(&state.mutex);
    return listed;
}

/* --- mmap ------------------------------------------------------------------------------------ */

/* Page aligned and below GUEST_LIMIT. */
static bool range_ok(uint64_t address, uint64_t size)
{
    return address % PAGE_SIZE == 0 && guest_may(address, size);
}

/* Where it goes: 0 and *ret_address, or an error. */
static int64_t choose(uint64_t wish, uint64_t size, uint32_t flags, uint64_t *ret_address)
{
    if ((flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) != 0) {
        *ret_address = wish;
        if (!range_ok(wish, size)) {
            return wish % PAGE_SIZE != 0 ? -EINVAL : -ENOMEM;
        }
        if (wish < USER_BASE) {
            return -EPERM;
        }
        return (flags & LINUX_MAP_FIXED) != 0 || posix_ranges_free(&state.ranges, wish, wish + size)
                   ? 0
                   : -EEXIST;
    }
    wish &= ~(PAGE_SIZE - 1);
    if (wish >= USER_BASE && guest_may(wish, size) &&
        posix_ranges_free(&state.ranges, wish, wish + size)) {
        *ret_address = wish;
        return 0;
    }
    *ret_address = room(size, flags & LINUX_MAP_32BIT ? LOW_2G : MMAP_TOP);
    return *ret_address != 0 ? 0 : -ENOMEM;
}

/* Memory for a file's mapping; *ret_size of it are there. */
static int64_t file_memory(int descriptor, uint64_t offset, uint64_t size, uint32_t protection,
                           bool is_shared, handle_t *ret_memory, uint64_t *ret_offset,
                           uint64_t *ret_size)
{
    handle_t memory;
    int64_t status =
        posix_file_map(descriptor, offset, size, is_shared, protection, &memory, ret_offset);

    if (status < 0) {
        return status;
    }
    const struct qy_result info = qy_memory_info(memory);
    const uint64_t there =
        info.status > (int64_t)*ret_offset ? (uint64_t)info.status - *ret_offset : 0;
    *ret_size = there < size ? there : size;
    *ret_memory = memory;
    if (is_shared || (protection & LINUX_PROT_WRITE) != 0 || *ret_size == 0) {
        return 0;
    }
    /* What must not be written cannot be made writable later. */
    status = qy_handle_dup(memory, RIGHTS_BASIC | RIGHT_READ | RIGHT_EXEC);
    (void)qy_handle_close(memory); /* ours */
    *ret_memory = (handle_t)status;
    return posix_error(status < 0 ? status : 0);
}

static int64_t map_file(uint64_t address, uint64_t size, uint32_t protection, bool is_shared,
                        int descriptor, uint64_t offset)
{
    const uint32_t flags = POSIX_RANGE_FILE | (is_shared ? POSIX_RANGE_SHARED : 0);
    handle_t memory;
    uint64_t from, there;
    int64_t status =
        file_memory(descriptor, offset, size, protection, is_shared, &memory, &from, &there);

    if (status < 0) {
        return status;
    }
    if (there > 0) {
        status = map(address, there, protection, flags, memory, from);
    }
    (void)qy_handle_close(memory);     /* ours */
    if (status == 0 && there < size) { /* behind the file's end: SIGBUS, and we have SIGSEGV */
        status = map(address + there, size - there, 0, flags, HANDLE_INVALID, 0);
    }
    return status;
}

int64_t posix_mmap(uint64_t wish, uint64_t size, uint64_t protection, uint64_t flags,
                   uint64_t descriptor, uint64_t offset)
{
    const uint32_t type = flags & LINUX_MAP_TYPE;
    const bool is_shared = type != LINUX_MAP_PRIVATE;
    uint64_t address;
    int64_t status;

    if (size == 0 || offset % PAGE_SIZE != 0 || type == 0 || type > LINUX_MAP_SHARED_VALIDATE) {
        return -EINVAL;
    }
    if (size > GUEST_LIMIT) {
        return -ENOMEM;
    }
    size = page_up(size);
    protection &= LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC;
    qy_mutex_lock(&state.mutex);
    status = choose(wish, size, (uint32_t)flags, &address);
    if (status == 0 && (flags & LINUX_MAP_ANONYMOUS) != 0) {
        status = map(address, size, (uint32_t)protection,
                     is_shared         ? POSIX_RANGE_SHARED
                     : protection == 0 ? POSIX_RANGE_EMPTY
                                       : 0,
                     HANDLE_INVALID, 0);
    } else if (status == 0) {
        status = map_file(address, size, (uint32_t)protection, is_shared, (int)descriptor, offset);
    }
    qy_mutex_unlock(&state.mutex);
    return status == 0 ? (int64_t)address : status;
}

int64_t posix_munmap(uint64_t address, uint64_t size)
{
    if (size == 0 || size > GUEST_LIMIT || !range_ok(address, page_up(size))) {
        return -EINVAL;
    }
    qy_mutex_lock(&state.mutex);
    const bool is_possible = ranges_ready();
    if (is_possible) {
        remove(address, address + page_up(size));
    }
    qy_mutex_unlock(&state.mutex);
    return is_possible ? 0 : -ENOMEM;
}

int64_t posix_mprotect(uint64_t address, uint64_t size, uint64_t protection)
{
    if (address % PAGE_SIZE != 0 || (protection & ~7ul & ~0x3000000ul) != 0) {
        return -EINVAL;
    }
    if (size > GUEST_LIMIT || !guest_may(address, page_up(size))) {
        return -ENOMEM;
    }
    return posix_memory_protect(address, size, protection & 7);
}

/* --- mremap ---------------------------------------------------------------------------------- */

/* Copies page by page between two places of the guest, within what both have. */
static int64_t move(uint64_t to, uint64_t from, uint64_t size)
{
    return guest_may(from, size) ? posix_pages_copy((void *)to, (const void *)from, size) : -EFAULT;
}

static int64_t grow(const struct posix_range *range, uint64_t address, uint64_t old_size,
                    uint64_t size, uint32_t flags, uint64_t wish)
{
    const uint32_t protection = range->protection;
    const uint32_t kind = range->flags;
    const bool is_fixed = (flags & LINUX_MREMAP_FIXED) != 0;
    uint64_t target = wish;
    int64_t status;

    if (!is_fixed && guest_may(address, size) &&
        posix_ranges_free(&state.ranges, address + old_size, address + size)) {
        status = map(address + old_size, size - old_size, protection, kind, HANDLE_INVALID, 0);
        return status == 0 ? (int64_t)address : status;
    }
    if ((flags & LINUX_MREMAP_MAYMOVE) == 0) {
        return -ENOMEM;
    }
    if (!is_fixed) {
        target = room(size, MMAP_TOP);
    }
    if (target == 0) {
        return -ENOMEM;
    }
    if ((kind & POSIX_RANGE_EMPTY) != 0) {
        status = map(target, size, protection, kind, HANDLE_INVALID, 0);
        if (status == 0) {
            remove(address, address + old_size);
        }
        return status == 0 ? (int64_t)target : status;
    }
    status = map(target, size, LINUX_PROT_READ | LINUX_PROT_WRITE, kind, HANDLE_INVALID, 0);
    if (status == 0 && (protection & LINUX_PROT_READ) != 0) {
        status = move(target, address, old_size < size ? old_size : size);
    }
    if (status == 0 && protection != (LINUX_PROT_READ | LINUX_PROT_WRITE)) {
        status = protect(target, size, protection);
    }
    if (status == 0) {
        remove(address, address + old_size);
    }
    return status == 0 ? (int64_t)target : status;
}

static int64_t remap(uint64_t address, uint64_t old_size, uint64_t size, uint32_t flags,
                     uint64_t wish)
{
    const size_t i = posix_ranges_find(&state.ranges, address);

    if (old_size == 0 || !posix_ranges_covered(&state.ranges, address, address + old_size) ||
        state.ranges.at[i].end < address + old_size) {
        return -EFAULT;
    }
    if ((flags & LINUX_MREMAP_FIXED) == 0 && size <= old_size) {
        if (!ranges_ready()) {
            return -ENOMEM;
        }
        if (size < old_size) {
            remove(address + size, address + old_size);
        }
        return (int64_t)address;
    }
    const struct posix_range range = state.ranges.at[i];
    if ((range.flags & (POSIX_RANGE_SHARED | POSIX_RANGE_FILE)) != 0) {
        return -ENOMEM; /* the memory behind it is not ours to map again */
    }
    return grow(&range, address, old_size, size, flags, wish);
}

int64_t posix_mremap(uint64_t address, uint64_t old_size, uint64_t size, uint64_t flags,
                     uint64_t wish)
{
    const bool is_fixed = (flags & LINUX_MREMAP_FIXED) != 0;

    if ((flags & ~3ul) != 0 || (is_fixed && (flags & LINUX_MREMAP_MAYMOVE) == 0) || size == 0 ||
        size > GUEST_LIMIT || old_size > GUEST_LIMIT || !range_ok(address, page_up(old_size))) {
        return -EINVAL;
    }
    old_size = page_up(old_size);
    size = page_up(size);
    if (is_fixed && (!range_ok(wish, size) || wish < USER_BASE ||
                     (wish < address + old_size && address < wish + size))) {
        return -EINVAL;
    }
    qy_mutex_lock(&state.mutex);
    const int64_t status = remap(address, old_size, size, (uint32_t)flags, wish);
    qy_mutex_unlock(&state.mutex);
    return status;
}

/* --- brk and advice -------------------------------------------------------------------------- */

static void heap_set(uint64_t end)
{
    const uint64_t needed = page_up(end);

    if (needed > state.heap_mapped) {
        uint64_t mapped =
            state.heap_mapped + ((needed - state.heap_mapped + BRK_CHUNK - 1) & ~(BRK_CHUNK - 1));

        if (!posix_ranges_free(&state.ranges, state.heap_mapped, mapped)) {
            mapped = needed;
        }
        if (!posix_ranges_free(&state.ranges, state.heap_mapped, mapped) ||
            map(state.heap_mapped, mapped - state.heap_mapped, LINUX_PROT_READ | LINUX_PROT_WRITE,
                POSIX_RANGE_HEAP, HANDLE_INVALID, 0) != 0) {
            return;
        }
        state.heap_mapped = mapped;
    } else if (needed < page_up(state.heap_end) && ranges_ready()) {
        remove(needed, state.heap_mapped); /* what comes there again is zero */
        state.heap_mapped = needed;
    }
    state.heap_end = end;
}

int64_t posix_brk(uint64_t end)
{
    uint64_t result;

    qy_mutex_lock(&state.mutex);
    if (end >= state.heap_start && end - state.heap_start <= BRK_MAX && end < MMAP_TOP) {
        heap_set(end);
    }
    result = state.heap_end;
    qy_mutex_unlock(&state.mutex);
    return (int64_t)result;
}

/* Private anonymous memory becomes new memory. */
static int64_t forget(uint64_t start, uint64_t end)
{
    for (size_t i = posix_ranges_find(&state.ranges, start);
         i < state.ranges.count && state.ranges.at[i].start < end; i++) {
        const struct posix_range range = state.ranges.at[i];
        const uint64_t from = range.start > start ? range.start : start;
        const uint64_t to = range.end < end ? range.end : end;

        if ((range.flags & (POSIX_RANGE_SHARED | POSIX_RANGE_FILE | POSIX_RANGE_EMPTY)) != 0) {
            continue;
        }
        (void)qy_aspace_unmap(aspace(), from, to - from); /* it is there */
        const int64_t status = posix_place(from, to - from, range.protection, range.flags, 0, 0);
        if (status < 0) {
            posix_ranges_remove(&state.ranges, from, to);
            return posix_error(status);
        }
    }
    return 0;
}

int64_t posix_madvise(uint64_t address, uint64_t size, uint64_t advice)
{
    int64_t status = 0;

    if (size > GUEST_LIMIT || !range_ok(address, page_up(size))) {
        return -EINVAL;
    }
    qy_mutex_lock(&state.mutex);
    if (!posix_ranges_covered(&state.ranges, address, address + page_up(size))) {
        status = -ENOMEM;
    } else if (advice == LINUX_MADV_DONTNEED && ranges_ready()) {
        status = forget(address, address + page_up(size));
    }
    qy_mutex_unlock(&state.mutex);
    return status;
}

/* Shared pages are the file's own: there is nothing to be written back here. */
int64_t posix_msync(uint64_t address, uint64_t size, uint64_t flags)
{
    (void)flags;
    return size <= GUEST_LIMIT && range_ok(address, page_up(size)) ? 0 : -EINVAL;
}

/* Nothing is ever paged out. */
int64_t posix_mlock(uint64_t address, uint64_t size)
{
    return guest_may(address, size) ? 0 : -ENOMEM;
}

int64_t posix_munlock(uint64_t address, uint64_t size)
{
    return guest_may(address, size) ? 0 : -ENOMEM;
}
