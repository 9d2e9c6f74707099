/* SPDX-License-Identifier: MIT */
/* FPU and SIMD state: none until a thread's first use, then saved and restored at every switch. */
#pragma once

#include <stdbool.h>

/* The current thread used the FPU without having state (#NM): gives it a fresh one. False if there
 * is no memory. */
bool x86_fpu_first_use(void);
