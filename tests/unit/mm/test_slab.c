/* SPDX-License-Identifier: MIT */
#include "unit/mm/fixture.h"

#include <string.h>

#include "lib/checked.h"
#include "mm/frame.h"
#include "mm/inject.h"
#include "mm/slab.h"

enum {
    MIB = 1 << 20,
    OBJECT_MAX = 600
};

static int setup_once(void **state)
{
    (void)state;
    fixture_reset();
    frame_range_add(paddr_of(MIB), 16 * MIB);
    return 0;
}

static int setup_debug(void **state)
{
    (void)state;
    slab_has_checks = true;
    inject_fail_after(0);
    return 0;
}

static int setup_release(void **state)
{
    (void)state;
    slab_has_checks = false;
    inject_fail_after(0);
    return 0;
}

static uint64_t frames_free(void)
{
    struct frame_stats stats;

    frame_stats(&stats);
    return stats.free_count;
}

/* A test's cache is gone with its stack, so its memory goes back and it leaves the list, where the
 * caches of a test are the newest. */
static void cache_end(struct slab_cache *cache)
{
    struct list *link;

    assert_int_equal(cache->in_use_count, 0);
    while ((link = list_pop_front(&cache->partial)) != NULL) {
        cache->slab_count--;
        frame_free(paddr_of((uintptr_t)link - FAKE_PHYSICAL_BASE), cache->order);
    }
    assert_int_equal(cache->slab_count, 0);
    slab_caches = NULL;
}

static void *alloc(struct slab_cache *cache)
{
    void *object = slab_alloc(cache);

    assert_non_null(object);
    return object;
}

static void assert_filled(const void *object, size_t size, uint8_t value)
{
    const uint8_t *bytes = object;

    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], value);
    }
}

/* --- life of caches -----------------------------------------------------------------------------
 */

static void test_slab_new_cache_takes_no_memory(void **state)
{
    struct slab_cache cache;
    uint64_t before = frames_free();

    (void)state;
    slab_cache_init(&cache, "thing", 100, 8);
    assert_int_equal(frames_free(), before);
    assert_string_equal(cache.name, "thing");
    assert_int_equal(cache.object_size, 100);
    assert_int_equal(cache.slab_count, 0);
    cache_end(&cache);
    assert_int_equal(frames_free(), before);
}

static void test_slab_init_with_bad_numbers_panics(void **state)
{
    struct slab_cache cache;

    (void)state;
    ASSERT_PANICS(slab_cache_init(&cache, "thing", 0, 8), "object_size");
    ASSERT_PANICS(slab_cache_init(&cache, "thing", SLAB_OBJECT_SIZE_MAX + 1, 8), "object_size");
    ASSERT_PANICS(slab_cache_init(&cache, "thing", 8, 0), "alignment");
    ASSERT_PANICS(slab_cache_init(&cache, "thing", 8, 24), "alignment");
    ASSERT_PANICS(slab_cache_init(&cache, "thing", 8, 2 * PAGE_SIZE), "alignment");
}

static void test_slab_caches_are_listed(void **state)
{
    struct slab_cache caches[3];
    const struct slab_cache *cache;
    int i = 3;

    (void)state;
    slab_cache_init(&caches[0], "a", 8, 8);
    slab_cache_init(&caches[1], "b", 16, 8);
    slab_cache_init(&caches[2], "c", 24, 8);
    for (cache = slab_caches; cache != NULL; cache = cache->next) {
        assert_ptr_equal(cache, &caches[--i]);
    }
    assert_int_equal(i, 0);
    slab_caches = NULL;
}

/* --- layout -------------------------------------------------------------------------------------
 */

static void check_layout(size_t size, size_t alignment)
{
    struct slab_cache cache;
    uint64_t slab_size;
    uint64_t used;

    slab_cache_init(&cache, "thing", size, alignment);
    slab_size = PAGE_SIZE << cache.order;
    used = (uint64_t)cache.objects_per_slab * cache.stride;
    assert_true(cache.objects_per_slab > 0);
    assert_true(cache.first_offset + used <= slab_size);
    assert_true(is_aligned(cache.first_offset | cache.stride, alignment));
    assert_true(cache.stride >= size);
    assert_true((slab_size - used) * 8 <= slab_size || cache.order == SLAB_ORDER_MAX);
    cache_end(&cache);
}

static void test_slab_layout_of_all_sizes_wastes_little(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SLAB_OBJECT_SIZE_MAX; size++) {
        check_layout(size, 1);
        check_layout(size, 64);
    }
    for (size_t alignment = 1; alignment <= PAGE_SIZE; alignment *= 2) {
        check_layout(1, alignment);
        check_layout(1000, alignment);
        check_layout(SLAB_OBJECT_SIZE_MAX, alignment);
    }
}

