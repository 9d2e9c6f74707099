/* SPDX-License-Identifier: MIT */
#include "entropy.h"
#include <quay/clock.h>

#define CPUID_FEATURES 1
#define ECX_RDRAND     (1u << 30)
#define RDRAND_TRIES   10 /* Intel SDM Vol. 1, 7.3.17.1 */

static bool cpu_number(uint64_t *ret_number)
{
    for (int i = 0; i < RDRAND_TRIES; i++) {
        uint64_t number;
        uint8_t is_there;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(number), "=qm"(is_there) : : "cc");
        if (is_there) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

const struct entropy_source *entropy_machine_find(void)
{
    static const struct entropy_source with = {.time = qy_tsc_read, .cpu = cpu_number};
    static const struct entropy_source without = {.time = qy_tsc_read};
    uint32_t eax = CPUID_FEATURES, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ecx & ECX_RDRAND) != 0 ? &with : &without;
}
