/* SPDX-License-Identifier: MIT */
/* Memory maps of any ranges. What was reserved is not RAM any more. */
#include "fuzz/map.h"

static bool is_ram(const struct boot_info *info, uint64_t address)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];

        if (range->type == BOOT_RANGE_RAM && address >= range->start.value &&
            address - range->start.value < range->size_bytes) {
            return true;
        }
    }
    return false;
}

/* Small numbers meet more often. */
static uint64_t take_number(struct input *input)
{
    uint64_t size = input_take(input, 1);

    return input_take(input, size % 9) << (size / 9 % 4 * 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct boot_info info = {0};

    while (input.left > 0) {
        unsigned what = (unsigned)input_take(&input, 1);
        uint64_t start = take_number(&input), length = take_number(&input);

        if (what % 8 == 0) {
            map_check(&info);
        } else if (what % 8 == 1) {
            if (memory_map_normalize(&info) && memory_map_reserve(&info, start, length) &&
                length != 0 && length <= UINT64_MAX - start) {
                MUST(!is_ram(&info, start) && !is_ram(&info, start + length - 1));
            }
        } else if (what % 8 == 2) {
            size_t entry_size = sizeof(struct e820_entry) + what / 8;
            size_t count = input.left / entry_size;
            void *entries = input_copy(&input, count * entry_size);

            (void)!memory_map_add_e820(&info, entries, entry_size, count);
            free(entries);
            input.left = 0;
        } else {
            (void)!memory_map_add(&info, start, length, (enum boot_range_type)(what / 8 % 3));
        }
    }
    map_check(&info);
    return 0;
}
