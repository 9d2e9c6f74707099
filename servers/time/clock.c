/* SPDX-License-Identifier: MIT */
#include "clock.h"
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/text.h>
#include <quay/wall_clock.h>

#define CALIBRATE_READS 64

static struct {
    struct kept *kept;
    handle_t page;
    const struct clock_source *source;
    const struct rtc *rtc;
    int64_t last_seconds; /* that the machine's clock showed */
} clock_state;

/* --- the page ------------------------------------------------------------------------------ */

static void write_begin(struct qy_time_page *page)
{
    __atomic_store_n(&page->sequence, page->sequence | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void write_end(struct qy_time_page *page)
{
    __atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELEASE);
}

/* The most ticks that are this many nanoseconds: one less than those that are the next. The product
 * with 2^32 has more than 64 bits, and there is no library here to divide it. */
static uint64_t ticks_of(uint64_t ns, uint64_t ns_per_tick)
{
    uint64_t high = (ns + 1) >> 32, low = (ns + 1) << 32, ticks, rest;
    if (high >= ns_per_tick) {
        return UINT64_MAX; /* some hundred years after boot */
    }
    __asm__("divq %4" : "=a"(ticks), "=d"(rest) : "0"(low), "1"(high), "r"(ns_per_tick) : "cc");
    return rest == 0 ? ticks - 1 : ticks;
}

/* When the counter stood at 0 on the kernel's clock, which is
 * ns = (ticks - start) * ns_per_tick >> 32. Each read of both tells that `start` is at least so
 * much; the largest of them is at most the true one, so what is computed from it is never before
 * the kernel's clock. */
static uint64_t start_find(const struct clock_source *source, uint64_t ns_per_tick)
{
    int64_t start = INT64_MIN;
    for (int i = 0; i < CALIBRATE_READS; i++) {
        uint64_t before = source->ticks();
        uint64_t ns = (uint64_t)source->monotonic();
        int64_t least = (int64_t)(before - ticks_of(ns, ns_per_tick));
        start = least > start ? least : start;
    }
    return (uint64_t)start;
}

static void tsc_calibrate(struct qy_time_page *page, const struct clock_source *source)
{
    page->is_tsc_usable = source->is_tsc_trusted && source->ticks_hz > 0;
    if (page->is_tsc_usable) {
        page->ns_per_tick = ((uint64_t)QY_SECOND << 32) / source->ticks_hz;
        page->base_tsc = start_find(source, page->ns_per_tick);
        page->base_ns = 0;
    }
}

static void offset_set(int64_t offset_ns, bool is_change)
{
    struct qy_time_page *page = &clock_state.kept->page;
    write_begin(page);
    page->offset_ns = offset_ns;
    page->is_known = true;
    page->changes += is_change;
    write_end(page);
}

/* --- the machine's clock ------------------------------------------------------------------- */

static void machine_clock_read(void)
{
    struct kept *kept = clock_state.kept;
    int64_t seconds;
    if (clock_state.rtc == NULL || rtc_read(clock_state.rtc, &seconds) < 0) {
        return;
    }
    clock_state.last_seconds = seconds;
    kept->clock_seconds = seconds;
    offset_set(seconds * QY_SECOND - clock_state.source->monotonic(), false);
}

bool clock_refine(void)
{
    struct kept *kept = clock_state.kept;
    int64_t seconds;
    if (kept->is_exact != 0 || clock_state.rtc == NULL || kept->clock_seconds == 0 ||
        kept->page.changes > 0 || rtc_read(clock_state.rtc, &seconds) < 0) {
        return false;
    }
    if (seconds == clock_state.last_seconds) {
        return true;
    }
    bool is_next = seconds == clock_state.last_seconds + 1;
    clock_state.last_seconds = seconds;
    if (!is_next) {
        return true; /* somebody kept us from looking; the next one */
    }
    kept->is_exact = 1;
    offset_set(seconds * QY_SECOND - clock_state.source->monotonic(), false);
    return false;
}

void clock_init(struct kept *kept, handle_t page, const struct clock_source *source,
                const struct rtc *rtc)
{
    memset(&clock_state, 0, sizeof clock_state);
    clock_state.kept = kept;
    clock_state.page = page;
    clock_state.source = source;
    clock_state.rtc = rtc;
    if (kept->page.magic == QY_TIME_PAGE_MAGIC) {
        if ((kept->page.sequence & 1) != 0) {
            write_end(&kept->page); /* what the last instance was writing is one word */
        }
        if (kept->clock_seconds != 0) {
            (void)(rtc != NULL && rtc_read(rtc, &clock_state.last_seconds) == 0);
        }
        return;
    }
    write_begin(&kept->page);
    tsc_calibrate(&kept->page, source);
    write_end(&kept->page);
    machine_clock_read();
    __atomic_store_n(&kept->page.magic, QY_TIME_PAGE_MAGIC, __ATOMIC_RELEASE);
}

/* --- the protocol -------------------------------------------------------------------------- */

/* -1: before 1970. */
static int64_t floor_seconds(int64_t ns)
{
    return ns / QY_SECOND - (ns % QY_SECOND < 0);
}

static int64_t time_now(struct qy_request *request, int64_t *ret_seconds, int64_t *ret_monotonic_ns,
                        uint32_t *ret_nanoseconds)
{
    const struct qy_time_page *page = &clock_state.kept->page;
    if ((request->in.badge & QY_TIME_ACCESS_READ) == 0) {
        return QY_TIME_FAILURE_NO_ACCESS;
    }
    if (!page->is_known) {
        return QY_TIME_FAILURE_UNKNOWN;
    }
    int64_t monotonic = clock_state.source->monotonic();
    int64_t wall = monotonic + page->offset_ns;
    *ret_seconds = floor_seconds(wall);
    *ret_nanoseconds = (uint32_t)(wall - *ret_seconds * QY_SECOND);
    *ret_monotonic_ns = monotonic;
    return 0;
}

static int64_t time_set(struct qy_request *request, int64_t seconds, uint32_t nanoseconds)
{
    if ((request->in.badge & QY_TIME_ACCESS_SET) == 0) {
        return QY_TIME_FAILURE_NO_ACCESS;
    }
    /* In nanoseconds it has to fit into 64 bits, which ends in the year 2262. */
    if (nanoseconds >= QY_SECOND || seconds < 0 || seconds > INT64_MAX / QY_SECOND - 1) {
        return QY_TIME_FAILURE_BAD_TIME;
    }
    int64_t before = clock_state.kept->page.offset_ns;
    int64_t offset = seconds * QY_SECOND + nanoseconds - clock_state.source->monotonic();
    offset_set(offset, true);
    if (clock_state.rtc != NULL) {
        (void)rtc_write(clock_state.rtc, seconds); /* the wall clock is set all the same */
    }
    (void)qy_time_changed_send(request->server, offset - before); /* who lags is told so */
    return 0;
}

static int64_t time_page(struct qy_request *request, handle_t *ret_memory)
{
    if ((request->in.badge & QY_TIME_ACCESS_READ) == 0) {
        return QY_TIME_FAILURE_NO_ACCESS;
    }
    if (clock_state.page == HANDLE_INVALID) {
        return QY_TIME_FAILURE_NO_PAGE;
    }
    int64_t made = qy_handle_dup(clock_state.page, RIGHTS_BASIC | RIGHT_READ);
    if (made < 0) {
        return QY_TIME_FAILURE_NO_PAGE;
    }
    *ret_memory = (handle_t)made;
    return 0;
}

static int64_t time_get(struct qy_request *request, struct qy_time_state *ret_state)
{
    const struct kept *kept = clock_state.kept;
    (void)request;
    *ret_state = (struct qy_time_state){
        .clock_seconds = kept->clock_seconds,
        .offset_ns = kept->page.offset_ns,
        .changes = kept->page.changes,
        .is_known = kept->page.is_known,
        .is_tsc_usable = kept->page.is_tsc_usable,
        .has_machine_clock = kept->clock_seconds != 0,
    };
    return 0;
}

const struct qy_time_handlers clock_handlers = {
    .now = time_now,
    .set = time_set,
    .page = time_page,
    .get = time_get,
};
