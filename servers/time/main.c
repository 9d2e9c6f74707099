/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/device.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/text.h>

#define CMOS_INDEX 0 /* offsets of the two I/O ports */
#define CMOS_DATA  1

#define REFINE_AFTER    (10 * QY_MILLISECOND)
#define SUBSCRIBERS_MAX 8

#define CPUID_FEATURES   1
#define ECX_HYPERVISOR   (1u << 31)
#define CPUID_EXTENDED   0x80000000u
#define CPUID_POWER      0x80000007u /* AMD64 APM Vol. 3, E.4.6 */
#define EDX_TSC_CONSTANT (1u << 8)

static struct qy_server_timer refine_timer;
static handle_t io;

static uint8_t cmos_read(void *context, uint8_t index)
{
    (void)context;
    (void)qy_io_write(io, CMOS_INDEX, 1, index); /* ours */
    int64_t value = qy_io_read(io, CMOS_DATA, 1);
    return value < 0 ? UINT8_MAX : (uint8_t)value;
}

static void cmos_write(void *context, uint8_t index, uint8_t value)
{
    (void)context;
    (void)qy_io_write(io, CMOS_INDEX, 1, index);
    (void)qy_io_write(io, CMOS_DATA, 1, value);
}

static void cpuid(uint32_t leaf, uint32_t *ret_eax, uint32_t *ret_ecx, uint32_t *ret_edx)
{
    uint32_t ebx;
    *ret_eax = leaf;
    *ret_ecx = 0;
    __asm__ volatile("cpuid" : "+a"(*ret_eax), "=b"(ebx), "+c"(*ret_ecx), "=d"(*ret_edx));
}

/* One rate and no stops: the CPU says so, or there is a hypervisor, whose business it is. That the
 * counters are in step is what the kernel takes for granted, whose clock is made of them too. */
static bool is_tsc_trusted(void)
{
    uint32_t eax, ecx, edx;
    cpuid(CPUID_FEATURES, &eax, &ecx, &edx);
    if ((ecx & ECX_HYPERVISOR) != 0) {
        return true;
    }
    cpuid(CPUID_EXTENDED, &eax, &ecx, &edx);
    if (eax < CPUID_POWER) {
        return false;
    }
    cpuid(CPUID_POWER, &eax, &ecx, &edx);
    return (edx & EDX_TSC_CONSTANT) != 0;
}

static void refine_later(struct qy_server *server)
{
    int64_t error = qy_server_timer_set(server, &refine_timer, qy_deadline_after(REFINE_AFTER), 0);
    if (error < 0) {
        qy_log("no timer: the clock is right to a second only: %s", qy_error_text(error));
    }
}

static void refine(struct qy_server *server, struct qy_server_timer *timer)
{
    (void)timer;
    if (clock_refine()) {
        refine_later(server);
    }
}

static struct qy_server_timer refine_timer = {.fired = refine};

int main(int argument_count, char **arguments)
{
    static struct kept unkept; /* where nobody keeps memory for us */
    static struct qy_subscriber subscribers[SUBSCRIBERS_MAX];
    static const struct rtc rtc = {.read = cmos_read, .write = cmos_write};
    struct clock_source source = {.monotonic = qy_clock_read,
                                  .ticks = qy_tsc_read,
                                  .ticks_hz = qy_tsc_hz(),
                                  .is_tsc_trusted = is_tsc_trusted()};
    struct kept *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_time_dispatch,
        .handlers = &clock_handlers,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS_MAX,
    };
    (void)argument_count;
    (void)arguments;
    io = qy_bootstrap_handle(BOOTSTRAP_IO, NULL);
    clock_init(kept != NULL ? kept : &unkept,
               kept != NULL ? qy_bootstrap_handle(BOOTSTRAP_MEMORY, QY_KEPT_NAME) : HANDLE_INVALID,
               &source, io != HANDLE_INVALID ? &rtc : NULL);
    refine_later(&server);
    return qy_server_main(&server, "time");
}
