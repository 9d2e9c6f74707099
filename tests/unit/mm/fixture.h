/* SPDX-License-Identifier: MIT */
/*
 * What kernel/mm stands on, in its smallest form, for its unit tests: 64 MiB of physical memory, a
 * chosen CPU, locks that check their ranks and that they are not taken twice, and panics that a
 * test can expect.
 *
 * It defines the functions of the CPU layer itself, so that the fake machine is not linked.
 */
#pragma once

#include "unit/property.h"

#include "arch/mmu.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "lib/types.h"

#define FIXTURE_MEMORY_SIZE ((uint64_t)64 << 20)

/* Makes the memory, filled with 0xee, and starts on CPU 0. Again before each test. */
void fixture_reset(void);

void fixture_set_cpu(uint32_t id);

/* Where an expected panic continues, and what it said. */
extern jmp_buf fixture_panic_jump;
extern bool fixture_is_panic_expected;
extern char fixture_panic_text[256];

/* Runs the statement and fails the test unless it panics with a text that contains `expected`. */
#define ASSERT_PANICS(statement, expected)                                                         \
    do {                                                                                           \
        fixture_is_panic_expected = true;                                                          \
        if (setjmp(fixture_panic_jump) == 0) {                                                     \
            statement;                                                                             \
            fixture_is_panic_expected = false;                                                     \
            fail_msg("did not panic: %s", #statement);                                             \
        }                                                                                          \
        fixture_check_panic(expected);                                                             \
    } while (0)

void fixture_check_panic(const char *expected);
