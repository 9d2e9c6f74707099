/* SPDX-License-Identifier: MIT */
#include "rtc.h"
#include <quay/abi/errno.h>

/* MC146818A data sheet; the century is where PC firmware keeps it (0x32). */
enum {
    RTC_SECOND = 0x00,
    RTC_MINUTE = 0x02,
    RTC_HOUR = 0x04,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a,
    RTC_B = 0x0b,
    RTC_CENTURY = 0x32,
};

#define A_UPDATING 0x80
#define B_SET      0x80 /* no updates */
#define B_BINARY   0x04
#define B_24_HOURS 0x02
#define HOUR_PM    0x80

#define TRIES        100
#define UPDATE_READS 10000 /* an update takes 2 ms at most; a read takes about 1 us */

/* --- the calendar -------------------------------------------------------------------------- */

#define DAY_SECONDS 86400

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint8_t month_days(int32_t year, uint8_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return (uint8_t)(days[month - 1] + (month == 2 && is_leap(year)));
}

bool civil_valid(const struct civil *civil)
{
    return civil->year >= 1970 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 &&
           civil->day >= 1 && civil->day <= month_days(civil->year, civil->month) &&
           civil->hour < 24 && civil->minute < 60 && civil->second < 60;
}

/* Days from 1970-01-01 to the first of March of a year: the leap day is the last of its year. */
static int64_t days_to_march(int64_t year)
{
    return 365 * year + year / 4 - year / 100 + year / 400 - 719468;
}

int64_t civil_to_seconds(const struct civil *civil)
{
    bool is_before_march = civil->month < 3;
    int64_t year = civil->year - is_before_march;
    int64_t month = civil->month + (is_before_march ? 9 : -3); /* from March */
    int64_t days = days_to_march(year) + (153 * month + 2) / 5 + civil->day - 1;
    return days * DAY_SECONDS + civil->hour * 3600 + civil->minute * 60 + civil->second;
}

struct civil civil_from_seconds(int64_t seconds)
{
    int64_t days = seconds / DAY_SECONDS;
    int32_t rest = (int32_t)(seconds % DAY_SECONDS);
    struct civil civil = {.year = (int32_t)(1970 + days / 366),
                          .month = 1,
                          .hour = (uint8_t)(rest / 3600),
                          .minute = (uint8_t)(rest / 60 % 60),
                          .second = (uint8_t)(rest % 60)};
    struct civil next = {.year = civil.year + 1, .month = 1, .day = 1};
    while (civil_to_seconds(&next) <= seconds) {
        civil.year = next.year++;
    }
    struct civil first = {.year = civil.year, .month = 1, .day = 1};
    int64_t left = days - civil_to_seconds(&first) / DAY_SECONDS;
    while (left >= month_days(civil.year, civil.month)) {
        left -= month_days(civil.year, civil.month++);
    }
    civil.day = (uint8_t)(left + 1);
    return civil;
}

/* --- the registers ------------------------------------------------------------------------- */

static uint8_t get(const struct rtc *rtc, uint8_t index)
{
    return rtc->read(rtc->context, index);
}

static int from_bcd(uint8_t value, bool is_binary)
{
    if (is_binary) {
        return value;
    }
    return (value & 15) > 9 || value >> 4 > 9 ? -1 : (value >> 4) * 10 + (value & 15);
}

static uint8_t to_bcd(int value, bool is_binary)
{
    return (uint8_t)(is_binary ? value : value / 10 << 4 | value % 10);
}

static bool update_wait(const struct rtc *rtc)
{
    for (int i = 0; i < UPDATE_READS; i++) {
        if ((get(rtc, RTC_A) & A_UPDATING) == 0) {
            return true;
        }
    }
    return false;
}

struct registers {
    uint8_t second, minute, hour, day, month, year, century;
};

static struct registers registers_read(const struct rtc *rtc)
{
    return (struct registers){get(rtc, RTC_SECOND), get(rtc, RTC_MINUTE), get(rtc, RTC_HOUR),
                              get(rtc, RTC_DAY),    get(rtc, RTC_MONTH),  get(rtc, RTC_YEAR),
                              get(rtc, RTC_CENTURY)};
}

