/* SPDX-License-Identifier: MIT */
/* What this CPU can do, asked of CPUID once, on the first CPU; all CPUs are taken to be alike. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct x86_features {
    bool nx, syscall;
    bool smep, smap, umip, global_pages, huge_pages; /* huge: 1 GiB */
    bool fxsave, xsave;
    uint64_t xsave_mask; /* XCR0 */
    uint32_t fpu_bytes;  /* of one saved state */
};

extern struct x86_features x86_features;

void x86_features_probe(void);

/* Turns on, on this CPU, what was found. */
void x86_features_enable(void);

/* Puts CLAC and STAC where the entry code wants them; while text is still writable. */
void x86_smap_patch(void);
