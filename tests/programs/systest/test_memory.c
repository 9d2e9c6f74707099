/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>

#define PAGES 16ul
#define SIZE  (PAGES * PAGE_SIZE)

static int64_t map(int64_t memory, uint64_t offset, uint64_t address, uint64_t size, uint32_t flags)
{
    return qy_aspace_map(qy_self_aspace(), (handle_t)memory, offset, address, size, flags);
}

static volatile uint64_t *word_at(int64_t address)
{
    return (volatile uint64_t *)(uintptr_t)address;
}

static void test_create(int64_t memory)
{
    struct qy_result info = qy_memory_info((handle_t)memory);
    tap_equal(info.status, (int64_t)SIZE, "memory_info tells the size");
    tap_equal((int64_t)info.second, 0, "nothing is committed before it is touched");
    int64_t address = map(memory, 0, 0, SIZE, MAP_READ | MAP_WRITE);
    tap_ok(address > 0 && address % (int64_t)PAGE_SIZE == 0, "aspace_map chooses an address");
    tap_equal((int64_t)*word_at(address + 5 * (int64_t)PAGE_SIZE), 0, "new memory is zero");
    *word_at(address) = 42;
    tap_equal((int64_t)*word_at(address), 42, "and can be written");
    info = qy_memory_info((handle_t)memory);
    tap_ok(info.second >= PAGE_SIZE && info.second <= 2 * PAGE_SIZE,
           "only what was touched is committed");
    tap_equal(qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, SIZE), 0, "aspace_unmap");
}

static void test_alias(int64_t memory)
{
    int64_t first = map(memory, 0, 0, SIZE, MAP_READ | MAP_WRITE);
    int64_t second = map(memory, PAGE_SIZE, 0, PAGE_SIZE, MAP_READ);
    tap_ok(first > 0 && second > 0 && first != second, "memory may be mapped twice");
    *word_at(first + (int64_t)PAGE_SIZE + 8) = 99;
    tap_equal((int64_t)*word_at(second + 8), 99, "and shows the same bytes, at its offset");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)first, SIZE);
    tap_equal((int64_t)*word_at(second + 8), 99, "one mapping outlives the other");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)second, PAGE_SIZE);
}

static void test_fixed(int64_t memory)
{
    const uint64_t there = 0x123456000;
    tap_equal(map(memory, 0, there, SIZE, MAP_READ | MAP_WRITE | MAP_FIXED), (int64_t)there,
              "MAP_FIXED maps exactly there");
    tap_equal(map(memory, 0, there + PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_FIXED), -EEXIST,
              "but not over what is there");
    /* A hole in the middle; its edges stay. */
    *word_at((int64_t)there) = 1;
    tap_equal(qy_aspace_unmap(qy_self_aspace(), there + 4 * PAGE_SIZE, 4 * PAGE_SIZE), 0,
              "the middle of a mapping can be removed");
    *word_at((int64_t)(there + 3 * PAGE_SIZE)) = 2;
    *word_at((int64_t)(there + 8 * PAGE_SIZE)) = 3;
    tap_equal(
        map(memory, 4 * PAGE_SIZE, there + 4 * PAGE_SIZE, 4 * PAGE_SIZE, MAP_READ | MAP_FIXED),
        (int64_t)(there + 4 * PAGE_SIZE), "and filled again");
    tap_equal(qy_aspace_unmap(qy_self_aspace(), there, SIZE), 0, "all of it removed in one call");
    tap_equal(qy_aspace_unmap(qy_self_aspace(), there, SIZE), 0, "removing nothing is fine");
}

static void test_permissions(int64_t memory)
{
    tap_equal(map(memory, 0, 0, SIZE, MAP_READ | MAP_WRITE | MAP_EXEC), -EACCES,
              "nothing is writable and executable");
    int64_t address = map(memory, 0, 0, SIZE, MAP_READ | MAP_WRITE);
    uint64_t at = (uint64_t)address;
    tap_equal(qy_aspace_protect(qy_self_aspace(), at, SIZE, MAP_READ | MAP_WRITE | MAP_EXEC),
              -EACCES, "not by protecting either");
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
    memcpy((void *)(uintptr_t)at, code, sizeof code);
    tap_equal(qy_aspace_protect(qy_self_aspace(), at, PAGE_SIZE, MAP_READ | MAP_EXEC), 0,
              "writable memory can become executable");
    int (*function)(void) = (int (*)(void))(uintptr_t)at;
    tap_equal(function(), 42, "and runs");
    tap_equal(qy_aspace_protect(qy_self_aspace(), at, PAGE_SIZE, MAP_READ | MAP_WRITE), 0,
              "and back");
    *word_at(address) = 7;
    (void)qy_aspace_unmap(qy_self_aspace(), at, SIZE);

    int64_t reader = qy_handle_dup((handle_t)memory, RIGHTS_BASIC | RIGHT_READ);
    tap_equal(map(reader, 0, 0, SIZE, MAP_READ | MAP_WRITE), -EACCES,
              "a handle without WRITE maps nothing writable");
    address = map(reader, 0, 0, SIZE, MAP_READ);
    tap_equal(qy_aspace_protect(qy_self_aspace(), (uint64_t)address, SIZE, MAP_READ | MAP_WRITE),
              -EACCES, "nor does protect make it so");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, SIZE);
    discard(reader);
}

