/* SPDX-License-Identifier: MIT */
/* The line discipline: any keys under any settings. Positions stay in order, a read gives no more
 * than was asked for and nothing that is not there, and what is shown is bounded. */
#include "fuzz/input.h"

#include "../../servers/console/discipline.h"

static size_t shown;

static void send(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    MUST(count > 0 && count <= DISCIPLINE_EXPANSION);
    shown += count + (bytes[0] & 0);
}

static void nothing(void *context)
{
    (void)context;
}

static void signal_note(void *context, int number)
{
    (void)context;
    MUST(number > 0);
}

static void check(const struct discipline *discipline)
{
    uint32_t used = discipline->head - discipline->tail;
    MUST(used <= DISCIPLINE_INPUT);
    MUST(discipline->line - discipline->tail <= used);
    MUST(discipline_room(discipline) <= DISCIPLINE_INPUT);
    MUST(discipline_available(discipline) <= used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct discipline discipline;
    struct discipline_outside outside = {send, nothing, signal_note, &discipline};
    struct input input = {data, size};
    discipline_init(&discipline);
    while (input.left > 0) {
        unsigned what = (unsigned)input_take(&input, 1);
        if (what < 4) {
            struct qy_tty_attributes attributes = discipline.attributes;
            attributes.input = (uint32_t)input_take(&input, 2);
            attributes.output = (uint32_t)input_take(&input, 2);
            attributes.local = (uint32_t)input_take(&input, 2);
            attributes.control_characters[input_take(&input, 1) % 19] = (uint8_t)what;
            discipline_set(&discipline, &attributes);
        } else if (what < 16) {
            uint32_t max = (uint32_t)input_take(&input, 1);
            uint32_t available = discipline_available(&discipline);
            uint8_t *bytes = malloc(max != 0 ? max : 1);
            MUST(bytes != NULL);
            uint32_t count = discipline_read(&discipline, bytes, max);
            MUST(count <= max && count <= available);
            free(bytes);
        } else if (what < 24) {
            uint8_t bytes[DISCIPLINE_EXPANSION];
            MUST(discipline_output(&discipline, (uint8_t)input_take(&input, 1), bytes) <=
                 DISCIPLINE_EXPANSION);
        } else if (what < 32) {
            /* a whole line, and more than fits */
            for (unsigned i = (unsigned)input_take(&input, 1) * 32; i > 0; i--) {
                discipline_receive(&discipline, &outside, (uint8_t)(what + i % 96));
            }
        } else {
            size_t before = shown;
            discipline_receive(&discipline, &outside, (uint8_t)(what - 32 * (what % 3 == 0)));
            MUST(shown - before <= 16u * DISCIPLINE_INPUT);
        }
        check(&discipline);
    }
    return 0;
}
