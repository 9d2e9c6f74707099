/* SPDX-License-Identifier: MIT */
/* A few KiB of physical memory for parsers that read it through a function. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/pvh.h"

#define MEMORY_SIZE 0x4000u

static uint8_t x_memory[MEMORY_SIZE];

/* The last piece read is a copy that ends where its allocation ends, so that a read beyond what was
 * asked for is found. A few are kept, because callers hold two at a time. */
static const void *memory_read(struct paddr address, uint64_t size)
{
    static void *copies[4];
    static unsigned next;
    void **copy = &copies[next++ % 4];

    if (address.value > MEMORY_SIZE || size > MEMORY_SIZE - address.value) {
        return NULL;
    }
    free(*copy);
    *copy = malloc(size != 0 ? size : 1);
    memcpy(*copy, x_memory + address.value, size);
    return *copy;
}

static void memory_put(uint64_t address, const void *data, size_t size)
{
    memcpy(x_memory + address, data, size);
}
