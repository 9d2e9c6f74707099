/* SPDX-License-Identifier: MIT */
/*
 * The little of ACPI that the kernel itself needs: CPUs and interrupt controllers, from the MADT
 * (ACPI 6.4, 5.2.5 to 5.2.12). Tables are firmware's and taken to be hostile: signatures, checksums
 * and lengths are checked, nothing is read outside a table. All else of ACPI belongs to servers.
 */
#pragma once

#include <stdbool.h>
#include "arch/x86_64/pvh.h" /* physical_reader_fn */
#include "core/cpu.h"        /* MAX_CPUS */
#include "lib/types.h"

#define MADT_IO_APIC_MAX  8
#define MADT_OVERRIDE_MAX 16 /* ISA lines */

#define MADT_POLARITY_LOW  (1u << 0)
#define MADT_TRIGGER_LEVEL (1u << 1)

struct madt_io_apic {
    uint32_t id;
    struct paddr address;
    uint32_t first_line; /* global system interrupt of its first pin */
};

struct madt_override {
    uint32_t line; /* global system interrupt */
    uint8_t flags; /* MADT_* */
};

struct madt {
    struct paddr local_apic;
    uint32_t cpu_count; /* usable ones; only the first MAX_CPUS are kept */
    uint32_t cpu_apic_ids[MAX_CPUS];
    uint32_t io_apic_count;
    struct madt_io_apic io_apics[MADT_IO_APIC_MAX];
    struct madt_override isa[MADT_OVERRIDE_MAX]; /* where each ISA line arrives, and how */
};

/* Looks where a BIOS keeps the root pointer; 0 if it is not there. */
struct paddr acpi_rsdp_scan(physical_reader_fn *read);

/* Finds and reads the MADT. NULL, or what is wrong; then *ret_madt is undefined. */
MUST_USE const char *acpi_read_madt(struct paddr rsdp, physical_reader_fn *read,
                                    struct madt *ret_madt);

/* The second half of it, on a table whose header and checksum are right. */
MUST_USE const char *madt_parse(const void *table, size_t size, struct madt *ret_madt);
