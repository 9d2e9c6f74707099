/* SPDX-License-Identifier: MIT */
/* The least CPU layer that core needs: one CPU, a clock that stands still but in a panic, which
 * waits for other CPUs by it, and consoles that are buffers. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"

static struct cpu x_cpu_record = {.self = &x_cpu_record};
struct cpu *fake_cpu_record = &x_cpu_record;

static char x_serial[4096], x_debugcon[4096];
static size_t x_serial_length, x_debugcon_length;
static jmp_buf x_halted;
static uint64_t x_stopped_cpus;

time_ns_t arch_time_now(void)
{
    static time_ns_t now = 12345678000;

    now += panic_is_under_way() ? 100000000 : 0;
    return now;
}

void arch_serial_write(const char *text, size_t length)
{
    memcpy(x_serial + x_serial_length, text, length);
    x_serial_length += length;
    x_serial[x_serial_length] = 0;
}

void arch_debugcon_write(const char *text, size_t length)
{
    memcpy(x_debugcon + x_debugcon_length, text, length);
    x_debugcon_length += length;
    x_debugcon[x_debugcon_length] = 0;
}

void arch_backtrace_print(void)
{
}

void arch_ipi_send(uint64_t cpu_mask, enum arch_ipi kind)
{
    x_stopped_cpus |= kind == ARCH_IPI_STOP ? cpu_mask : 0;
}

NORETURN void arch_halt(void)
{
    longjmp(x_halted, 1);
}

/* Called by the fake machine's versions of the atomic operations. */
void fake_choice(void);
void fake_choice(void)
{
}

bool arch_spin_acquire(uint32_t *word)
{
    *word = 1;
    return false;
}

void arch_spin_release(uint32_t *word)
{
    *word = 0;
}

static inline void consoles_clear(void)
{
    x_serial_length = x_debugcon_length = 0;
    x_serial[0] = x_debugcon[0] = 0;
}
