/* SPDX-License-Identifier: MIT */
#include "fpu.h"
#include "access.h"
#include "guest.h"

#define CPUID_OSXSAVE   (1u << 27)
#define STATE_LEGACY    3u
#define CONTROL_INITIAL 0x37fu
#define MXCSR_INITIAL   0x1f80u
#define MXCSR_OFFSET    24u
#define LEAF_XSAVE      13
#define FXSAVE_BYTES    512u
#define HEADER_OFFSET   512u /* of XSAVE: has to be zero where the CPU does not write it */
#define HEADER_BYTES    64u

static void cpuid(uint32_t leaf, uint32_t words[4])
{
    __asm__("cpuid"
            : "=a"(words[0]), "=b"(words[1]), "=c"(words[2]), "=d"(words[3])
            : "a"(leaf), "c"(0));
}

uint32_t posix_cpu_features(void)
{
    uint32_t words[4];

    cpuid(1, words);
    return words[3];
}

static bool has_xsave(void)
{
    uint32_t words[4];

    cpuid(1, words);
    return (words[2] & CPUID_OSXSAVE) != 0;
}

uint32_t posix_fpu_mask(void)
{
    uint32_t low, high;

    if (!has_xsave()) {
        return 0;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

uint32_t posix_fpu_size(void)
{
    uint32_t words[4];

    if (!has_xsave()) {
        return FXSAVE_BYTES;
    }
    cpuid(LEAF_XSAVE, words);
    return words[1];
}

/* Of what a fork saves; beyond the area it would be x87 and SSE only. */
static uint32_t copy_mask(void)
{
    const uint32_t mask = posix_fpu_mask();

    return posix_fpu_size() <= POSIX_FPU_MAX ? mask : mask & STATE_LEGACY;
}

void posix_fpu_save(struct posix_fpu *fpu)
{
    const uint64_t area = (uint64_t)(uintptr_t)fpu->area;

    for (uint32_t i = 0; i < HEADER_BYTES; i++) {
        fpu->area[HEADER_OFFSET + i] = 0;
    }
    (void)posix_access_fpu_save(area, copy_mask(), 0); /* our memory */
}

void posix_fpu_load(const struct posix_fpu *fpu)
{
    (void)posix_access_fpu_load((uint64_t)(uintptr_t)fpu->area, copy_mask(), 0);
}

void posix_fpu_reset(void)
{
    /* Of XSAVE: nothing but initial values. */
    static const struct posix_fpu initial = {.area = {[0] = CONTROL_INITIAL & 0xff,
                                                      [1] = CONTROL_INITIAL >> 8,
                                                      [MXCSR_OFFSET] = MXCSR_INITIAL & 0xff,
                                                      [MXCSR_OFFSET + 1] = MXCSR_INITIAL >> 8}};

    posix_fpu_load(&initial);
}

int64_t posix_fpu_save_guest(uint64_t area)
{
    const uint32_t mask = posix_fpu_mask();

    if (area % 64 != 0 || !guest_may(area, posix_fpu_size())) {
        return -EFAULT;
    }
    if (mask != 0 && guest_zero(area + HEADER_OFFSET, HEADER_BYTES) < 0) {
        return -EFAULT;
    }
    return guest_access(area, mask, 0, posix_access_fpu_save);
}

int64_t posix_fpu_load_guest(uint64_t area)
{
    if (area % 64 != 0 || !guest_may(area, posix_fpu_size())) {
        return -EFAULT;
    }
    return guest_access(area, posix_fpu_mask(), 0, posix_access_fpu_load);
}
