/* SPDX-License-Identifier: MIT */
/* The entries of the MADT (ACPI 6.4, 5.2.12). x2APIC entries are for ids that a local APIC in
 * xAPIC mode cannot have; they are skipped. */
#include "arch/x86_64/acpi.h"
#include "lib/string.h"

#define MADT_HEADER_SIZE 44 /* table header, local APIC address, flags */

enum madt_entry {
    ENTRY_LOCAL_APIC = 0,
    ENTRY_IO_APIC = 1,
    ENTRY_OVERRIDE = 2,
    ENTRY_LOCAL_APIC_ADDRESS = 5,
};

struct PACKED entry_local_apic {
    uint8_t type, length, processor, apic_id;
    uint32_t flags; /* bit 0: enabled */
};

struct PACKED entry_io_apic {
    uint8_t type, length, id, reserved;
    uint32_t address, first_line;
};

struct PACKED entry_override {
    uint8_t type, length, bus, source;
    uint32_t line;
    uint16_t flags; /* MPS INTI: polarity bits 0-1, trigger mode bits 2-3 */
};

struct PACKED entry_local_apic_address {
    uint8_t type, length;
    uint16_t reserved;
    uint64_t address;
};

/* Copies an entry out if it is long enough. */
#define ENTRY_READ(to, at, length)                                                                 \
    ((length) >= sizeof(to) && (memcpy(&(to), (at), sizeof(to)), true))

static void add_cpu(const struct entry_local_apic *entry, struct madt *madt)
{
    if (!(entry->flags & 1) || entry->apic_id == 0xff) {
        return;
    }
    for (uint32_t i = 0; i < madt->cpu_count && i < MAX_CPUS; i++) {
        if (madt->cpu_apic_ids[i] == entry->apic_id) {
            return;
        }
    }
    if (madt->cpu_count < MAX_CPUS) {
        madt->cpu_apic_ids[madt->cpu_count] = entry->apic_id;
    }
    madt->cpu_count++;
}

static void add_io_apic(const struct entry_io_apic *entry, struct madt *madt)
{
    if (madt->io_apic_count < MADT_IO_APIC_MAX && entry->address % 16 == 0) {
        madt->io_apics[madt->io_apic_count++] = (struct madt_io_apic){
            .id = entry->id,
            .address = paddr_of(entry->address),
            .first_line = entry->first_line,
        };
    }
}

static void add_override(const struct entry_override *entry, struct madt *madt)
{
    uint8_t flags = 0;

    if (entry->bus != 0 || entry->source >= MADT_OVERRIDE_MAX) {
        return;
    }
    flags |= (entry->flags & 3) == 3 ? MADT_POLARITY_LOW : 0;
    flags |= (entry->flags >> 2 & 3) == 3 ? MADT_TRIGGER_LEVEL : 0;
    madt->isa[entry->source] = (struct madt_override){entry->line, flags};
}

const char *madt_parse(const void *table, size_t size, struct madt *ret_madt)
{
    const uint8_t *bytes = table;
    uint32_t local_apic;
    uint8_t length;

    if (size < MADT_HEADER_SIZE) {
        return "ACPI MADT too short";
    }
    memset(ret_madt, 0, sizeof(*ret_madt));
    memcpy(&local_apic, bytes + 36, sizeof(local_apic));
    ret_madt->local_apic = paddr_of(local_apic);
    for (uint32_t i = 0; i < MADT_OVERRIDE_MAX; i++) {
        ret_madt->isa[i].line = i;
    }
    for (size_t at = MADT_HEADER_SIZE; size - at >= 2; at += length) {
        struct entry_local_apic cpu;
        struct entry_io_apic io_apic;
        struct entry_override override;
        struct entry_local_apic_address address;

        length = bytes[at + 1];
        if (length < 2 || length > size - at) {
            return "ACPI MADT entry passes the end";
        }
        if (bytes[at] == ENTRY_LOCAL_APIC && ENTRY_READ(cpu, bytes + at, length)) {
            add_cpu(&cpu, ret_madt);
        } else if (bytes[at] == ENTRY_IO_APIC && ENTRY_READ(io_apic, bytes + at, length)) {
            add_io_apic(&io_apic, ret_madt);
        } else if (bytes[at] == ENTRY_OVERRIDE && ENTRY_READ(override, bytes + at, length)) {
            add_override(&override, ret_madt);
        } else if (bytes[at] == ENTRY_LOCAL_APIC_ADDRESS &&
                   ENTRY_READ(address, bytes + at, length)) {
            ret_madt->local_apic = paddr_of(address.address);
        }
    }
    return ret_madt->cpu_count != 0 ? NULL : "ACPI MADT lists no CPU";
}
