/* SPDX-License-Identifier: MIT */
/* The wall clock, for programs that have a session of the name service. */
#pragma once

#include <stdint.h>

/* Nanoseconds since 1970: the kernel's clock and what the server `time` says is to be added to it,
 * read from its page. As long as there is no such server, nanoseconds since the start; it is looked
 * for again, at most once a second and for some milliseconds. */
int64_t qy_wall_now(void);
