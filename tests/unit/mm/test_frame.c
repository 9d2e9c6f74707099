/* SPDX-License-Identifier: MIT */
/*
 * The allocator's source is included, so that each test starts with a new one and can look at the
 * free lists.
 */
#include "unit/mm/fixture.h"

#include <string.h>

#include "mm/frame.c"

enum {
    MIB = 1 << 20
};

static int setup_empty(void **state)
{
    (void)state;
    fixture_reset();
    memset(&frame_state, 0, sizeof(frame_state));
    spinlock_init(&frame_state.lock, LOCK_RANK_FRAME);
    inject_fail_after(0);
    return 0;
}

/* Two ranges as of a small PC. */
static int setup_pc(void **state)
{
    (void)setup_empty(state); /* cannot fail */
    frame_range_add(paddr_of(0), 0x9f000);
    frame_range_add(paddr_of(MIB), 31 * MIB);
    return 0;
}

static struct frame_stats stats_now(void)
{
    struct frame_stats stats;

    frame_stats(&stats);
    return stats;
}

static uint64_t cached_now(void)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        count += frame_state.caches[i].count;
    }
    return count;
}

/* Frames free by the lists' account, walking them. */
static uint64_t check_free_list(unsigned order)
{
    uint64_t count = 0;
    uint32_t last = 0;

    for (uint32_t number = frame_state.heads[order]; number != 0;) {
        const struct frame *frame = frame_find(number);
        const struct frame *buddy = frame_find(number ^ (1u << order));

        assert_non_null(frame);
        assert_int_equal(frame->state, FRAME_FREE);
        assert_int_equal(frame->order, order);
        assert_int_equal(frame->flags, last);
        assert_int_equal(number % (1u << order), 0);
        if (order < FRAME_ORDER_MAX && buddy != NULL) {
            assert_false(buddy->state == FRAME_FREE && buddy->order == order);
        }
        count += 1u << order;
        last = number;
        number = frame->refcount;
    }
    assert_int_equal(frame_state.nonempty_orders >> order & 1, last != 0);
    return count;
}

/* Frames of a range that belong to somebody, by their descriptors; each must be in one block only.
 */
static uint64_t check_range(const struct frame_range *range, uint64_t *ret_allocated)
{
    uint64_t counts[4] = {0};
    uint32_t i = 0;

    while (i < range->count) {
        const struct frame *frame = &range->frames[i];
        uint32_t size = frame->state == FRAME_INNER ? 1 : 1u << frame->order;

        for (uint32_t inner = 1; inner < size; inner++) {
            assert_int_equal(frame[inner].state, FRAME_INNER);
        }
        assert_int_equal((range->first + i) % size, 0);
        counts[frame->state] += size;
        i += size;
        assert_true(i <= range->count);
    }
    *ret_allocated += counts[FRAME_ALLOCATED];
    return counts[FRAME_INNER];
}

static void check_frames(uint64_t allocated_expected)
{
    struct frame_stats stats = stats_now();
    uint64_t free = 0;
    uint64_t allocated = 0;
    uint64_t inner = 0;
    uint64_t descriptors = 0;

    for (unsigned order = 0; order < FRAME_ORDER_COUNT; order++) {
        free += check_free_list(order);
    }
    for (uint32_t i = 0; i < frame_state.range_count; i++) {
        const uint64_t bytes = frame_state.ranges[i].count * sizeof(struct frame);

        inner += check_range(&frame_state.ranges[i], &allocated);
        descriptors += (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    }
    assert_int_equal(stats.free_count, free + cached_now());
    assert_int_equal(inner, descriptors);
    assert_int_equal(allocated, allocated_expected);
    assert_int_equal(stats.free_count + allocated + inner, stats.total_count);
}

static void assert_filled(struct paddr frame, unsigned order, uint8_t value)
{
    const uint8_t *bytes = arch_direct_map(frame);

    for (uint64_t i = 0; i < PAGE_SIZE << order; i++) {
        assert_int_equal(bytes[i], value);
    }
}

static struct paddr alloc(unsigned order)
{
    struct paddr frame;

    assert_int_equal(frame_alloc(order, &frame), 0);
    return frame;
}

/* --- ranges ----------------------------------------------------------------------------------- */

static void test_frame_descriptor_is_small(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct frame), 12);
}

