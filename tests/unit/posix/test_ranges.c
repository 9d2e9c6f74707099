/* SPDX-License-Identifier: MIT */
#include "../../../libsys/posix/ranges.h"
#include <string.h>
#include "../property.h"
#include "heap.h"

#define PAGES    64u
#define CAPACITY 80u

/* Every page by itself: 0 is free, else 1 + protection. */
struct world {
    struct posix_ranges ranges;
    struct posix_range at[CAPACITY];
    uint8_t pages[PAGES];
};

static uint64_t address(size_t page)
{
    return (page + 1) * PAGE_SIZE;
}

static void compare(const struct world *world)
{
    size_t page = 0;

    for (size_t i = 0; i < world->ranges.count; i++) {
        const struct posix_range *range = &world->at[i];

        for (; address(page) < range->start; page++) {
            assert_int_equal(world->pages[page], 0);
        }
        assert_true(range->start < range->end);
        for (; page < PAGES && address(page) < range->end; page++) {
            assert_int_equal(world->pages[page], 1 + range->protection);
        }
        if (i > 0 && world->at[i - 1].end == range->start) {
            assert_true(world->at[i - 1].protection != range->protection);
        }
    }
    for (; page < PAGES; page++) {
        assert_int_equal(world->pages[page], 0);
    }
}

static bool model_free(const struct world *world, size_t first, size_t end)
{
    while (first < end && world->pages[first] == 0) {
        first++;
    }
    return first == end;
}

static bool model_covered(const struct world *world, size_t first, size_t end)
{
    while (first < end && world->pages[first] != 0) {
        first++;
    }
    return first == end;
}

/* The first page of the highest run of `count` free ones. */
static uint64_t model_room(const struct world *world, size_t count)
{
    for (size_t first = PAGES - count + 1; first-- > 0;) {
        if (model_free(world, first, first + count)) {
            return address(first);
        }
    }
    return 0;
}

static void step(struct world *world, struct random *random)
{
    const size_t first = random_below(random, PAGES);
    const size_t end = first + 1 + random_below(random, PAGES - first);
    const uint32_t protection = (uint32_t)random_below(random, 3);

    assert_int_equal(posix_ranges_free(&world->ranges, address(first), address(end)),
                     model_free(world, first, end));
    assert_int_equal(posix_ranges_covered(&world->ranges, address(first), address(end)),
                     model_covered(world, first, end));
    assert_int_equal(
        posix_ranges_room(&world->ranges, (end - first) * PAGE_SIZE, address(0), address(PAGES)),
        model_room(world, end - first));
    if (!posix_ranges_can_grow(&world->ranges)) {
        return;
    }
    switch (random_below(random, 3)) {
    case 0:
        if (model_free(world, first, end)) {
            posix_ranges_add(&world->ranges, (struct posix_range){.start = address(first),
                                                                  .end = address(end),
                                                                  .protection = protection});
            memset(world->pages + first, (int)protection + 1, end - first);
        }
        break;
    case 1:
        posix_ranges_remove(&world->ranges, address(first), address(end));
        memset(world->pages + first, 0, end - first);
        break;
    default:
        posix_ranges_protect(&world->ranges, address(first), address(end), protection);
        for (size_t page = first; page < end; page++) {
            world->pages[page] = world->pages[page] != 0 ? (uint8_t)(protection + 1) : 0;
        }
        break;
    }
}

static void test_ranges_agree_with_a_page_by_page_model(void **state)
{
    struct random random;

    (void)state;
    random_init(&random);
    for (unsigned run = 0; run < 200; run++) {
        struct world world = {.ranges = {.capacity = CAPACITY}};

        world.ranges.at = world.at;
        for (unsigned i = 0; i < 200; i++) {
            step(&world, &random);
            compare(&world);
        }
    }
}

static void test_ranges_room_is_not_below_the_lowest(void **state)
{
    struct posix_range at[CAPACITY] = {{.start = 5 * PAGE_SIZE, .end = 9 * PAGE_SIZE}};
    const struct posix_ranges ranges = {.at = at, .count = 1, .capacity = CAPACITY};

    (void)state;
    assert_int_equal(posix_ranges_room(&ranges, PAGE_SIZE, 4 * PAGE_SIZE, 9 * PAGE_SIZE),
                     4 * PAGE_SIZE);
    assert_int_equal(posix_ranges_room(&ranges, PAGE_SIZE, 5 * PAGE_SIZE, 9 * PAGE_SIZE), 0);
    assert_int_equal(posix_ranges_room(&ranges, PAGE_SIZE, 5 * PAGE_SIZE, 8 * PAGE_SIZE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_agree_with_a_page_by_page_model),
        cmocka_unit_test(test_ranges_room_is_not_below_the_lowest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
