/* SPDX-License-Identifier: MIT */
/* Sizes and times as people read them. */
#include "command.h"
#include <quay/text.h>

#define TEXTS_KEPT 4

static char *text_next(void)
{
    static char texts[TEXTS_KEPT][24];
    static unsigned next;
    return texts[next++ % TEXTS_KEPT];
}

const char *text_bytes(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char *text = text_next();
    unsigned unit = 0;
    uint64_t scale = 1;
    while (unit < 4 && bytes / scale >= 1024) {
        scale *= 1024;
        unit++;
    }
    if (unit == 0) {
        (void)qy_snprintf(text, 24, "%lu B", bytes); /* fits */
    } else {
        uint64_t tenths = bytes / scale * 10 + bytes % scale * 10 / scale;
        (void)qy_snprintf(text, 24, "%lu.%lu %s", tenths / 10, tenths % 10, units[unit]);
    }
    return text;
}

const char *text_duration(uint64_t nanoseconds)
{
    static const struct {
        uint64_t scale;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};
    char *text = text_next();
    for (int i = 0; i < 3; i++) {
        uint64_t scale = units[i].scale;
        if (nanoseconds >= scale) {
            uint64_t thousandths = nanoseconds / (scale / 1000);
            (void)qy_snprintf(text, 24, "%lu.%03lu %s", thousandths / 1000, thousandths % 1000,
                              units[i].unit); /* fits */
            return text;
        }
    }
    (void)qy_snprintf(text, 24, "%lu ns", nanoseconds); /* fits */
    return text;
}