static void test_frame_without_ranges_has_none(void **state)
{
    struct paddr frame = {77};

    (void)state;
    assert_int_equal(frame_alloc(0, &frame), -ENOMEM);
    assert_int_equal(frame_alloc(3, &frame), -ENOMEM);
    assert_int_equal(frame.value, 77);
    assert_null(frame_of(paddr_of(0)));
}

static void test_frame_range_counts_whole_pages_and_descriptors(void **state)
{
    struct frame_stats stats;

    (void)state;
    frame_range_add(paddr_of(MIB - 1), 4 * MIB + 2); /* whole pages: exactly 4 MiB */
    stats = stats_now();
    assert_int_equal(stats.total_count, 1024);
    assert_int_equal(stats.free_count, 1021); /* 1024 * 12 bytes of descriptors */
    assert_int_equal(cached_now(), 0);
    assert_null(frame_of(paddr_of(MIB - 1)));
    assert_non_null(frame_of(paddr_of(MIB)));
    assert_non_null(frame_of(paddr_of(5 * MIB - 1)));
    assert_null(frame_of(paddr_of(5 * MIB)));
    check_frames(0);
}

static void test_frame_range_never_has_page_zero(void **state)
{
    (void)state;
    frame_range_add(paddr_of(0), 64 * PAGE_SIZE);
    assert_int_equal(stats_now().total_count, 63);
    assert_null(frame_of(paddr_of(0)));
    check_frames(0);
}

static void test_frame_range_not_worth_it_is_ignored(void **state)
{
    (void)state;
    frame_range_add(paddr_of(MIB), 0);
    frame_range_add(paddr_of(MIB), PAGE_SIZE - 1);
    frame_range_add(paddr_of(MIB), PAGE_SIZE); /* its descriptor would take all of it */
    frame_range_add(paddr_of(0), PAGE_SIZE);
    frame_range_add(paddr_of(UINT64_MAX - 10), 100);
    frame_range_add(paddr_of(UINT64_MAX - 10), 5);
    frame_range_add(paddr_of((uint64_t)1 << 44), MIB); /* beyond what a frame number reaches */
    assert_int_equal(stats_now().total_count, 0);
    frame_range_add(paddr_of(MIB), 2 * PAGE_SIZE);
    assert_int_equal(stats_now().free_count, 1);
    check_frames(0);
}

static void test_frame_range_table_full_ignores_more(void **state)
{
    uint64_t total;

    (void)state;
    for (uint64_t i = 0; i < FRAME_RANGE_MAX; i++) {
        frame_range_add(paddr_of(MIB + i * MIB / 2), (4 + i) * PAGE_SIZE);
    }
    total = stats_now().total_count;
    for (uint32_t i = 1; i < FRAME_RANGE_MAX; i++) {
        assert_true(frame_state.ranges[i - 1].count > frame_state.ranges[i].count);
    }
    frame_range_add(paddr_of(60 * MIB), MIB);
    assert_int_equal(stats_now().total_count, total);
    check_frames(0);
}

static void test_frame_range_overlap_panics(void **state)
{
    (void)state;
    frame_range_add(paddr_of(4 * MIB), MIB);
    ASSERT_PANICS(frame_range_add(paddr_of(5 * MIB - PAGE_SIZE), MIB), "overlaps");
    ASSERT_PANICS(frame_range_add(paddr_of(3 * MIB), 4 * MIB), "overlaps");
}

static void test_frame_ranges_that_touch_do_not_merge(void **state)
{
    (void)state;
    frame_range_add(paddr_of(4 * MIB), 2 * MIB);
    frame_range_add(paddr_of(6 * MIB), 2 * MIB);
    assert_int_equal(stats_now().total_count, 1024);
    check_frames(0);
}

/* --- allocating and freeing ------------------------------------------------------------------- */

static void test_frame_alloc_of_each_order_is_aligned_and_apart(void **state)
{
    struct paddr frames[FRAME_ORDER_COUNT];

    (void)state;
    for (unsigned order = 0; order < FRAME_ORDER_COUNT; order++) {
        frames[order] = alloc(order);
        assert_true(is_aligned(frames[order].value, PAGE_SIZE << order));
        memset(arch_direct_map(frames[order]), (int)order, PAGE_SIZE << order);
    }
    check_frames((1u << FRAME_ORDER_COUNT) - 1);
    for (unsigned order = 0; order < FRAME_ORDER_COUNT; order++) {
        assert_filled(frames[order], order, (uint8_t)order);
        frame_free(frames[order], order);
    }
    check_frames(0);
}

