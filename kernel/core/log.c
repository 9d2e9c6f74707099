/* SPDX-License-Identifier: MIT */
/*
 *   log_print --- format into a line on the stack
 *                    |
 *   log_write -------+--> debug console, always
 *                    +--> serial line, while no driver has it and in a panic
 *                    +--> ring, while a driver has it; full: what does not fit is counted
 */
#include <stdarg.h>
#include "core/log.h"
#include "arch/console.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include <quay/abi/system_info.h>

#define LINE_MAX  240
#define RING_SIZE 16384u /* a power of two */

/* Outside of x_log, which has initial values: these bytes shall not be in the image. */
static char log_ring[RING_SIZE]; /* under x_log.lock */

static struct {
    uint32_t level; /* atomic: enum log_level */

    struct spinlock lock;
    void (*notify)(void); /* NULL: the serial line is ours */
    uint64_t ring_head;   /* bytes ever put in */
    uint64_t ring_tail;   /* bytes ever taken out */
    uint64_t dropped;
} x_log = {.level = LOG_INFO, .lock = SPINLOCK_INIT(LOCK_RANK_LOG)};

static void ring_put_locked(const char *text, size_t length) REQUIRES(&x_log.lock)
{
    const size_t room = RING_SIZE - (x_log.ring_head - x_log.ring_tail);
    const size_t taken = length < room ? length : room;
    const size_t place = x_log.ring_head % RING_SIZE;
    const size_t first = taken < RING_SIZE - place ? taken : RING_SIZE - place;

    memcpy(log_ring + place, text, first);
    memcpy(log_ring, text + first, taken - first);
    x_log.ring_head += taken;
    x_log.dropped += length - taken;
}

void log_write(const char *text, size_t length)
{
    void (*notify)(void);

    spin_lock(&x_log.lock);
    arch_debugcon_write(text, length);
    notify = x_log.notify;
    if (notify == NULL) {
        arch_serial_write(text, length);
    } else {
        ring_put_locked((const char[]){LOG_MARK, (char)('0' + cpu_id())}, 2);
        ring_put_locked(text, length);
    }
    spin_unlock(&x_log.lock);
    if (notify != NULL) {
        notify();
    }
}

void log_print(enum log_level level, const char *format, ...)
{
    static const char *const marks[] = {
        [LOG_DEBUG] = "", [LOG_INFO] = "", [LOG_WARN] = "warning: ", [LOG_ERROR] = "error: "};
    char line[LINE_MAX];
    const uint64_t now_us = (uint64_t)arch_time_now() / 1000;
    size_t length;
    va_list arguments;

    if ((uint32_t)level < __atomic_load_n(&x_log.level, __ATOMIC_RELAXED) &&
        !panic_is_under_way()) {
        return;
    }
    length = format_buffer(line, sizeof(line), "[%5u.%06u] %s", (unsigned)(now_us / 1000000),
                           (unsigned)(now_us % 1000000), marks[level]);
    va_start(arguments, format);
    length += vformat_buffer(line + length, sizeof(line) - length, format, arguments);
    va_end(arguments);
    if (length > sizeof(line) - 1) {
        length = sizeof(line) - 1; /* cut */
    }
    line[length] = '\n';
    log_write(line, length + 1);
}

void log_set_level(enum log_level level)
{
    __atomic_store_n(&x_log.level, (uint32_t)level, __ATOMIC_RELAXED);
}

void log_set_driver(void (*notify)(void))
{
    spin_lock(&x_log.lock);
    x_log.notify = notify;
    spin_unlock(&x_log.lock);
}

size_t log_drain(char *buffer, size_t capacity)
{
    size_t count, place, first;

    spin_lock(&x_log.lock);
    count = x_log.ring_head - x_log.ring_tail;
    count = count < capacity ? count : capacity;
    place = x_log.ring_tail % RING_SIZE;
    first = count < RING_SIZE - place ? count : RING_SIZE - place;
    memcpy(buffer, log_ring + place, first);
    memcpy(buffer + first, log_ring, count - first);
    x_log.ring_tail += count;
    spin_unlock(&x_log.lock);
    return count;
}

uint64_t log_dropped(void)
{
    uint64_t dropped;

    spin_lock(&x_log.lock);
    dropped = x_log.dropped;
    spin_unlock(&x_log.lock);
    return dropped;
}

/* SAFETY: the other CPUs are stopping, maybe with the lock held; who prints is alone. */
void log_panic_mode(void) NO_THREAD_SAFETY_ANALYSIS
{
    x_log.lock.word = 0;
    x_log.notify = NULL;
}
