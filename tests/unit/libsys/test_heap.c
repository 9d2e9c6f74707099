/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <quay/heap.h>
#include <quay/abi/types.h>

static struct {
    size_t pages_left; /* bytes that pages_get still gives */
    size_t pages_out;
    void *pages[4096];
    jmp_buf corrupt_jump;
    const char *corrupt_text;
} fake;

static void *pages_get(size_t size_bytes)
{
    assert_int_equal(size_bytes % PAGE_SIZE, 0);
    if (size_bytes > fake.pages_left) {
        return NULL;
    }
    fake.pages_left -= size_bytes;
    fake.pages_out += size_bytes;
    void *pages = aligned_alloc(PAGE_SIZE, size_bytes);
    memset(pages, 0, size_bytes);
    for (size_t i = 0; i < 4096; i++) {
        if (fake.pages[i] == NULL) {
            fake.pages[i] = pages;
            return pages;
        }
    }
    abort();
}

static void pages_put(void *pages, size_t size_bytes)
{
    fake.pages_out -= size_bytes;
    fake.pages_left += size_bytes;
    for (size_t i = 0; i < 4096; i++) {
        if (fake.pages[i] == pages) {
            fake.pages[i] = NULL;
            free(pages);
            return;
        }
    }
    fail();
}

static void corrupt(const char *what)
{
    fake.corrupt_text = what;
    longjmp(fake.corrupt_jump, 1);
}

static int setup(void **state)
{
    struct qy_heap *heap = calloc(1, sizeof *heap);
    *heap = (struct qy_heap){.pages_get = pages_get, .pages_put = pages_put, .corrupt = corrupt};
    memset(&fake, 0, sizeof fake);
    fake.pages_left = 64u << 20;
    *state = heap;
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < 4096; i++) {
        free(fake.pages[i]);
    }
    free(*state);
    return 0;
}

static void test_heap_every_size_is_aligned_and_large_enough(void **state)
{
    for (size_t size = 0; size < 20000; size += size < 200 ? 1 : 97) {
        void *block = qy_heap_alloc(*state, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        assert_true(qy_heap_size(*state, block) >= size);
        memset(block, 0xa5, size);
        qy_heap_free(*state, block);
    }
    assert_int_equal(((struct qy_heap *)*state)->used_bytes, 0);
}

static void test_heap_freed_block_is_used_again(void **state)
{
    void *block = qy_heap_alloc(*state, 100);
    qy_heap_free(*state, block);
    assert_ptr_equal(qy_heap_alloc(*state, 120), block); /* the same class */
}

static void test_heap_large_block_gives_its_pages_back(void **state)
{
    void *block = qy_heap_alloc(*state, QY_HEAP_SMALL_MAX + 1);
    assert_true(fake.pages_out > QY_HEAP_SMALL_MAX);
    qy_heap_free(*state, block);
    assert_int_equal(fake.pages_out, 0);
}

static void test_heap_out_of_pages_returns_null(void **state)
{
    fake.pages_left = 0;
    assert_null(qy_heap_alloc(*state, 1));
    assert_null(qy_heap_alloc(*state, 1u << 20));
    assert_null(qy_heap_alloc(*state, SIZE_MAX));
    assert_null(qy_heap_alloc(*state, SIZE_MAX - 64));
    assert_int_equal(((struct qy_heap *)*state)->used_bytes, 0);
}

static void test_heap_double_free_is_caught(void **state)
{
    void *block = qy_heap_alloc(*state, 10);
    qy_heap_free(*state, block);
    if (setjmp(fake.corrupt_jump) == 0) {
        qy_heap_free(*state, block);
        fail();
    }
    assert_string_equal(fake.corrupt_text, "heap: a block was freed twice");
}

static void test_heap_wild_free_is_caught(void **state)
{
    uint8_t *block = qy_heap_alloc(*state, 100);
    memset(block, 0, 100);
    if (setjmp(fake.corrupt_jump) == 0) {
        qy_heap_free(*state, block + 32);
        fail();
    }
    assert_string_equal(fake.corrupt_text, "heap: freed what is not a block");
}

#define SLOTS 500

static void test_heap_random_use_keeps_contents(void **state)
{
    static struct {
        uint8_t *block;
        size_t size;
    } slots[SLOTS];
    uint64_t random = 42;
    for (int round = 0; round < 100000; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t slot = (random >> 33) % SLOTS;
        if (slots[slot].block != NULL) {
            for (size_t i = 0; i < slots[slot].size; i += 7) {
                assert_int_equal(slots[slot].block[i], (uint8_t)slot);
            }
            qy_heap_free(*state, slots[slot].block);
            slots[slot].block = NULL;
        } else {
            slots[slot].size = (random >> 13) % ((random >> 45) % 64 == 0 ? 40000 : 700);
            slots[slot].block = qy_heap_alloc(*state, slots[slot].size);
            assert_non_null(slots[slot].block);
            memset(slots[slot].block, (int)slot, slots[slot].size);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_heap_every_size_is_aligned_and_large_enough),
        TEST(test_heap_freed_block_is_used_again),
        TEST(test_heap_large_block_gives_its_pages_back),
        TEST(test_heap_out_of_pages_returns_null),
        TEST(test_heap_double_free_is_caught),
        TEST(test_heap_wild_free_is_caught),
        TEST(test_heap_random_use_keeps_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
