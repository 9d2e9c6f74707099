/* SPDX-License-Identifier: MIT */
/* What the fake CPU keeps of a thread beside its frame: the bases, and who plays its user mode. */
#pragma once

#include <stdint.h>

struct fake_thread;

struct arch_thread {
    uint64_t fs_base, gs_base;
    void *fpu_state;           /* NULL until the first use */
    struct redirect *redirect; /* NULL: off */
    uint64_t breakpoints[4];
    struct fake_thread *fake; /* made by arch_thread_init, see fake.h */
};
