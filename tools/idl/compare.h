/* SPDX-License-Identifier: MIT */
/* Whether programs made from an older form of an interface understand the newer one. */
#pragma once

#include "memory.h"

enum compared {
    COMPARED_SAME,
    COMPARED_GROWN,       /* something was added that older programs need not know */
    COMPARED_INCOMPATIBLE /* something that they rely on is different */
};

/* Compares two summaries (outputs.h); tells every difference, a line each, in *report. */
enum compared compare_summaries(const char *before, const char *now, struct text *report);
