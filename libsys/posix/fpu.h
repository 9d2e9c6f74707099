/* SPDX-License-Identifier: MIT */
/*
 * The guest's vector registers. The layer itself is compiled not to use any, so they are the
 * guest's all the time; they are saved for a signal's frame and for a fork.
 */
#pragma once

#include <quay/syscall.h>

#define POSIX_FPU_MAX                                                                              \
    1024ul /* x87, SSE and AVX: what the kernel switches; no page more per fork                    \
            */

struct posix_fpu {
    _Alignas(64) uint8_t area[POSIX_FPU_MAX];
};

/* Bytes of the XSAVE area here, and what of it is saved; mask 0: FXSAVE. */
uint32_t posix_fpu_size(void);
uint32_t posix_fpu_mask(void);

void posix_fpu_save(struct posix_fpu *fpu);
void posix_fpu_load(const struct posix_fpu *fpu);

/* As a program finds them. */
void posix_fpu_reset(void);

/* On the guest's memory, 64-byte aligned: 0 or -EFAULT. */
QY_MUST_USE int64_t posix_fpu_save_guest(uint64_t area);
QY_MUST_USE int64_t posix_fpu_load_guest(uint64_t area);

/* CPUID leaf 1, edx: AT_HWCAP. */
uint32_t posix_cpu_features(void);
