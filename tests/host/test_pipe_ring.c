/* SPDX-License-Identifier: MIT */
/* The ring of a pipe, compared with a row of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include "../unit/property.h"
#include "../../servers/vfs/pipe_ring.h"

static uint8_t row[PIPE_LIMIT];
static uint32_t row_count;
static uint8_t next_in;

static void put_some(struct pipe_ring *ring, uint32_t wanted)
{
    while (wanted > 0) {
        uint32_t size;
        uint8_t *to = pipe_ring_tail(ring, wanted, &size);
        assert_int_equal(to == NULL, row_count == PIPE_LIMIT);
        if (to == NULL) {
            return;
        }
        assert_true(size > 0 && size <= wanted);
        for (uint32_t i = 0; i < size; i++) {
            to[i] = row[row_count++] = next_in++;
        }
        pipe_ring_put(ring, size);
        wanted -= size;
    }
}

static void take_some(struct pipe_ring *ring, uint32_t wanted)
{
    while (wanted > 0 && ring->count > 0) {
        uint32_t size;
        const uint8_t *from = pipe_ring_head(ring, &size);
        assert_true(size > 0);
        size = size < wanted ? size : wanted;
        assert_memory_equal(from, row, size);
        memmove(row, row + size, row_count - size);
        row_count -= size;
        pipe_ring_take(ring, size);
        wanted -= size;
    }
}

static void test_bytes_come_out_as_they_went_in(void **state)
{
    struct random random;
    struct pipe_ring ring = {0};
    (void)state;
    random_init(&random);
    row_count = 0;
    for (int i = 0; i < 3000; i++) {
        uint32_t size = (uint32_t)random_below(&random, random_chance(&random, 10) ? 70000 : 3000);
        if (random_chance(&random, 52)) {
            put_some(&ring, size);
        } else {
            take_some(&ring, size);
        }
        assert_int_equal(ring.count, row_count);
        assert_int_equal(pipe_ring_room(&ring), PIPE_LIMIT - row_count);
    }
    take_some(&ring, PIPE_LIMIT);
    assert_int_equal(row_count, 0);
    pipe_ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_out_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
