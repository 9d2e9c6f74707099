/* SPDX-License-Identifier: MIT */
/*
 * How to switch the machine off and how to reset it, from the ACPI tables (ACPI 6.4, chapters 4, 5
 * and 7.4.2).
 *
 *   RSDP -> XSDT or RSDT -> FADT ("FACP"): PM1a/PM1b control, reset register
 *                             `-> DSDT: \_S5 = Package { SLP_TYPa, SLP_TYPb, ... }
 *
 * Nothing in the tables is trusted: each is read only inside its length, which is bounded, and its
 * checksum must be right. Pure: tables are reached through `map` only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_TABLE_MAX (4ul << 20)

/* Makes size_bytes of physical memory readable until the program ends; NULL if it cannot. */
struct acpi_reader {
    const void *(*map)(void *context, uint64_t address, size_t size_bytes);
    void *context;
};

struct acpi_power {
    /* Switching off. */
    bool off_known;
    uint16_t pm1a_control_port; /* 16 bits wide */
    uint16_t pm1b_control_port; /* 0: there is none */
    uint8_t sleep_type_a, sleep_type_b;
    uint16_t smi_command_port; /* 0: ACPI mode needs no enabling */
    uint8_t acpi_enable;

    /* Resetting. */
    bool reset_known;
    uint16_t reset_port;
    uint8_t reset_value;
};

#define ACPI_SLEEP_ENABLE (1u << 13) /* SLP_EN in PM1 control; SLP_TYP are bits 10 to 12 */
#define ACPI_SCI_ENABLE   (1u << 0)  /* set while the machine is in ACPI mode */

/* Reads the tables, beginning at a copy of the root pointer (RSDP). 0 (either may still be
 * unknown), or -ENODEV and in *ret_reason what is wrong. */
int acpi_power_find(const struct acpi_reader *reader, const void *rsdp, size_t rsdp_bytes,
                    struct acpi_power *ret_power, const char **ret_reason);

/* Finds \_S5 in `size` bytes of AML; false if it is not there in a form that is understood. */
bool acpi_sleep_types_find(const uint8_t *aml, size_t size, uint8_t *ret_type_a,
                           uint8_t *ret_type_b);
