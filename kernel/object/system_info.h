/* SPDX-License-Identifier: MIT */
/* What the kernel tells about itself: <quay/abi/system_info.h> describes topics and records. */
#pragma once

#include <stdint.h>
#include "lib/compiler.h"

struct boot_info;

#define SYSTEM_INFO_CAPACITY 4096u

/* Once at boot: where the sizes of the image come from. */
void system_info_init(const struct boot_info *info);

/* Writes records of a topic, from the cursor on, into `buffer` (SYSTEM_INFO_CAPACITY bytes, may be
 * changed by others at any time, never read). How many, and the next cursor, 0 at the end; -EINVAL
 * for an unknown topic. A bounded number of steps. */
MUST_USE int64_t system_info_write(uint32_t topic, uint64_t cursor, void *buffer,
                                   uint64_t *ret_cursor);
