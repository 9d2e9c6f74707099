/* SPDX-License-Identifier: MIT */
/* The counter protocol: the smallest useful server. Answers begin with a status word. */
#pragma once

#include <quay/abi/types.h>

/* increment: payload = struct counter_increment. Answer: struct counter_value, after it. */
#define COUNTER_INCREMENT 1u
struct counter_increment {
    uint64_t by;
};

/* read: no payload. Answer: struct counter_value. */
#define COUNTER_READ 2u
struct counter_value {
    uint64_t value;
};

_Static_assert(sizeof(struct counter_increment) == 8, "counter_increment layout");
_Static_assert(sizeof(struct counter_value) == 8, "counter_value layout");
