/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/boot_memory.h"
#include "arch/mmu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/memory_map.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"

static struct {
    uint64_t start, next, end;
} x_boot_memory;

bool boot_memory_init(const struct boot_info *info)
{
    uint64_t best = 0;

    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        const uint64_t start = max_u64(range->start.value, image_physical(boot_end).value);
        const uint64_t end = range->start.value + range->size_bytes;
        if (range->type == BOOT_RANGE_RAM && end <= 0x100000000 && end > start + best) {
            best = end - start;
            x_boot_memory.start = x_boot_memory.next = start;
            x_boot_memory.end = end;
        }
    }
    return best != 0;
}

struct paddr boot_memory_pages(size_t page_count)
{
    const uint64_t size = page_count * PAGE_SIZE;
    const struct paddr pages = paddr_of(x_boot_memory.next);

    if (size > x_boot_memory.end - x_boot_memory.next) {
        panic("boot: out of memory");
    }
    x_boot_memory.next += size;
    memset(arch_direct_map(pages), 0, size);
    return pages;
}

void boot_memory_finish(struct boot_info *info)
{
    if (!memory_map_reserve(info, x_boot_memory.start, x_boot_memory.next - x_boot_memory.start)) {
        panic("boot: memory map");
    }
    x_boot_memory.end = x_boot_memory.next;
}
