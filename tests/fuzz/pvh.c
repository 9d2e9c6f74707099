/* SPDX-License-Identifier: MIT */
/* What a PVH loader leaves, somewhere in memory that the input fills. */
#include "fuzz/map.h"

#include "arch/x86_64/pvh.h"
#include "lib/checked.h"
#include "unit/arch/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint32_t magic = 0x336ec578;
    struct boot_info info = {0};

    size = size > MEMORY_SIZE ? MEMORY_SIZE : size;
    memset(x_memory, 0, sizeof(x_memory));
    memory_put(0, data, size);
    if (size > 4) {
        memory_put(0, &magic, sizeof(magic));
    }
    if (pvh_parse(paddr_of(0), memory_read, &info) == NULL) {
        MUST(info.range_count <= BOOT_RANGE_MAX);
        MUST(info.archive.value % 4096 == 0);
        MUST(range_is_valid(info.archive.value, info.archive_size_bytes));
        map_check(&info);
    }
    MUST(memchr(info.command_line, 0, sizeof(info.command_line)) != NULL);
    MUST(memchr(info.loader, 0, sizeof(info.loader)) != NULL);
    return 0;
}
