/* SPDX-License-Identifier: MIT */
/* From a keyboard to a terminal: any bytes from the controller, any answers to commands, any events
 * and any text as a layout. */
#include "fuzz/input.h"

#include "../../servers/console/keys.h"
#include "../../servers/console/layouts.h"
#include "../../servers/drivers/input/ps2/scancode.h"
#include "../../servers/drivers/input/ps2/sender.h"

static void layout_check(const struct layout *layout)
{
    for (uint32_t key = 0; key < LAYOUT_KEYS; key++) {
        for (uint32_t level = 0; level < LAYOUT_LEVELS; level++) {
            MUST((layout->characters[key][level] & ~LAYOUT_DEAD) < 0x110000);
        }
    }
}

static void event_type(struct keys *keys, const struct qy_keyboard_event *event)
{
    uint8_t *bytes = malloc(KEYS_BYTES_MAX);
    MUST(bytes != NULL);
    MUST(keys_event(keys, event, bytes) <= KEYS_BYTES_MAX);
    MUST(keys_lights(keys) < 8);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned how = (unsigned)input_take(&input, 1);
    struct scancode scancode;
    struct sender sender = {0};
    struct layout layout = {0};
    struct keys keys;

    if (how & 1) {
        (void)layout_parse((const char *)input.bytes, input.left, &layout);
    } else {
        const char *text = layout_texts[how % layout_text_count].text;
        MUST(layout_parse(text, strlen(text), &layout) == 0);
    }
    layout_check(&layout);
    keys_init(&keys, &layout);
    scancode_init(&scancode, how & 2);
    while (input.left > 0) {
        struct qy_keyboard_event event;
        uint8_t byte = (uint8_t)input_take(&input, 1), next;
        if (how & 4) {
            event = (struct qy_keyboard_event){.key = (uint16_t)(byte | input_take(&input, 1) << 8),
                                               .action = byte % 3};
            event_type(&keys, &event);
            continue;
        }
        if (byte == 0xf3) {
            (void)sender_add(&sender, byte, (uint8_t)input_take(&input, 1));
            (void)sender_next(&sender, &next);
        } else if (byte == 0xf5) {
            sender_timed_out(&sender);
        } else if (!sender_received(&sender, byte) && scancode_decode(&scancode, byte, &event)) {
            MUST(event.key > 0 && event.key < 0x300);
            event_type(&keys, &event);
        }
        MUST(sender.head - sender.tail <= SENDER_BYTES);
    }
    return 0;
}
