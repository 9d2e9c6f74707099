/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/features.h"
#include "arch/x86_64/instructions.h"

#define XCR0_X87 (1ul << 0)
#define XCR0_SSE (1ul << 1)
#define XCR0_AVX (1ul << 2)

#define FXSAVE_BYTES 512

struct smap_site {
    uint8_t *code;
    uint64_t kind; /* 0 CLAC, 1 STAC */
};

extern const struct smap_site smap_sites_start[], smap_sites_end[];

struct x86_features x86_features;

/* State components that we let programs use, and what one saved state takes then (SDM Vol. 1,
 * 13.2; the size in ebx of leaf 0xd is that of the components enabled in XCR0). */
static void xsave_probe(void)
{
    const struct cpuid leaf = cpuid(0xd, 0);

    x86_features.xsave_mask = leaf.eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
    x86_features.fpu_bytes = FXSAVE_BYTES + 64;
    if (x86_features.xsave_mask & XCR0_AVX) {
        const struct cpuid avx = cpuid(0xd, 2); /* eax: size, ebx: offset */
        x86_features.fpu_bytes = avx.eax + avx.ebx;
    }
}

/* SDM Vol. 2A, CPUID; extended leaves also AMD APM Vol. 3, appendix E. */
void x86_features_probe(void)
{
    struct x86_features *f = &x86_features;
    const struct cpuid one = cpuid(1, 0);
    const uint32_t extended = cpuid(0x80000000, 0).eax;

    f->global_pages = one.edx >> 13 & 1;
    f->fxsave = one.edx >> 24 & 1;
    f->xsave = one.ecx >> 26 & 1;
    if (cpuid(0, 0).eax >= 7) {
        const struct cpuid seven = cpuid(7, 0);
        f->smep = seven.ebx >> 7 & 1;
        f->smap = seven.ebx >> 20 & 1;
        f->umip = seven.ecx >> 2 & 1;
    }
    if (extended >= 0x80000001) {
        const struct cpuid leaf = cpuid(0x80000001, 0);
        f->syscall = leaf.edx >> 11 & 1;
        f->nx = leaf.edx >> 20 & 1;
        f->huge_pages = leaf.edx >> 26 & 1;
    }
    f->fpu_bytes = FXSAVE_BYTES;
    if (f->xsave) {
        xsave_probe();
    }
}

void x86_features_enable(void)
{
    const struct x86_features *f = &x86_features;
    uint64_t cr4 = cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT;

    cr4 |= f->global_pages ? CR4_PGE : 0;
    cr4 |= f->smep ? CR4_SMEP : 0;
    cr4 |= f->smap ? CR4_SMAP : 0;
    cr4 |= f->umip ? CR4_UMIP : 0;
    cr4 |= f->xsave ? CR4_OSXSAVE : 0;
    cr4_write(cr4);
    if (f->xsave) {
        __asm__ volatile("xsetbv"
                         :
                         : "c"(0), "a"((uint32_t)f->xsave_mask),
                           "d"((uint32_t)(f->xsave_mask >> 32)));
    }
    cr0_write(cr0_read() | CR0_TS); /* nobody has FPU state yet */
}

void x86_smap_patch(void)
{
    static const uint8_t codes[2] = {0xca, 0xcb}; /* clac, stac: 0f 01 xx */
    const struct smap_site *site;

    if (!x86_features.smap) {
        return;
    }
    for (site = smap_sites_start; site < smap_sites_end; site++) {
        site->code[1] = 0x01;
        site->code[2] = codes[site->kind];
    }
}
