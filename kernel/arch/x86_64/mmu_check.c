/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/mmu.h"
#include "arch/cpu.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/ist.h"
#include "arch/x86_64/pte.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/checked.h"

bool x86_mmu_check_on;

static void check_page(uint64_t address, uint64_t rights)
{
    const bool is_kernel_half = address >> 63 != 0;

    if ((rights & PTE_WRITE) && !(rights & PTE_NX)) {
        panic("page tables: 0x%lx is writable and executable", address);
    }
    if (((rights & PTE_USER) != 0) == is_kernel_half) {
        panic("page tables: 0x%lx is a %s page", address, is_kernel_half ? "user" : "kernel");
    }
    if (range_has(CPU_AREA_BASE, (uint64_t)MAX_CPUS * CPU_AREA_SLOT, address) &&
        !x86_is_stack_page(address)) {
        panic("page tables: guard page 0x%lx of a stack is mapped", address);
    }
}

/* `above` is what the entries from the root down to here add up to: all must allow writing and user
 * mode, and one is enough to forbid execution. Returns the number of pages. */
static uint64_t check_table(const uint64_t *table, unsigned level, uint64_t base, uint64_t above)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        const uint64_t entry = table[i];
        const uint64_t rights =
            (above & entry & (PTE_WRITE | PTE_USER)) | ((above | entry) & PTE_NX);
        uint64_t address = base | (uint64_t)i << (12 + 9 * (level - 1));

        if (!(entry & PTE_PRESENT)) {
            continue;
        }
        if (level == 4 && i >= USER_ROOT_ENTRIES) {
            address |= 0xffff000000000000; /* canonical form */
        }
        if (level == 1 || (level < 4 && (entry & PTE_LARGE))) {
            check_page(address, rights);
            pages++;
        } else {
            pages += check_table(entry_table(entry), level - 1, address, rights);
        }
    }
    return pages;
}

static uint64_t check_all(void)
{
    return check_table(root_table(cr3_read()), 4, 0, PTE_WRITE | PTE_USER);
}

void arch_selftest(void)
{
    log_info("page tables: %lu pages checked, W^X holds", (unsigned long)check_all());
    x86_mmu_check_on = true;
}

/* Other CPUs may change these tables meanwhile. They are not freed: this CPU has them loaded. */
void x86_mmu_check(void)
{
    static uint64_t walks; /* atomic */
    const uint64_t pages = check_all();
    const uint64_t count = __atomic_add_fetch(&walks, 1, __ATOMIC_RELAXED);

    if (is_power_of_two_u64(count)) {
        log_info("page tables: walk %lu, %lu pages, W^X holds", (unsigned long)count,
                 (unsigned long)pages);
    }
}