static void test_slab_objects_cost_only_their_size(void **state)
{
    struct slab_cache cache;

    (void)state;
    slab_cache_init(&cache, "thing", 40, 8);
    assert_int_equal(cache.stride, 40);
    assert_int_equal(cache.order, 0);
    assert_int_equal(cache.objects_per_slab, (PAGE_SIZE - 40) / 40);
    cache_end(&cache);
}

/* --- objects ------------------------------------------------------------------------------------
 */

/* Fills many objects, each with its own byte, and looks at them all in the end. */
static void check_objects(size_t size, size_t alignment)
{
    void *objects[50];
    struct slab_cache cache;
    uint64_t before = frames_free();

    slab_cache_init(&cache, "thing", size, alignment);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 50; i++) {
            objects[i] = alloc(&cache);
            assert_true(is_aligned((uintptr_t)objects[i], alignment));
            assert_filled(objects[i], size, 0);
            memset(objects[i], (int)(i + 1), size);
        }
        for (size_t i = 0; i < 50; i++) {
            assert_filled(objects[i], size, (uint8_t)(i + 1));
            slab_free(&cache, objects[i]);
        }
    }
    cache_end(&cache);
    assert_int_equal(frames_free(), before);
}

static void test_slab_objects_are_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 9, 24, 64, 100, 500, 1000, 2048, 4000, 4096, 8192};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t alignment = 1; alignment <= PAGE_SIZE; alignment *= 8) {
            check_objects(sizes[i], alignment);
        }
    }
}

static void test_slab_free_accepts_null(void **state)
{
    struct slab_cache cache;

    (void)state;
    slab_cache_init(&cache, "thing", 100, 8);
    slab_free(&cache, NULL);
    cache_end(&cache);
}

static void test_slab_full_slabs_are_found_again_when_freed(void **state)
{
    void *objects[OBJECT_MAX];
    struct slab_cache cache;
    size_t count;

    (void)state;
    slab_cache_init(&cache, "thing", 200, 8);
    count = (size_t)cache.objects_per_slab * 3;
    assert_true(count <= OBJECT_MAX);
    for (size_t i = 0; i < count; i++) {
        objects[i] = alloc(&cache);
    }
    assert_int_equal(cache.slab_count, 3);
    assert_int_equal(cache.order, 0);
    slab_free(&cache, objects[1]);
    assert_ptr_equal(slab_alloc(&cache), objects[1]);
    assert_int_equal(cache.slab_count, 3);
    assert_int_equal(cache.in_use_count, count);
    for (size_t i = 0; i < count; i++) {
        slab_free(&cache, objects[i]);
    }
    cache_end(&cache);
}

static void test_slab_keeps_one_empty_slab(void **state)
{
    void *objects[OBJECT_MAX];
    struct slab_cache cache;
    size_t per_slab;
    uint64_t before = frames_free();

    (void)state;
    slab_cache_init(&cache, "thing", 200, 8);
    per_slab = cache.objects_per_slab;
    for (size_t i = 0; i < 4 * per_slab; i++) {
        objects[i] = alloc(&cache);
    }
    assert_int_equal(frames_free(), before - 4);
    for (size_t i = 0; i < 4 * per_slab; i++) {
        slab_free(&cache, objects[i]);
        assert_int_equal(frames_free(),
                         before - 4 + (i / per_slab == 0 ? 0 : (i + 1) / per_slab - 1));
    }
    assert_int_equal(cache.slab_count, 1);
    objects[0] = alloc(&cache);
    assert_int_equal(frames_free(), before - 1);
    slab_free(&cache, objects[0]);
    cache_end(&cache);
    assert_int_equal(frames_free(), before);
}

static void test_slab_prefers_slabs_in_use_to_the_empty_one(void **state)
{
    void *objects[OBJECT_MAX];
    struct slab_cache cache;
    size_t per_slab;
    void *object;

    (void)state;
    slab_cache_init(&cache, "thing", 200, 8);
    per_slab = cache.objects_per_slab;
    for (size_t i = 0; i < 2 * per_slab; i++) {
        objects[i] = alloc(&cache);
    }
    slab_free(&cache, objects[0]);
    for (size_t i = per_slab; i < 2 * per_slab; i++) {
        slab_free(&cache, objects[i]);
    }
    object = alloc(&cache);
    assert_ptr_equal(object, objects[0]);
    for (size_t i = 0; i < per_slab; i++) {
        slab_free(&cache, objects[i]);
    }
    cache_end(&cache);
}

