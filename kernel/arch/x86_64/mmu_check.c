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

/* What the entries from the root down to here add up to. */
struct rights {
    bool write, exec, user;
};

static uint64_t check_page(uint64_t address, struct rights rights)
{
    const bool is_kernel_half = address >> 63 != 0;

    if (rights.write && rights.exec) {
        panic("page tables: 0x%lx is writable and executable", address);
    }
    if (rights.user == is_kernel_half) {
        panic("page tables: 0x%lx is a %s page", address, rights.user ? "user" : "kernel");
    }
    return 1;
}

static uint64_t check_table(const uint64_t *table, unsigned level, uint64_t base,
                            struct rights above)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        const uint64_t entry = table[i];
        uint64_t address = base | (uint64_t)i << (12 + 9 * (level - 1));
        const struct rights rights = {
            .write = above.write && (entry & PTE_WRITE) != 0,
            .exec = above.exec && (entry & PTE_NX) == 0,
            .user = above.user && (entry & PTE_USER) != 0,
        };
        if (!(entry & PTE_PRESENT)) {
            continue;
        }
        if (level == 4 && i >= USER_ROOT_ENTRIES) {
            address |= 0xffff000000000000; /* canonical form */
        }
        if (level == 1 || (level < 4 && (entry & PTE_LARGE))) {
            pages += check_page(address, rights);
        } else {
            pages += check_table(entry_table(entry), level - 1, address, rights);
        }
    }
    return pages;
}

static bool is_mapped(uint64_t address)
{
    const uint64_t *table = root_table(cr3_read());

    for (unsigned level = 4;; level--) {
        const uint64_t entry = table[table_index(address, level)];
        if (!(entry & PTE_PRESENT)) {
            return false;
        }
        if (level == 1 || (level < 4 && (entry & PTE_LARGE))) {
            return true;
        }
        table = entry_table(entry);
    }
}

/* The page on top of a stack is mapped, the one below its lowest is not. */
static void check_stack(uint64_t top, uint64_t size)
{
    if (!is_mapped(top - PAGE_SIZE) || is_mapped(top - size - PAGE_SIZE)) {
        panic("page tables: no guard page under the stack at 0x%lx", top);
    }
}

static uint64_t check_all(void)
{
    const struct rights all = {true, true, true};

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        check_stack(X86_KERNEL_STACK_TOP(cpu), X86_KERNEL_STACK_SIZE);
        for (unsigned ist = 1; ist <= X86_IST_COUNT; ist++) {
            check_stack(X86_IST_STACK_TOP(cpu, ist), PAGE_SIZE);
        }
    }
    return check_table(root_table(cr3_read()), 4, 0, all);
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