static void test_frame_alloc_order_too_large_panics(void **state)
{
    struct paddr frame;

    (void)state;
    ASSERT_PANICS(assert_int_equal(frame_alloc(FRAME_ORDER_MAX + 1, &frame), 0), "order");
}

static void test_frame_alloc_prefers_the_smallest_block(void **state)
{
    struct paddr large;
    struct paddr small;
    uint32_t orders;

    (void)state;
    large = alloc(3);
    orders = frame_state.nonempty_orders;
    assert_true((orders & 0xe) != 0);
    small = alloc(bit_lowest_u64(orders >> 1 << 1));
    assert_int_equal(frame_state.nonempty_orders & ~orders, 0); /* nothing was halved */
    frame_free(small, bit_lowest_u64(orders >> 1 << 1));
    frame_free(large, 3);
    check_frames(0);
}

static void test_frame_exhaustion_fails_and_recovers(void **state)
{
    uint64_t count = stats_now().free_count;
    uint64_t total = count;
    struct paddr first = alloc(0);
    struct paddr last = first;
    struct paddr frame = {77};

    (void)state;
    /* Allocated frames are chained by their first words. */
    for (count--; count > 0; count--) {
        frame = alloc(0);
        *(struct paddr *)arch_direct_map(last) = frame;
        last = frame;
    }
    frame.value = 77;
    assert_int_equal(frame_alloc(0, &frame), -ENOMEM);
    assert_int_equal(frame_alloc_zeroed(0, &frame), -ENOMEM);
    assert_int_equal(frame_alloc(1, &frame), -ENOMEM);
    assert_int_equal(frame.value, 77);
    assert_int_equal(stats_now().free_count, 0);
    check_frames(total);
    while (count < total) {
        frame = *(struct paddr *)arch_direct_map(first);
        frame_free(first, 0);
        first = frame;
        count++;
    }
    check_frames(0);
    frame = alloc(FRAME_ORDER_MAX); /* everything has joined again */
    frame_free(frame, FRAME_ORDER_MAX);
}

static void test_frame_contents_are_poisoned_or_zero(void **state)
{
    struct paddr frame = alloc(2);

    (void)state;
    assert_filled(frame, 2, POISON_ALLOCATED);
    frame_free(frame, 2);
    assert_int_equal(*(uint8_t *)arch_direct_map(frame), POISON_FREED);
    assert_int_equal(frame_alloc_zeroed(2, &frame), 0);
    assert_filled(frame, 2, 0);
    frame_free(frame, 2);
    assert_int_equal(frame_alloc_zeroed(0, &frame), 0);
    assert_filled(frame, 0, 0);
    frame_free(frame, 0);
    assert_filled(frame, 0, POISON_FREED);
}

static void test_frame_owner_words_start_as_zero(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 4; order++) {
        struct paddr frame = alloc(order);
        struct frame *descriptor = frame_of(frame);

        for (unsigned round = 0; round < 20; round++) {
            assert_int_equal(descriptor->refcount, 0);
            assert_int_equal(descriptor->flags, 0);
            descriptor->refcount = UINT32_MAX;
            descriptor->flags = UINT32_MAX;
            frame_free(frame, order);
            frame = alloc(order);
            descriptor = frame_of(frame);
        }
        frame_free(frame, order);
    }
    check_frames(0);
}

static void test_frame_inner_owner_words_start_as_zero(void **state)
{
    struct paddr frames[64];
    struct paddr block;

    (void)state;
    for (int i = 0; i < 64; i++) {
        frames[i] = alloc(0);
    }
    for (int i = 0; i < 64; i++) {
        frame_free(frames[i], 0); /* links go through these descriptors */
    }
    block = alloc(FRAME_ORDER_MAX);
    for (uint64_t offset = 0; offset < PAGE_SIZE << FRAME_ORDER_MAX; offset += PAGE_SIZE) {
        assert_int_equal(frame_of(paddr_add(block, offset))->refcount, 0);
        assert_int_equal(frame_of(paddr_add(block, offset))->flags, 0);
    }
    frame_free(block, FRAME_ORDER_MAX);
}

