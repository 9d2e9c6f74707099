/* SPDX-License-Identifier: MIT */
/*
 * Rates come from CPUID where it tells them: leaf 0x15 (SDM Vol. 2A) or the hypervisor's leaf
 * 0x40000010. Else both counters are measured against channel 2 of the 8254 timer for 10 ms.
 * Results are rounded to 100 kHz, which is finer than the measurement.
 *
 * Time-stamp counters of different CPUs are taken to be in step, as they are on every machine that
 * starts all CPUs at one reset.
 */
#include "arch/x86_64/time.h"
#include "arch/time.h"
#include "arch/x86_64/instructions.h"
#include "arch/x86_64/lapic.h"
#include "core/cpu.h"
#include "core/panic.h"

#define PIT_HZ         1193182u
#define PIT_CHANNEL_2  0x42
#define PIT_COMMAND    0x43
#define PIT_MODE_0_CH2 0xb0 /* channel 2, low and high byte, count down once */
#define PIT_LATCH_CH2  0x80
#define PORT_B         0x61
#define PORT_B_GATE    0x01
#define PORT_B_SPEAKER 0x02
#define MEASURE_TICKS  (PIT_HZ / 100) /* 10 ms */
#define MEASURE_READS  100
#define MEASURE_POLLS  10000000u
#define ROUND_HZ       100000u

#define NS_PER_S 1000000000ul

static struct {
    /* Fixed once x86_time_init is done. */
    uint64_t tsc_hz;
    uint64_t tsc_start;
    uint64_t ns_per_tick;  /* 32.32 fixed point */
    uint64_t ticks_per_ns; /* 32.32, of the local APIC */
} x_time;

struct rates {
    uint64_t tsc_hz, lapic_hz;
};

static uint64_t round_hz(uint64_t hz)
{
    return (hz + ROUND_HZ / 2) / ROUND_HZ * ROUND_HZ;
}

/* An instant at which the 8254 went on to `count`, on both counters. It lies somewhere within
 * `width` ticks of the time-stamp counter. */
struct instant {
    uint64_t tsc, width;
    uint32_t lapic_left;
    uint16_t count;
};

static uint16_t pit_count(void)
{
    uint16_t low;

    out8(PIT_COMMAND, PIT_LATCH_CH2);
    low = in8(PIT_CHANNEL_2);
    return (uint16_t)(low | in8(PIT_CHANNEL_2) << 8);
}

/* Reads until it has seen many changes of the count, and takes the one that was framed best: this
 * CPU may be virtual, and lose any amount of time between two instructions. */
static struct instant instant_find(void)
{
    struct instant best = {.width = UINT64_MAX};
    uint64_t last_tsc = tsc_read();
    uint16_t last_count = pit_count();

    for (unsigned i = 0; i < MEASURE_READS; i++) {
        const uint64_t before = tsc_read();
        const uint16_t count = pit_count();
        const uint32_t lapic_left = lapic_timer_left();
        const uint64_t after = tsc_read();

        if (count != last_count && after - last_tsc < best.width) {
            best = (struct instant){(after + last_tsc) / 2, after - last_tsc, lapic_left, count};
        }
        last_tsc = before;
        last_count = count;
    }
    return best;
}

/* False if the 8254 does not count. */
static bool measure(struct rates *ret_rates)
{
    const uint8_t port_b = in8(PORT_B) & (uint8_t)~PORT_B_SPEAKER;
    struct instant start, end;
    uint64_t ticks;

    out8(PORT_B, port_b | PORT_B_GATE);
    out8(PIT_COMMAND, PIT_MODE_0_CH2);
    out8(PIT_CHANNEL_2, 0xff);
    out8(PIT_CHANNEL_2, 0xff);
    lapic_timer_set(UINT32_MAX);
    start = instant_find();
    for (uint32_t polls = 0; (uint16_t)(start.count - pit_count()) < MEASURE_TICKS; polls++) {
        if (start.width == UINT64_MAX || polls == MEASURE_POLLS) {
            return false;
        }
    }
    end = instant_find();
    lapic_timer_set(0);
    out8(PORT_B, port_b & (uint8_t)~PORT_B_GATE);
    ticks = (uint16_t)(start.count - end.count);
    ret_rates->tsc_hz = round_hz((end.tsc - start.tsc) * PIT_HZ / ticks);
    ret_rates->lapic_hz = round_hz((start.lapic_left - end.lapic_left) * (uint64_t)PIT_HZ / ticks);
    return true;
}

/* Both rates from the hypervisor or the CPU itself, 0 where they are not told. */
static struct rates rates_told(void)
{
    struct rates rates = {0, 0};

    if (cpuid(1, 0).ecx >> 31 && cpuid(0x40000000, 0).eax >= 0x40000010) {
        const struct cpuid leaf = cpuid(0x40000010, 0); /* kHz */
        rates = (struct rates){leaf.eax * 1000ul, leaf.ebx * 1000ul};
    } else if (cpuid(0, 0).eax >= 0x15) {
        const struct cpuid leaf = cpuid(0x15, 0); /* the APIC timer runs at the crystal's rate */
        if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0) {
            rates = (struct rates){(uint64_t)leaf.ecx * leaf.ebx / leaf.eax, leaf.ecx};
        }
    }
    return rates;
}

COLD void x86_time_init(void)
{
    struct rates rates = rates_told();

    if ((rates.tsc_hz == 0 || rates.lapic_hz == 0) && !measure(&rates)) {
        panic("no clock: CPUID tells no rate, and there is no 8254 timer to measure with");
    }
    if (rates.tsc_hz < 1000000 || rates.lapic_hz < 100000) {
        panic("no clock: time-stamp counter %lu Hz, APIC timer %lu Hz", rates.tsc_hz,
              rates.lapic_hz);
    }
    x_time.tsc_hz = rates.tsc_hz;
    x_time.ns_per_tick = (NS_PER_S << 32) / rates.tsc_hz;
    x_time.ticks_per_ns = (rates.lapic_hz << 32) / NS_PER_S;
    x_time.tsc_start = tsc_read();
}

time_ns_t arch_time_now(void)
{
    const uint64_t ticks = tsc_read() - x_time.tsc_start;
    return (time_ns_t)(((unsigned __int128)ticks * x_time.ns_per_tick) >> 32);
}

uint64_t arch_time_tsc_hz(void)
{
    return x_time.tsc_hz;
}

/* The counter's value for a deadline: at least 1, since 0 would stop it. */
static uint32_t timer_count(time_ns_t deadline)
{
    const time_ns_t now = arch_time_now();
    unsigned __int128 ticks;

    if (deadline <= now) { /* asked first: programs choose deadlines, negative ones too */
        return 1;
    }
    ticks = ((unsigned __int128)(uint64_t)(deadline - now) * x_time.ticks_per_ns >> 32) + 1;
    return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

void arch_timer_set(time_ns_t deadline)
{
    cpu_self()->arch.timer_deadline = deadline;
    lapic_timer_set(deadline == DEADLINE_NEVER ? 0 : timer_count(deadline));
}

bool x86_timer_due(void)
{
    const time_ns_t deadline = cpu_self()->arch.timer_deadline;

    if (deadline == DEADLINE_NEVER) {
        return false; /* fired while it was being disarmed */
    }
    if (arch_time_now() < deadline) {
        lapic_timer_set(timer_count(deadline));
        return false;
    }
    cpu_self()->arch.timer_deadline = DEADLINE_NEVER;
    return true;
}
