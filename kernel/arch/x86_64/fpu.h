/* SPDX-License-Identifier: MIT */
/* FPU and SIMD state: none until a thread's first use, then saved and restored at every switch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct user_frame;

/* The current thread used the FPU without having state (#NM): gives it a fresh one. False if there
 * is no memory. */
bool x86_fpu_first_use(void);

/* A #DB of the current thread: what EXCEPTION_DEBUG says as its code. */
uint64_t x86_debug_met(struct user_frame *frame);