/* --- misuse ----------------------------------------------------------------------------------- */

static void test_frame_free_twice_panics(void **state)
{
    struct paddr small = alloc(0);
    struct paddr large = alloc(3);

    (void)state;
    frame_free(small, 0);
    ASSERT_PANICS(frame_free(small, 0), "not allocated");
    frame_free(large, 3);
    ASSERT_PANICS(frame_free(large, 3), "not allocated");
    check_frames(0);
}

static void test_frame_free_of_something_else_panics(void **state)
{
    struct paddr frame = alloc(3);

    (void)state;
    ASSERT_PANICS(frame_free(frame, 2), "not allocated");
    ASSERT_PANICS(frame_free(frame, 4), "not allocated");
    ASSERT_PANICS(frame_free(paddr_add(frame, PAGE_SIZE), 0), "not allocated");
    ASSERT_PANICS(frame_free(paddr_add(frame, 8), 3), "not allocated");
    ASSERT_PANICS(frame_free(paddr_of(0xa0000), 0), "not allocated");
    ASSERT_PANICS(frame_free(paddr_of(MIB), 0), "not allocated"); /* a descriptor's frame */
    frame_free(frame, 3);
}

/* --- caches ----------------------------------------------------------------------------------- */

static void test_frame_cache_is_refilled_and_drained_in_batches(void **state)
{
    struct paddr frames[CACHE_CAPACITY + 1];

    (void)state;
    frames[0] = alloc(0);
    assert_int_equal(cached_now(), CACHE_BATCH - 1);
    for (int i = 1; i <= CACHE_CAPACITY; i++) {
        frames[i] = alloc(0);
    }
    for (int i = 0; i <= CACHE_CAPACITY; i++) {
        frame_free(frames[i], 0);
        assert_true(cached_now() <= CACHE_CAPACITY);
    }
    check_frames(0);
}

static void test_frame_cache_returns_the_frame_used_last(void **state)
{
    struct paddr frame = alloc(0);
    struct paddr other = alloc(0);

    (void)state;
    frame_free(other, 0);
    frame_free(frame, 0);
    assert_int_equal(alloc(0).value, frame.value);
    assert_int_equal(alloc(0).value, other.value);
}

static void test_frame_freed_on_another_cpu_goes_to_its_cache(void **state)
{
    struct paddr frame = alloc(0);
    uint64_t cached = cached_now();

    (void)state;
    fixture_set_cpu(1);
    frame_free(frame, 0);
    assert_int_equal(frame_state.caches[1].count, 1);
    assert_int_equal(cached_now(), cached + 1);
    check_frames(0);
}

static void test_frame_large_alloc_empties_the_own_cache(void **state)
{
    struct paddr block;

    (void)state;
    frame_free(alloc(0), 0); /* its range has one block of order 2 and this one frame */
    assert_int_equal(cached_now(), stats_now().free_count);
    assert_int_equal(frame_alloc(2, &block), 0);
    assert_int_equal(cached_now(), 0);
    check_frames(4);
}

static int setup_tiny(void **state)
{
    (void)setup_empty(state); /* cannot fail */
    frame_range_add(paddr_of(MIB - PAGE_SIZE), 5 * PAGE_SIZE);
    return 0;
}

/* --- injected failures, random runs -------------------------------------------------------------
 */

static void test_frame_injected_failure_changes_nothing(void **state)
{
    struct paddr frame = {77};

    (void)state;
    for (unsigned order = 0; order < 3; order++) {
        inject_fail_after(1);
        assert_int_equal(frame_alloc(order, &frame), -ENOMEM);
        inject_fail_after(1);
        assert_int_equal(frame_alloc_zeroed(order, &frame), -ENOMEM);
        assert_false(inject_is_armed());
        assert_int_equal(frame.value, 77);
    }
    check_frames(0);
}

struct block {
    struct paddr frame;
    unsigned order;
    uint64_t tag; /* stands in the first and last word of each frame */
};

static uint64_t *block_word(const struct block *block, uint64_t index)
{
    uint64_t *words = arch_direct_map(paddr_add(block->frame, index / 2 * PAGE_SIZE));

    return index % 2 == 0 ? &words[0] : &words[PAGE_SIZE / sizeof(uint64_t) - 1];
}