static void test_slab_each_allocation_failure_is_clean(void **state)
{
    struct slab_cache cache;
    uint64_t before = frames_free();
    uint64_t n = 0;
    void *object;

    (void)state;
    slab_cache_init(&cache, "thing", 200, 8);
    do {
        n++;
        inject_fail_after(n);
        object = slab_alloc(&cache);
        assert_int_equal(object == NULL, !inject_is_armed());
        assert_int_equal(cache.in_use_count, object != NULL);
        assert_int_equal(frames_free(), object != NULL ? before - 1 : before);
    } while (object == NULL);
    assert_int_equal(n, 3); /* the object, then its frame */
    inject_fail_after(0);
    slab_free(&cache, object);
    cache_end(&cache);
}

static void test_slab_without_memory_fails_and_recovers(void **state)
{
    struct slab_cache cache;
    void *first = NULL;
    void *object;
    uint64_t before = frames_free();

    (void)state;
    slab_cache_init(&cache, "thing", 8192, 8);
    while ((object = slab_alloc(&cache)) != NULL) {
        *(void **)object = first;
        first = object;
    }
    assert_null(slab_alloc(&cache));
    for (; first != NULL; first = object) {
        object = *(void **)first;
        slab_free(&cache, first);
    }
    cache_end(&cache);
    assert_int_equal(frames_free(), before);
}

/* --- what debug kernels find ---------------------------------------------------------------------
 */

static void test_slab_free_twice_panics(void **state)
{
    struct slab_cache cache;
    void *object;
    void *other;

    (void)state;
    slab_cache_init(&cache, "thing", 100, 8);
    object = alloc(&cache);
    other = alloc(&cache);
    slab_free(&cache, object);
    ASSERT_PANICS(slab_free(&cache, object), "thing 0x");
    ASSERT_PANICS(slab_free(&cache, object), "freed twice");
    slab_free(&cache, other);
    ASSERT_PANICS(slab_free(&cache, object), "in_use_count");
    cache_end(&cache);
}

static void test_slab_free_twice_of_smallest_object_panics(void **state)
{
    struct slab_cache cache;
    void *objects[2];

    (void)state;
    slab_cache_init(&cache, "thing", 4, 1);
    objects[0] = alloc(&cache);
    objects[1] = alloc(&cache);
    slab_free(&cache, objects[1]);
    ASSERT_PANICS(slab_free(&cache, objects[1]), "freed twice");
    slab_free(&cache, objects[0]);
    cache_end(&cache);
}

static void test_slab_object_that_looks_freed_is_not(void **state)
{
    struct slab_cache cache;
    void *object;

    (void)state;
    slab_cache_init(&cache, "thing", 100, 8);
    object = alloc(&cache);
    memset(object, 0x6b, 100); /* the poison */
    slab_free(&cache, object);
    cache_end(&cache);
}

static void test_slab_write_beyond_the_end_panics(void **state)
{
    struct slab_cache cache;
    uint8_t *object;

    (void)state;
    for (size_t size = 1; size < 40; size++) {
        slab_cache_init(&cache, "thing", size, 8);
        object = alloc(&cache);
        object[size] ^= 1;
        ASSERT_PANICS(slab_free(&cache, object), "beyond its end");
        object[size] ^= 1;
        object[size + 15] ^= 1;
        ASSERT_PANICS(slab_free(&cache, object), "beyond its end");
        object[size + 15] ^= 1;
        slab_free(&cache, object);
        cache_end(&cache);
    }
}

static void test_slab_write_after_free_panics(void **state)
{
    struct slab_cache cache;
    uint8_t *object;
    uint8_t *other;

    (void)state;
    slab_cache_init(&cache, "thing", 100, 8);
    object = alloc(&cache);
    other = alloc(&cache);
    slab_free(&cache, object);
    object[99] = 1;
    ASSERT_PANICS(alloc(&cache), "after it was freed");
    object[99] = 0x6b;
    slab_free(&cache, other);
    /* The failed allocation had taken the object already. */
}

static void test_slab_free_of_something_else_panics(void **state)
{
    struct slab_cache caches[2];
    uint8_t *object;

    (void)state;
    slab_cache_init(&caches[0], "thing", 100, 8);
    slab_cache_init(&caches[1], "other", 100, 8);
    object = alloc(&caches[0]);
    ASSERT_PANICS(slab_free(&caches[1], object), "cache");
    ASSERT_PANICS(slab_free(&caches[0], object + 8), "not an object");
    ASSERT_PANICS(slab_free(&caches[0], object + caches[0].stride), "not an object");
    ASSERT_PANICS(slab_free(&caches[0], (void *)align_down_u64((uintptr_t)object, PAGE_SIZE)),
                  "not an object");
    slab_free(&caches[0], object);
    cache_end(&caches[0]);
    cache_end(&caches[1]);
}

