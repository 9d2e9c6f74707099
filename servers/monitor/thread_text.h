/* SPDX-License-Identifier: MIT */
/* What a thread does, in words. */
#pragma once

#include <quay/abi/system_info.h>

static inline const char *thread_state_text(uint8_t state)
{
    static const char *const texts[] = {
        "new",     "running", "ready",  "receiving", "queued",   "calling",
        "waiting", "locked",  "kernel", "dead",      "sleeping",
    };
    return state < sizeof texts / sizeof texts[0] ? texts[state] : "?";
}
