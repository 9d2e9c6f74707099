/* SPDX-License-Identifier: MIT */
/* The register frame is plain C: the fake CPU has the registers of the real one. */
#pragma once

#include "../../../../kernel/arch/x86_64/include/arch_impl/frame.h"

static inline uint64_t frame_argument(const struct user_frame *frame, unsigned n)
{
    const uint64_t arguments[6] = {frame->rdi, frame->rsi, frame->rdx,
                                   frame->r10, frame->r8,  frame->r9};
    return arguments[n];
}
