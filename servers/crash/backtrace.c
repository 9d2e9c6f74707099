/* SPDX-License-Identifier: MIT */
#include "backtrace.h"
#include <quay/abi/memory.h>

static bool is_code(uint64_t address)
{
    return address >= USER_BASE && address < USER_LIMIT;
}

uint32_t backtrace(const struct thread_registers *registers, enum backtrace_top top,
                   memory_read_fn *read, void *context, uint64_t ret_addresses[BACKTRACE_MAX])
{
    uint64_t words[2], frame = registers->rbp;
    uint32_t count = 0;
    ret_addresses[count++] = registers->rip;
    if (top != BACKTRACE_FRAME && read(context, registers->rsp, words, sizeof words)) {
        uint64_t address = words[top == BACKTRACE_PUSHED];
        if (is_code(address)) {
            ret_addresses[count++] = address;
        }
    }
    /* Frames lie one above the other, so that this ends. */
    while (count < BACKTRACE_MAX && frame % sizeof frame == 0 &&
           read(context, frame, words, sizeof words) && is_code(words[1])) {
        ret_addresses[count++] = words[1];
        if (words[0] <= frame) {
            break;
        }
        frame = words[0];
    }
    return count;
}