static void block_alloc(struct block *block, struct random *random, uint64_t tag)
{
    bool is_zeroed = random_chance(random, 30);

    block->order = (unsigned)random_below(random, random_chance(random, 70) ? 2 : 8);
    block->tag = tag;
    if ((is_zeroed ? frame_alloc_zeroed(block->order, &block->frame)
                   : frame_alloc(block->order, &block->frame)) != 0) {
        block->frame.value = 0;
        return;
    }
    for (uint64_t i = 0; i < (uint64_t)2 << block->order; i++) {
        assert_true(!is_zeroed || *block_word(block, i) == 0);
        *block_word(block, i) = tag + i;
    }
}

static void block_free(struct block *block)
{
    for (uint64_t i = 0; i < (uint64_t)2 << block->order; i++) {
        assert_int_equal(*block_word(block, i), block->tag + i);
    }
    frame_free(block->frame, block->order);
    block->frame.value = 0;
}

static void test_frame_random_use_keeps_blocks_apart(void **state)
{
    enum {
        BLOCK_COUNT = 2000,
        STEP_COUNT = 40000
    };
    static struct block blocks[BLOCK_COUNT];
    struct random random;
    uint64_t allocated = 0;

    (void)state;
    random_init(&random);
    memset(blocks, 0, sizeof(blocks));
    for (uint64_t step = 1; step <= STEP_COUNT; step++) {
        struct block *block = &blocks[random_below(&random, BLOCK_COUNT)];

        fixture_set_cpu((uint32_t)random_below(&random, 4));
        if (block->frame.value == 0) {
            block_alloc(block, &random, step << 16);
            allocated += block->frame.value != 0 ? 1u << block->order : 0;
        } else {
            allocated -= 1u << block->order;
            block_free(block);
        }
        if (step % 500 == 0) {
            check_frames(allocated);
        }
    }
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        if (blocks[i].frame.value != 0) {
            block_free(&blocks[i]);
        }
    }
    check_frames(0);
}

#define FRAME_TEST(name, setup) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRAME_TEST(test_frame_descriptor_is_small, setup_empty),
        FRAME_TEST(test_frame_without_ranges_has_none, setup_empty),
        FRAME_TEST(test_frame_range_counts_whole_pages_and_descriptors, setup_empty),
        FRAME_TEST(test_frame_range_never_has_page_zero, setup_empty),
        FRAME_TEST(test_frame_range_not_worth_it_is_ignored, setup_empty),
        FRAME_TEST(test_frame_range_table_full_ignores_more, setup_empty),
        FRAME_TEST(test_frame_range_overlap_panics, setup_empty),
        FRAME_TEST(test_frame_ranges_that_touch_do_not_merge, setup_empty),
        FRAME_TEST(test_frame_alloc_of_each_order_is_aligned_and_apart, setup_pc),
        FRAME_TEST(test_frame_alloc_order_too_large_panics, setup_pc),
        FRAME_TEST(test_frame_alloc_prefers_the_smallest_block, setup_pc),
        FRAME_TEST(test_frame_exhaustion_fails_and_recovers, setup_pc),
        FRAME_TEST(test_frame_contents_are_poisoned_or_zero, setup_pc),
        FRAME_TEST(test_frame_owner_words_start_as_zero, setup_pc),
        FRAME_TEST(test_frame_inner_owner_words_start_as_zero, setup_pc),
        FRAME_TEST(test_frame_free_twice_panics, setup_pc),
        FRAME_TEST(test_frame_free_of_something_else_panics, setup_pc),
        FRAME_TEST(test_frame_cache_is_refilled_and_drained_in_batches, setup_pc),
        FRAME_TEST(test_frame_cache_returns_the_frame_used_last, setup_pc),
        FRAME_TEST(test_frame_freed_on_another_cpu_goes_to_its_cache, setup_pc),
        FRAME_TEST(test_frame_large_alloc_empties_the_own_cache, setup_tiny),
        FRAME_TEST(test_frame_injected_failure_changes_nothing, setup_pc),
        FRAME_TEST(test_frame_random_use_keeps_blocks_apart, setup_pc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
