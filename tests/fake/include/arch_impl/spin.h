/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks of simulated CPUs: both ends are choice points, and waiting for a lock that nobody can
 * ever release fails the test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool arch_spin_try(uint32_t *word);
bool arch_spin_acquire(uint32_t *word);
void arch_spin_release(uint32_t *word);
