/* SPDX-License-Identifier: MIT */
/* What a multiboot2 loader leaves: any tags, with sizes that are right more often than not. */
#include "fuzz/map.h"

#include "arch/x86_64/multiboot2.h"
#include "unit/arch/memory.h"

#define AT 0x1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct boot_info info = {0};

    size = size > MEMORY_SIZE - AT ? MEMORY_SIZE - AT : size;
    memset(x_memory, 0, sizeof(x_memory));
    memory_put(AT, data, size);
    if (size >= 8 && data[4] % 4 != 0) { /* the second word is reserved: there we are told */
        const uint32_t total = (uint32_t)size;

        memory_put(AT, &total, sizeof(total));
    }
    if (multiboot2_parse(paddr_of(AT), memory_read, &info) == NULL) {
        MUST(info.range_count > 0);
        MUST(info.archive.value % 4096 == 0);
        map_check(&info);
    }
    MUST(memchr(info.command_line, 0, sizeof(info.command_line)) != NULL);
    MUST(memchr(info.loader, 0, sizeof(info.loader)) != NULL);
    return 0;
}
