/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks of simulated CPUs: both ends are choice points, and waiting for a lock that nobody can
 * ever release fails the test.
 */
#pragma once

#include <stdint.h>

void arch_spin_acquire(uint32_t *word);
void arch_spin_release(uint32_t *word);
