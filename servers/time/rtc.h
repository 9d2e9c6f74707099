/* SPDX-License-Identifier: MIT */
/*
 * The machine's clock: the registers of the MC146818 and its kin ("CMOS"), as seconds since 1970.
 * Pure: they are reached through functions. The clock is taken to run in UTC.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RTC_SECONDS_MIN ((int64_t)0)            /* 1970-01-01 */
#define RTC_SECONDS_MAX ((int64_t)253402300799) /* 9999-12-31 23:59:59 */

struct rtc {
    uint8_t (*read)(void *context, uint8_t index);
    void (*write)(void *context, uint8_t index, uint8_t value);
    void *context;
};

/* 0; or -EBUSY if it is being updated all the time, -ENODEV if what it says is no time. */
int rtc_read(const struct rtc *rtc, int64_t *ret_seconds);

/* Sets it, in the form (BCD or not, 12 or 24 hours) that it is in. The same errors. */
int rtc_write(const struct rtc *rtc, int64_t seconds);

struct civil {
    int32_t year;
    uint8_t month, day, hour, minute, second; /* month and day from 1 */
};

/* Of the proleptic Gregorian calendar. */
int64_t civil_to_seconds(const struct civil *civil);
struct civil civil_from_seconds(int64_t seconds);
bool civil_valid(const struct civil *civil);
