/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/ioapic.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/mmu.h"
#include "core/lock.h"
#include "lib/checked.h"
#include "lib/string.h"
#include <quay/abi/errno.h>

#define IOAPIC_SELECT     0x00
#define IOAPIC_WINDOW     0x10
#define IOAPIC_VERSION    1
#define IOAPIC_ENTRY(pin) (0x10u + 2 * (pin))

#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL      (1u << 15)
#define ENTRY_MASKED     (1u << 16)

struct controller {
    uint64_t address; /* kernel virtual */
    uint32_t first_line, line_count;
};

struct line {
    bool is_set_up, is_level, is_masked, is_pending;
    uint32_t entry; /* low half of the redirection entry, unmasked */
    uint32_t apic_id;
};

static struct {
    /* Fixed at boot. */
    uint32_t controller_count;
    struct controller controllers[MADT_IO_APIC_MAX];
    struct madt_override isa[MADT_OVERRIDE_MAX];
    uint32_t line_count;

    struct spinlock lock;
    struct line lines[VECTOR_IRQ_COUNT];
} x_ioapic = {.lock = SPINLOCK_INIT(LOCK_RANK_INTERRUPT)};

static uint32_t ioapic_read(const struct controller *c, uint32_t index)
{
    *(volatile uint32_t *)(c->address + IOAPIC_SELECT) = index;
    return *(volatile uint32_t *)(c->address + IOAPIC_WINDOW);
}

static void ioapic_write(const struct controller *c, uint32_t index, uint32_t value)
{
    *(volatile uint32_t *)(c->address + IOAPIC_SELECT) = index;
    *(volatile uint32_t *)(c->address + IOAPIC_WINDOW) = value;
}

void ioapic_init(const struct madt *madt)
{
    memcpy(x_ioapic.isa, madt->isa, sizeof(x_ioapic.isa));
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        struct controller *c = &x_ioapic.controllers[x_ioapic.controller_count++];
        const uint64_t physical = madt->io_apics[i].address.value;
        const uint64_t page = DEVICE_BASE + (i + 1) * PAGE_SIZE;

        x86_mmu_map_fixed(page, paddr_of(physical & ~(PAGE_SIZE - 1)),
                          ARCH_MAP_READ | ARCH_MAP_WRITE | ARCH_MAP_DEVICE);
        c->address = page + physical % PAGE_SIZE;
        c->first_line = madt->io_apics[i].first_line;
        c->line_count = (ioapic_read(c, IOAPIC_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t pin = 0; pin < c->line_count; pin++) {
            ioapic_write(c, IOAPIC_ENTRY(pin), ENTRY_MASKED);
        }
        x_ioapic.line_count =
            (uint32_t)min_u64(max_u64(x_ioapic.line_count, (uint64_t)c->first_line + c->line_count),
                              VECTOR_IRQ_COUNT);
    }
}

uint32_t arch_irq_count(void)
{
    return x_ioapic.line_count;
}

/* ISA lines by their override. Those above are PCI's: level, active low. */
static struct madt_override line_route(uint32_t line)
{
    return line < MADT_OVERRIDE_MAX
               ? x_ioapic.isa[line]
               : (struct madt_override){line, MADT_POLARITY_LOW | MADT_TRIGGER_LEVEL};
}

/* The pin of a line; NULL if no controller has it. */
static const struct controller *line_pin(uint32_t line, uint32_t *ret_pin)
{
    const uint32_t global = line_route(line).line;

    for (uint32_t i = 0; i < x_ioapic.controller_count; i++) {
        const struct controller *c = &x_ioapic.controllers[i];
        if (range_has(c->first_line, c->line_count, global)) {
            *ret_pin = global - c->first_line;
            return c;
        }
    }
    return NULL;
}

static void line_write_locked(uint32_t line, uint32_t extra) REQUIRES(&x_ioapic.lock)
{
    uint32_t pin;
    const struct controller *c = line_pin(line, &pin);

    if (c != NULL) {
        ioapic_write(c, IOAPIC_ENTRY(pin), ENTRY_MASKED);
        ioapic_write(c, IOAPIC_ENTRY(pin) + 1, x_ioapic.lines[line].apic_id << 24);
        ioapic_write(c, IOAPIC_ENTRY(pin), x_ioapic.lines[line].entry | extra);
    }
}

int arch_irq_setup(uint32_t line)
{
    const uint8_t flags = line_route(line).flags;
    uint32_t pin;

    if (line >= x_ioapic.line_count || line_pin(line, &pin) == NULL) {
        return -ENXIO;
    }
    spin_lock(&x_ioapic.lock);
    x_ioapic.lines[line] = (struct line){
        .is_set_up = true,
        .is_level = (flags & MADT_TRIGGER_LEVEL) != 0,
        .is_masked = true,
        .entry = (VECTOR_IRQ_BASE + line) | (flags & MADT_POLARITY_LOW ? ENTRY_ACTIVE_LOW : 0) |
                 (flags & MADT_TRIGGER_LEVEL ? ENTRY_LEVEL : 0),
        .apic_id = lapic_id(),
    };
    line_write_locked(line, ENTRY_MASKED);
    spin_unlock(&x_ioapic.lock);
    return 0;
}

void arch_irq_mask(uint32_t line)
{
    spin_lock(&x_ioapic.lock);
    if (line < x_ioapic.line_count && x_ioapic.lines[line].is_set_up) {
        x_ioapic.lines[line].is_masked = true;
        line_write_locked(line, ENTRY_MASKED);
    }
    spin_unlock(&x_ioapic.lock);
}

void arch_irq_unmask(uint32_t line)
{
    spin_lock(&x_ioapic.lock);
    if (line < x_ioapic.line_count && x_ioapic.lines[line].is_set_up) {
        struct line *l = &x_ioapic.lines[line];
        const bool was_pending = l->is_pending;
        l->is_masked = false;
        l->is_pending = false;
        line_write_locked(line, 0);
        if (was_pending) {
            lapic_send(lapic_id(), VECTOR_IRQ_BASE + line);
        }
    }
    spin_unlock(&x_ioapic.lock);
}

bool ioapic_deliver(uint32_t line)
{
    bool is_new;

    spin_lock(&x_ioapic.lock);
    struct line *l = &x_ioapic.lines[line];
    is_new = l->is_set_up && !l->is_masked;
    if (l->is_level || !is_new) {
        line_write_locked(line, ENTRY_MASKED); /* a second edge tells nothing more */
    }
    l->is_pending = !is_new && !l->is_level;
    l->is_masked = true;
    spin_unlock(&x_ioapic.lock);
    return is_new;
}
