/* SPDX-License-Identifier: MIT */
/* What servers tell that is of no file, process or signal. */
#pragma once

#include <quay/syscall.h>

/* Random bytes if there are some without waiting; else `bytes` stay as they are. */
void posix_random_early(uint8_t *bytes, size_t size);