static void test_ranges(int64_t memory)
{
    tap_equal(map(memory, SIZE, 0, PAGE_SIZE, MAP_READ), -ERANGE, "not beyond the end");
    tap_equal(map(memory, PAGE_SIZE, 0, SIZE, MAP_READ), -ERANGE, "nor partly");
    tap_equal(map(memory, 0, 0, 0, MAP_READ), -EINVAL, "not nothing");
    tap_equal(map(memory, 1, 0, PAGE_SIZE, MAP_READ), -EINVAL, "not from an odd offset");
    tap_equal(map(memory, 0, 0, 100, MAP_READ), -EINVAL, "not an odd size");
    tap_ok(qy_memory_create(qy_self_job(), 0, 0) < 0, "no memory of size 0");
    tap_ok(qy_memory_create(qy_self_job(), UINT64_MAX, 0) < 0, "nor of all sizes");
}

static void test_clone(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), SIZE, MEMORY_RESIZABLE);
    int64_t address = map(memory, 0, 0, SIZE, MAP_READ | MAP_WRITE);
    *word_at(address) = 1;
    *word_at(address + 15 * (int64_t)PAGE_SIZE) = 2;
    tap_equal(qy_object_wait((handle_t)memory, SIGNAL_ZERO_CHILDREN, DEADLINE_POLL),
              SIGNAL_ZERO_CHILDREN, "memory without clones says so");
    int64_t clone = qy_memory_snapshot(qy_self_job(), (handle_t)memory, 0, SIZE);
    int64_t copy = map(clone, 0, 0, SIZE, MAP_READ | MAP_WRITE);
    tap_equal((int64_t)*word_at(copy + 15 * (int64_t)PAGE_SIZE), 2, "a clone has the pages");
    *word_at(address) = 3;
    *word_at(copy + 15 * (int64_t)PAGE_SIZE) = 4;
    tap_equal((int64_t)*word_at(copy), 1, "a clone does not see what is written");
    tap_equal((int64_t)*word_at(address + 15 * (int64_t)PAGE_SIZE), 2, "nor its source");
    tap_equal(qy_object_wait((handle_t)memory, SIGNAL_ZERO_CHILDREN, DEADLINE_POLL), -ETIMEDOUT,
              "memory with a clone has children");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)copy, SIZE);
    discard(clone);
    tap_equal(qy_object_wait((handle_t)memory, SIGNAL_ZERO_CHILDREN, DEADLINE_NEVER),
              SIGNAL_ZERO_CHILDREN, "until it has gone");

    tap_equal(qy_memory_decommit((handle_t)memory, 0, PAGE_SIZE), PAGE_SIZE, "memory_decommit");
    tap_equal((int64_t)*word_at(address), 0, "what was given back reads as zero");
    tap_equal(qy_memory_resize((handle_t)memory, PAGE_SIZE), 0, "memory_resize");
    tap_equal((int64_t)qy_memory_info((handle_t)memory).second, PAGE_SIZE,
              "what is cut off is given back");
    tap_equal(qy_memory_resize((handle_t)memory, SIZE), 0, "and it grows again");
    tap_equal((int64_t)*word_at(address + 15 * (int64_t)PAGE_SIZE), 0, "with zeros");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, SIZE);
    discard(memory);
}

/* What is written in it must be there after its parts have gone their own ways. */
static void test_large(void)
{
    const uint64_t large = 2ul << 20;
    int64_t memory = qy_memory_create(qy_self_job(), 2 * large, MEMORY_LARGE);
    int64_t address = map(memory, 0, 0, 2 * large, MAP_READ | MAP_WRITE);
    tap_equal((int64_t)((uint64_t)address % large), 0, "large memory is mapped as it is aligned");
    *word_at(address) = 1;
    tap_equal((int64_t)qy_memory_info((handle_t)memory).second, (int64_t)large,
              "a touch makes 2 MiB");
    bool is_zero = true;
    for (uint64_t at = PAGE_SIZE; at < large; at += PAGE_SIZE) {
        is_zero = is_zero && *word_at(address + (int64_t)at) == 0;
        *word_at(address + (int64_t)at) = at;
    }
    tap_ok(is_zero, "all of it zero");
    tap_equal(qy_aspace_protect(qy_self_aspace(), (uint64_t)address + 16 * PAGE_SIZE, PAGE_SIZE,
                                MAP_READ),
              0, "a part of it can be protected");
    tap_equal(qy_aspace_unmap(qy_self_aspace(), (uint64_t)address + 8 * PAGE_SIZE, PAGE_SIZE), 0,
              "unmapped");
    tap_equal(qy_memory_decommit((handle_t)memory, 4 * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE,
              "and decommitted");
    int64_t clone = qy_memory_snapshot(qy_self_job(), (handle_t)memory, 0, large);
    int64_t copy = map(clone, 0, 0, large, MAP_READ);
    bool is_same = true;
    for (uint64_t page = 5; page < large / PAGE_SIZE; page++) {
        uint64_t at = page * PAGE_SIZE;
        if (page != 8 && page != 16) {
            *word_at(address + (int64_t)at) = 0;
        }
        is_same = is_same && *word_at(copy + (int64_t)at) == at;
    }
    tap_ok(is_same, "a clone has what was written");
    tap_equal((int64_t)*word_at(address + 4 * (int64_t)PAGE_SIZE), 0, "but what was given back");
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)copy, large);
    (void)qy_aspace_unmap(qy_self_aspace(), (uint64_t)address, 2 * large);
    discard(clone);
    discard(memory);
}

void test_memory(void)
{
    int64_t memory = qy_memory_create(qy_self_job(), SIZE, 0);
    tap_ok(memory > 0, "memory_create");
    test_create(memory);
    test_alias(memory);
    test_fixed(memory);
    test_permissions(memory);
    test_ranges(memory);
    test_clone();
    test_large();
    discard(memory);
}