/* --- random use ----------------------------------------------------------------------------------
 */

struct held {
    uint8_t *object; /* NULL: none */
    struct slab_cache *cache;
    uint8_t tag;
};

static void random_use(void)
{
    enum {
        CACHE_COUNT = 4,
        HELD_COUNT = 500,
        STEP_COUNT = 60000
    };
    static const size_t sizes[CACHE_COUNT] = {8, 72, 700, 5000};
    static struct held held[HELD_COUNT];
    struct slab_cache caches[CACHE_COUNT];
    uint64_t in_use[CACHE_COUNT] = {0};
    uint64_t before = frames_free();
    struct random random;

    random_init(&random);
    for (size_t i = 0; i < CACHE_COUNT; i++) {
        slab_cache_init(&caches[i], "thing", sizes[i], 8);
    }
    for (int step = 0; step < STEP_COUNT; step++) {
        struct held *one = &held[random_below(&random, HELD_COUNT)];
        size_t which = random_below(&random, CACHE_COUNT);
        bool is_growing = step / 5000 % 2 == 0;

        if (one->object != NULL && random_chance(&random, is_growing ? 30 : 90)) {
            assert_filled(one->object, one->cache->object_size, one->tag);
            in_use[one->cache - caches]--;
            slab_free(one->cache, one->object);
            one->object = NULL;
        } else if (one->object == NULL && random_chance(&random, is_growing ? 90 : 30)) {
            inject_fail_after(random_below(&random, 10));
            one->object = slab_alloc(&caches[which]);
            inject_fail_after(0);
            if (one->object != NULL) {
                one->cache = &caches[which];
                one->tag = (uint8_t)step;
                assert_filled(one->object, sizes[which], 0);
                memset(one->object, one->tag, sizes[which]);
                in_use[which]++;
            }
        }
        assert_int_equal(caches[which].in_use_count, in_use[which]);
        assert_true(caches[which].empty_count <= 2);
    }
    for (size_t i = 0; i < HELD_COUNT; i++) {
        slab_free(held[i].cache, held[i].object);
        held[i].object = NULL;
    }
    for (size_t i = 0; i < CACHE_COUNT; i++) {
        cache_end(&caches[i]);
    }
    assert_int_equal(frames_free(), before);
}

static void test_slab_random_use_keeps_objects_apart(void **state)
{
    (void)state;
    random_use();
}

#define RELEASE_TEST(name) cmocka_unit_test_setup(name, setup_release)
#define DEBUG_TEST(name)   cmocka_unit_test_setup(name, setup_debug)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEBUG_TEST(test_slab_new_cache_takes_no_memory),
        DEBUG_TEST(test_slab_init_with_bad_numbers_panics),
        DEBUG_TEST(test_slab_caches_are_listed),
        RELEASE_TEST(test_slab_layout_of_all_sizes_wastes_little),
        RELEASE_TEST(test_slab_objects_cost_only_their_size),
        RELEASE_TEST(test_slab_objects_are_zeroed_aligned_and_apart),
        DEBUG_TEST(test_slab_objects_are_zeroed_aligned_and_apart),
        DEBUG_TEST(test_slab_free_accepts_null),
        DEBUG_TEST(test_slab_full_slabs_are_found_again_when_freed),
        DEBUG_TEST(test_slab_keeps_one_empty_slab),
        DEBUG_TEST(test_slab_prefers_slabs_in_use_to_the_empty_one),
        DEBUG_TEST(test_slab_each_allocation_failure_is_clean),
        DEBUG_TEST(test_slab_without_memory_fails_and_recovers),
        DEBUG_TEST(test_slab_free_twice_panics),
        DEBUG_TEST(test_slab_free_twice_of_smallest_object_panics),
        DEBUG_TEST(test_slab_object_that_looks_freed_is_not),
        DEBUG_TEST(test_slab_write_beyond_the_end_panics),
        DEBUG_TEST(test_slab_free_of_something_else_panics),
        RELEASE_TEST(test_slab_random_use_keeps_objects_apart),
        DEBUG_TEST(test_slab_random_use_keeps_objects_apart),
        /* Last: it leaves a damaged cache behind. */
        DEBUG_TEST(test_slab_write_after_free_panics),
    };

    return cmocka_run_group_tests(tests, setup_once, NULL);
}