static bool is_same(const struct registers *a, const struct registers *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day && a->month == b->month && a->year == b->year &&
           a->century == b->century;
}

/* 0 to 23, or -1. */
static int hour_of(uint8_t value, bool is_binary, bool is_24_hours)
{
    int hour = from_bcd(is_24_hours ? value : value & (uint8_t)~HOUR_PM, is_binary);
    if (is_24_hours || hour < 1 || hour > 12) {
        return is_24_hours ? hour : -1;
    }
    return hour % 12 + ((value & HOUR_PM) != 0 ? 12 : 0);
}

/* Without a century that makes sense the years are 1970 to 2069. */
static int year_of(const struct registers *registers, bool is_binary)
{
    int year = from_bcd(registers->year, is_binary);
    int century = from_bcd(registers->century, is_binary);
    if (century < 19 || century > 99) {
        century = year < 70 ? 20 : 19;
    }
    return year < 0 || year > 99 ? -1 : century * 100 + year;
}

static int seconds_of(const struct registers *registers, uint8_t b, int64_t *ret_seconds)
{
    bool is_binary = (b & B_BINARY) != 0;
    int fields[] = {from_bcd(registers->month, is_binary), from_bcd(registers->day, is_binary),
                    hour_of(registers->hour, is_binary, (b & B_24_HOURS) != 0),
                    from_bcd(registers->minute, is_binary), from_bcd(registers->second, is_binary)};
    for (int i = 0; i < 5; i++) {
        if (fields[i] < 0 || fields[i] > 99) {
            return -ENODEV;
        }
    }
    struct civil civil = {.year = year_of(registers, is_binary),
                          .month = (uint8_t)fields[0],
                          .day = (uint8_t)fields[1],
                          .hour = (uint8_t)fields[2],
                          .minute = (uint8_t)fields[3],
                          .second = (uint8_t)fields[4]};
    if (!civil_valid(&civil)) {
        return -ENODEV;
    }
    *ret_seconds = civil_to_seconds(&civil);
    return 0;
}

/* Read twice with the same result, as an update may come between any two reads. */
int rtc_read(const struct rtc *rtc, int64_t *ret_seconds)
{
    for (int i = 0; i < TRIES; i++) {
        if (!update_wait(rtc)) {
            return -EBUSY;
        }
        struct registers first = registers_read(rtc);
        struct registers second = registers_read(rtc);
        if (is_same(&first, &second)) {
            return seconds_of(&first, get(rtc, RTC_B), ret_seconds);
        }
    }
    return -EBUSY;
}

int rtc_write(const struct rtc *rtc, int64_t seconds)
{
    struct civil civil = civil_from_seconds(seconds);
    if (seconds < RTC_SECONDS_MIN || seconds > RTC_SECONDS_MAX) {
        return -EINVAL;
    }
    if (!update_wait(rtc)) {
        return -EBUSY;
    }
    uint8_t b = get(rtc, RTC_B);
    bool is_binary = (b & B_BINARY) != 0;
    int hour = civil.hour;
    uint8_t pm = 0;
    if ((b & B_24_HOURS) == 0) {
        pm = hour >= 12 ? HOUR_PM : 0;
        hour = hour % 12 == 0 ? 12 : hour % 12;
    }
    const struct {
        uint8_t index, value;
    } writes[] = {
        {RTC_B, b | B_SET},
        {RTC_SECOND, to_bcd(civil.second, is_binary)},
        {RTC_MINUTE, to_bcd(civil.minute, is_binary)},
        {RTC_HOUR, to_bcd(hour, is_binary) | pm},
        {RTC_DAY, to_bcd(civil.day, is_binary)},
        {RTC_MONTH, to_bcd(civil.month, is_binary)},
        {RTC_YEAR, to_bcd(civil.year % 100, is_binary)},
        {RTC_CENTURY, to_bcd(civil.year / 100, is_binary)},
        {RTC_B, b & (uint8_t)~B_SET},
    };
    for (unsigned i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        rtc->write(rtc->context, writes[i].index, writes[i].value);
    }
    return 0;
}
