/* SPDX-License-Identifier: MIT */
/* The two old interrupt controllers that PCs still have. */
#pragma once

/*
 * Masks all their lines. Before the local APIC stops listening to them (LINT0): an interrupt that
 * they have asserted by then, such as the BIOS's timer tick, is only taken back from a CPU that
 * still listens; QEMU would deliver it later without a vector.
 */
void i8259_silence(void);
