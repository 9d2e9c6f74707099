/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/boot_memory.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/pte.h"
#include "arch/x86_64/screen.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"

static struct {
    uint64_t cr3;
    /* RAM as the firmware listed it, for arch_physical_is_ram. */
    uint32_t ram_count;
    struct boot_range ram[BOOT_RANGE_MAX];
} x_mmu;

uint64_t x86_mmu_kernel_cr3(void)
{
    return x_mmu.cr3;
}

void arch_aspace_kernel(struct arch_aspace *ret_aspace)
{
    ret_aspace->cr3 = x_mmu.cr3;
}

/* The entry for an address at `level`; tables above it are made. */
static uint64_t *boot_entry(uint64_t cr3, uint64_t address, unsigned level)
{
    uint64_t *table = root_table(cr3);

    for (unsigned at = 4; at > level; at--) {
        uint64_t *entry = &table[table_index(address, at)];
        if (!(*entry & PTE_PRESENT)) {
            entry_set(entry, boot_memory_pages(1).value | PTE_PRESENT | PTE_WRITE);
        }
        assert(!(*entry & PTE_LARGE));
        table = entry_table(*entry);
    }
    return &table[table_index(address, level)];
}

void x86_mmu_map_fixed(uint64_t address, struct paddr frame, unsigned flags)
{
    entry_set(boot_entry(x_mmu.cr3, address, 1), frame.value | pte_flags(flags) | PTE_GLOBAL);
}

/* Permissions of a physical page inside the image. */
static unsigned image_flags(uint64_t physical)
{
    const uint64_t address = physical + IMAGE_BASE;

    if (address >= (uint64_t)text_start && address < (uint64_t)text_end) {
        return ARCH_MAP_READ | ARCH_MAP_EXEC;
    }
    if (address >= (uint64_t)rodata_start && address < (uint64_t)rodata_end) {
        return ARCH_MAP_READ;
    }
    return ARCH_MAP_READ | ARCH_MAP_WRITE;
}

static void map_image(void)
{
    for (uint64_t at = image_physical(image_start).value; at < image_physical(image_end).value;
         at += PAGE_SIZE) {
        x86_mmu_map_fixed(IMAGE_BASE + at, paddr_of(at), image_flags(at));
    }
}

/* 2 MiB of the direct map that hold a part of the image: page by page, text and constants read-only
 * here as well. */
static void map_direct_around_image(uint64_t start)
{
    for (uint64_t at = start; at < start + PAGE_2M; at += PAGE_SIZE) {
        x86_mmu_map_fixed(DIRECT_MAP_BASE + at, paddr_of(at), image_flags(at) & ~ARCH_MAP_EXEC);
    }
}

/* One entry of the direct map at `start`: as large as fits. Returns its size. */
static uint64_t map_direct_step(uint64_t start, uint64_t end)
{
    const uint64_t image_first = align_down_u64(image_physical(image_start).value, PAGE_2M);
    const uint64_t image_last = image_physical(image_end).value;
    const uint64_t flags =
        pte_flags(ARCH_MAP_READ | ARCH_MAP_WRITE) | PTE_GLOBAL | PTE_LARGE | start;

    if (start >= image_first && start < image_last) {
        if (!(*boot_entry(x_mmu.cr3, DIRECT_MAP_BASE + start, 2) & PTE_PRESENT)) {
            map_direct_around_image(start);
        }
        return PAGE_2M;
    }
    if (x86_features.huge_pages && is_aligned(start, PAGE_1G) && end - start >= PAGE_1G &&
        start >= PAGE_1G) {
        entry_set(boot_entry(x_mmu.cr3, DIRECT_MAP_BASE + start, 3), flags);
        return PAGE_1G;
    }
    entry_set(boot_entry(x_mmu.cr3, DIRECT_MAP_BASE + start, 2), flags);
    return PAGE_2M;
}

/* Whole blocks of 2 MiB: what else lies in the first or last block (a hole, a device's memory) is
 * never touched through here, and its caching is up to the MTRRs. */
static void map_direct(const struct boot_info *info)
{
    uint64_t mapped = 0; /* everything below is done */

    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        const uint64_t end = round_up_u64(range->start.value + range->size_bytes, PAGE_2M);
        uint64_t at = max_u64(align_down_u64(range->start.value, PAGE_2M), mapped);

        if (range->type == BOOT_RANGE_RESERVED) {
            continue;
        }
        while (at < end) {
            at += map_direct_step(at, end);
        }
        mapped = max_u64(mapped, at);
    }
}

/* The screen, uncached. */
static void map_direct_screen(void)
{
    uint64_t at, end;

    x86_screen_range(&at, &end);
    for (at = align_down_u64(at, PAGE_2M); at < end; at += PAGE_2M) {
        uint64_t *entry = boot_entry(x_mmu.cr3, DIRECT_MAP_BASE + at, 2);
        if (!(*entry & PTE_PRESENT)) {
            entry_set(entry, pte_flags(ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_DEVICE) |
                                 PTE_GLOBAL | PTE_LARGE | at);
        }
    }
}

static void remember_ram(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        if (info->ranges[i].type == BOOT_RANGE_RAM) {
            x_mmu.ram[x_mmu.ram_count++] = info->ranges[i];
        }
    }
}

bool arch_physical_is_ram(struct paddr start, uint64_t size_bytes)
{
    for (uint32_t i = 0; i < x_mmu.ram_count; i++) {
        if (range_overlaps(x_mmu.ram[i].start.value, x_mmu.ram[i].size_bytes, start.value,
                           size_bytes)) {
            return true;
        }
    }
    return false;
}

void x86_mmu_init(const struct boot_info *info)
{
    remember_ram(info);
    x_mmu.cr3 = boot_memory_pages(1).value;
    map_direct(info);
    map_direct_screen();
    map_image();
    /* The root entry of the area that grows later must exist before the first copy of the root. */
    (void)boot_entry(x_mmu.cr3, CPU_AREA_BASE, 3);
    cr3_write(x_mmu.cr3);
}

struct paddr x86_mmu_trampoline_root(struct paddr page)
{
    const struct paddr root = boot_memory_pages(1);

    memcpy(arch_direct_map(root), root_table(x_mmu.cr3), PAGE_SIZE);
    entry_set(boot_entry(root.value, page.value, 1),
              page.value | pte_flags(ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_EXEC));
    return root;
}
