/* SPDX-License-Identifier: MIT */
/* The upcalls themselves are declared in arch/upcalls.h. */
#pragma once

/* Makes ready what the upcalls allocate from; before any user thread runs. */
void upcalls_init(void);
