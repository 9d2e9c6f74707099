/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include "core/panic.h"
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/log.h"
#include "lib/format.h"

#define PANIC_NOBODY  UINT32_MAX
#define PANIC_TURN_NS 500000000

static uint32_t x_panic_cpu = PANIC_NOBODY;  /* atomic: the CPU that panicked first */
static uint32_t x_panic_turn = PANIC_NOBODY; /* atomic: the CPU that may print its backtrace */

bool panic_is_under_way(void)
{
    return __atomic_load_n(&x_panic_cpu, __ATOMIC_RELAXED) != PANIC_NOBODY;
}

/* Returns on the one CPU that may print. Any other stops here, and so does one that panics again
 * while it prints. */
static void panic_claim(void)
{
    uint32_t expected = PANIC_NOBODY;

    if (!__atomic_compare_exchange_n(&x_panic_cpu, &expected, cpu_id(), false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED)) {
        if (expected == cpu_id()) {
            log_info("kernel panic while panicking");
        }
        arch_halt();
    }
}

void panic_stop(void)
{
    if (__atomic_load_n(&x_panic_cpu, __ATOMIC_RELAXED) == cpu_id()) {
        return;
    }
    while (__atomic_load_n(&x_panic_turn, __ATOMIC_ACQUIRE) != cpu_id()) {
        arch_cpu_relax();
    }
    log_info("CPU %u:", cpu_id());
    arch_backtrace_print();
    __atomic_store_n(&x_panic_turn, PANIC_NOBODY, __ATOMIC_RELEASE);
    arch_halt();
}

/* Lets one of the others print, for so long as that may take at 115,200 baud. */
static void panic_turn(uint32_t id)
{
    const time_ns_t end = arch_time_now() + PANIC_TURN_NS;

    __atomic_store_n(&x_panic_turn, id, __ATOMIC_RELEASE);
    while (__atomic_load_n(&x_panic_turn, __ATOMIC_ACQUIRE) == id) {
        if (arch_time_now() > end) {
            log_info("CPU %u does not stop", id);
            return;
        }
        arch_cpu_relax();
    }
}

NORETURN void panic(const char *format, ...)
{
    char text[160];
    va_list arguments;

    panic_claim();
    for (uint32_t id = 0; id < cpu_count(); id++) {
        if (id != cpu_id()) {
            arch_ipi_send(1ul << id, ARCH_IPI_STOP);
        }
    }
    log_panic_mode();
    va_start(arguments, format);
    (void)vformat_buffer(text, sizeof(text), format, arguments); /* cut if too long */
    va_end(arguments);
    log_info("KERNEL PANIC on CPU %u: %s", cpu_id(), text);
    arch_backtrace_print();
    for (uint32_t id = 0; id < cpu_count(); id++) {
        if (id != cpu_id()) {
            panic_turn(id);
        }
    }
    panic_report();
    log_info("The system has stopped.");
    arch_halt();
}
