/* SPDX-License-Identifier: MIT */
/* The local APIC, by memory access (SDM Vol. 3A, chapter 10); x2APIC mode is never turned on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/types.h"

/* Maps the registers; first CPU only. Panics if firmware left the APIC in x2APIC mode. */
void lapic_init(struct paddr address);

/* Turns on this CPU's APIC: all local interrupts masked but the timer. */
void lapic_enable(void);

uint32_t lapic_id(void);
void lapic_eoi(void);

/* Sends a message to one CPU: a vector, or one of these. Does not wait for its delivery, only for
 * the APIC's readiness to send. */
#define LAPIC_NMI     (4u << 8)
#define LAPIC_INIT    (5u << 8)
#define LAPIC_STARTUP (6u << 8) /* | number of the page to start in */
void lapic_send(uint32_t apic_id, uint32_t message);

/* One-shot timer: counts down from `count` at the bus clock; 0 stops it. */
void lapic_timer_set(uint32_t count);
uint32_t lapic_timer_left(void);
