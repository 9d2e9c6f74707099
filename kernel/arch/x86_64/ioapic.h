/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines (82093AA data sheet; routing by ACPI's MADT). A line has vector VECTOR_IRQ_BASE +
 * its number, so one that is delivered names itself.
 *
 * A level-triggered line is masked in the I/O APIC until it is unmasked. An edge that comes while
 * an edge-triggered line is masked would be lost there: so such a line stays open, the edge is
 * remembered, and unmasking delivers it by an interrupt to this CPU itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/acpi.h"

/* Maps the controllers and masks every line. */
void ioapic_init(const struct madt *madt);

/* A line's vector arrived: masks the line. False if it was masked already and only is remembered.
 */
bool ioapic_deliver(uint32_t line);
